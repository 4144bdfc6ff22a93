//! Modules as this machine keeps them: a file each, under what its content hashes to.
//!
//! What does not hash to its name is not used, so it matters little who else writes here. Files are
//! put in place whole: two projects may fill the cache at once.

use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use skep_compiler::source::Module;
use skep_schema::module::{Tree, TreeDigest};

use crate::error::ProjectError;

/// The largest module that is kept, in bytes of its encoded form.
pub(crate) const MAX_MODULE: u64 = 32 << 20;

/// No fetch takes as long, so what is older belongs to none.
const ABANDONED: Duration = Duration::from_hours(24);

#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// `$XDG_CACHE_HOME/skep/modules`, or the same below `~/.cache`.
    pub(crate) fn of_user() -> Option<Self> {
        let folder = |name: &str| {
            let path = PathBuf::from(std::env::var_os(name)?);
            path.is_absolute().then_some(path)
        };
        let base = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
        Some(Self {
            folder: base.join("skep").join("modules"),
        })
    }

    /// A module, if what is there is what the digest says.
    pub(crate) fn read(&self, digest: &TreeDigest) -> Module {
        let mut bytes = Vec::new();
        let read = std::fs::File::open(self.path(digest))
            .and_then(|file| file.take(MAX_MODULE + 1).read_to_end(&mut bytes));
        match read {
            Err(error) if error.kind() == ErrorKind::NotFound => return Module::Absent,
            Err(_) => return Module::Damaged,
            Ok(_) => {}
        }
        if TreeDigest::of_bytes(&bytes) != *digest {
            return Module::Damaged;
        }
        Tree::decode(&bytes).map_or(Module::Damaged, Module::Files)
    }

    /// Keeps a module.
    pub(crate) fn put(&self, tree: &Tree) -> Result<TreeDigest, ProjectError> {
        let bytes = tree.encode();
        let digest = TreeDigest::of_bytes(&bytes);
        let beside = self.unique("new")?;
        let written = std::fs::write(&beside, &bytes)
            .and_then(|()| std::fs::rename(&beside, self.path(&digest)));
        written.map_err(|source| {
            drop(std::fs::remove_file(&beside));
            ProjectError::Unwritable {
                path: self.path(&digest),
                source,
            }
        })?;
        Ok(digest)
    }

    /// A path in the cache that nobody else has, in a folder that is there.
    pub(crate) fn unique(&self, what: &str) -> Result<PathBuf, ProjectError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        std::fs::create_dir_all(&self.folder).map_err(|source| ProjectError::Unwritable {
            path: self.folder.clone(),
            source,
        })?;
        self.sweep();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!(".{what}-{}-{number}", std::process::id());
        Ok(self.folder.join(name))
    }

    /// Takes away what fetches left that were killed.
    fn sweep(&self) {
        let Ok(entries) = self.folder.read_dir() else {
            return;
        };
        for entry in entries.flatten() {
            let is_ours = entry.file_name().as_encoded_bytes().starts_with(b".");
            let age = entry.metadata().and_then(|data| data.modified());
            let age = age.ok().and_then(|time| time.elapsed().ok());
            if is_ours && age.is_some_and(|age| age > ABANDONED) {
                drop(std::fs::remove_dir_all(entry.path()));
                drop(std::fs::remove_file(entry.path()));
            }
        }
    }

    fn path(&self, digest: &TreeDigest) -> PathBuf {
        self.folder.join(digest.hex())
    }
}
