//! Reads what an import wants.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use skep_compiler::source::File;
use skep_compose::{Imported, Request, import, variables};

use crate::exit::Exit;
use crate::failure::Failure;

/// Rounds of importing and reading: files include and extend others, which are wanted then.
const MAX_ROUNDS: usize = 32;
/// Larger files are not read: neither compose files nor configs may be.
const MAX_BYTES: u64 = 16 << 20;

/// The folder of the first compose file, at which all paths begin.
#[derive(Debug)]
pub(crate) struct Files {
    folder: PathBuf,
}

impl Files {
    /// The folder of the first of some files, and the files relative to it.
    pub(crate) fn beside(paths: &[PathBuf]) -> Result<(Self, Vec<String>), Failure> {
        let (folder, names) = skep_project::beside(paths)?;
        Ok((Self { folder }, names))
    }

    /// A path as an import names it, on the disk.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    pub(crate) fn folder_name(&self) -> String {
        let name = self.folder.file_name().map(|name| name.to_string_lossy());
        name.unwrap_or_default().to_lowercase()
    }

    /// The variables of a file, or of the `.env` that is there by chance.
    pub(crate) fn variables(
        &self,
        file: Option<&Path>,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let usual = self.folder.join(".env");
        match std::fs::read_to_string(file.unwrap_or(&usual)) {
            Ok(text) => Ok(variables(&text)),
            Err(_) if file.is_none() => Ok(BTreeMap::new()),
            Err(error) => Err(Failure::file(file.unwrap_or(&usual), &error)),
        }
    }

    fn read(&self, path: &str) -> File {
        let path = self.at(path);
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() => File::Unreadable("it is a folder".to_owned()),
            Ok(found) if found.len() > MAX_BYTES => File::Unreadable("it is too large".to_owned()),
            Ok(_) => match std::fs::read(&path) {
                Ok(bytes) => File::Bytes(bytes.into()),
                Err(error) => File::Unreadable(error.kind().to_string()),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => File::Absent,
            Err(error) => File::Unreadable(error.kind().to_string()),
        }
    }
}

/// Imports and reads what is wanted, until nothing is.
pub(crate) fn gather(files: &Files, mut request: Request) -> Result<Imported, Failure> {
    for _ in 0..MAX_ROUNDS {
        let imported = import(&request);
        if imported.wanted.is_empty() {
            return Ok(imported);
        }
        for path in imported.wanted {
            let file = files.read(&path);
            request.files.insert(path, file);
        }
    }
    Err(
        Failure::new(Exit::Failed, "the files want more and more files")
            .help("look at what they include and extend"),
    )
}
