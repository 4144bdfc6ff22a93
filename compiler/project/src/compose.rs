//! Compose files as a project, or as part of one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use skep_compiler::source::{Derived, File, LOCK, ROOT, SourceSet};
use skep_compiler::syntax::{self, Scalar};
use skep_compose::{Purpose, Request, derive, variables};
use skep_schema::plan::name_prefix;
use skep_schema::span::FileId;

use crate::error::ProjectError;
use crate::files::Files;

/// Rounds of reading: files include and extend others. What is wanted after them counts as absent.
const MAX_ROUNDS: usize = 32;

/// The file beside a compose file from which variables get values.
const ENV: &str = ".env";

/// Compose files that are a project as they are, and how they are to be read.
#[derive(Clone, Debug, Default)]
pub struct ComposeFiles {
    /// Each is laid over those before it.
    pub files: Vec<PathBuf>,
    /// The name of the stack. Without one it is called as docker calls it: as the files say, or as
    /// the folder of the first.
    pub stack: Option<String>,
    /// Services that have profiles are there when one of these is among them.
    pub profiles: BTreeSet<String>,
    /// The file of variables, instead of the `.env` beside the first file.
    pub env_file: Option<PathBuf>,
}

/// The same, by their way from the folder of the first file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compose {
    files: Vec<String>,
    stack: Option<String>,
    profiles: BTreeSet<String>,
    env_file: String,
}

impl Compose {
    /// The folder of the first of some files, and the files as a project in it.
    ///
    /// # Errors
    /// One of them is not there.
    pub(crate) fn of(given: &ComposeFiles) -> Result<(PathBuf, Self), ProjectError> {
        let (folder, files) = beside(&given.files)?;
        let env_file = match &given.env_file {
            Some(path) => relative(&folder, &whole(path)?),
            None => ENV.to_owned(),
        };
        let compose = Self {
            files,
            stack: given.stack.clone(),
            profiles: given.profiles.clone(),
            env_file,
        };
        Ok((folder, compose))
    }

    pub(crate) fn files(&self) -> &[String] {
        &self.files
    }

    /// Makes the spec of the project, where that was not done yet.
    pub(crate) fn begin(&self, files: &Files<'_>, set: &mut SourceSet) -> Result<(), ProjectError> {
        if set.derived.contains_key(ROOT) {
            return Ok(());
        }
        let root = files.root();
        let name = root.file_name().map(|name| name.to_string_lossy());
        let request = Request {
            stack: self.stack.clone(),
            fallback: name.unwrap_or_default().to_lowercase(),
            compose: self.files.clone(),
            profiles: self.profiles.clone(),
            purpose: Purpose::Project {
                folder: Some(root.display().to_string()),
            },
            ..Request::default()
        };
        let derived = read(request, &self.env_file, |path| files.anywhere(path))?;
        put(set, ROOT, derived);
        Ok(())
    }
}

/// Makes the spec of a compose file that is included.
pub(crate) fn include(
    files: &Files<'_>,
    set: &mut SourceSet,
    path: &str,
) -> Result<(), ProjectError> {
    let file = files.read(path)?;
    set.files.insert(path.to_owned(), file.clone());
    if !matches!(file, File::Bytes(_)) {
        return Ok(());
    }
    let environment = set.inputs.environment.as_deref();
    let project = project_of(set, path).unwrap_or_default();
    let request = Request {
        stack: Some(name_prefix(&project, environment)),
        compose: vec![path.to_owned()],
        purpose: Purpose::Part,
        ..Request::default()
    };
    let env = path.rsplit_once('/');
    let env = env.map_or(ENV.to_owned(), |(folder, _)| format!("{folder}/{ENV}"));
    let derived = read(request, &env, |path| files.read(path))?;
    put(set, path, derived);
    Ok(())
}

fn read(
    mut request: Request,
    env: &str,
    file: impl Fn(&str) -> Result<File, ProjectError>,
) -> Result<Derived, ProjectError> {
    request.adopt = true;
    let found = file(env)?;
    if let File::Bytes(bytes) = &found {
        request.variables = variables(&String::from_utf8_lossy(bytes));
    }
    request.files.insert(env.to_owned(), found);
    let mut round = 0;
    loop {
        let wanted = match derive(&request) {
            Ok(derived) => return Ok(derived),
            Err(wanted) => wanted,
        };
        for path in wanted {
            let found = if round < MAX_ROUNDS {
                file(&path)?
            } else {
                File::Absent
            };
            request.files.insert(path, found);
        }
        round += 1;
    }
}

/// The spec, and the files it names that lie elsewhere.
fn put(set: &mut SourceSet, path: &str, derived: Derived) {
    for (here, from) in derived.copies.iter().filter(|(here, from)| here != from) {
        let file = derived.read.get(from).cloned().unwrap_or_default();
        set.files.insert(here.clone(), file);
    }
    set.derived.insert(path.to_owned(), derived.into());
}

/// The name of the project that a file belongs to.
fn project_of(set: &SourceSet, path: &str) -> Option<String> {
    let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
    let roots = folders.rev().map(|folder| format!("{folder}/{ROOT}"));
    let mut roots = roots.chain([ROOT.to_owned()]);
    let text = roots.find_map(|root| set.text(&root))?;
    let parsed = syntax::parse(FileId(0), text.into());
    let first = parsed.document.roots().next()?;
    match first.args().next()?.value() {
        Scalar::Str(name) => Some(name.to_owned()),
        Scalar::Int(_) | Scalar::Float(..) | Scalar::Bool(_) | Scalar::Null => None,
    }
}

/// Whether the disk has something else to say of a path than what is known by it.
pub(crate) fn is_elsewhere(set: &SourceSet, path: &str) -> bool {
    let mut copies = set.derived.values().map(|derived| &derived.copies);
    copies.any(|copies| copies.get(path).is_some_and(|from| from != path))
}

/// Every path that was read for what was derived.
pub(crate) fn paths(set: &SourceSet) -> impl Iterator<Item = &str> {
    let read = set.derived.values().flat_map(|derived| derived.read.keys());
    read.map(String::as_str).filter(|path| *path != LOCK)
}

/// Forgets what was derived from a file, which is another one now. Whether anything was.
pub(crate) fn forget(set: &mut SourceSet, path: &str) -> bool {
    let known = set.derived.len();
    set.derived
        .retain(|_, derived| !derived.read.contains_key(path));
    set.derived.len() < known
}

/// The folder of the first of some files, and the way from there to each of them.
///
/// # Errors
/// One of them is not there.
pub fn beside(paths: &[PathBuf]) -> Result<(PathBuf, Vec<String>), ProjectError> {
    let all = paths.iter().map(|path| whole(path));
    let all = all.collect::<Result<Vec<_>, _>>()?;
    let first = all.first().and_then(|path| path.parent());
    let folder = first.unwrap_or(Path::new("/")).to_owned();
    let names = all.iter().map(|path| relative(&folder, path)).collect();
    Ok((folder, names))
}

/// A path from the top of the disk, free of links.
fn whole(path: &Path) -> Result<PathBuf, ProjectError> {
    let found = path.canonicalize();
    found.map_err(|source| ProjectError::unreadable(path, source))
}

/// A path as it is seen from a folder, both whole.
fn relative(folder: &Path, path: &Path) -> String {
    let shared = folder
        .components()
        .zip(path.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = folder.components().skip(shared).map(|_| "..".to_owned());
    let down = path.components().skip(shared);
    let down = down.map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}
