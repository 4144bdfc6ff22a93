//! Files as they are on the disk, never outside the project.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use skep_compiler::source::{File, matches};

use crate::error::ProjectError;
use crate::files::{MAX_BYTES, MAX_FILES, too_large};

/// A file of the project, or of another one that is named by its way from here: `../db/skep.kdl`. Links
/// are followed as long as they stay inside.
pub(crate) fn read(root: &Path, path: &str) -> File {
    match try_read(root, path) {
        Ok(file) => file,
        Err(error) if is_absent(&error) => File::Absent,
        Err(error) => File::Unreadable(error.to_string().to_lowercase()),
    }
}

/// A file by its way from the project, wherever that leads.
pub(crate) fn read_anywhere(root: &Path, path: &str) -> File {
    match root
        .join(path)
        .canonicalize()
        .and_then(|real| regular(&real))
    {
        Ok(file) => file,
        Err(error) if is_absent(&error) => File::Absent,
        Err(error) => File::Unreadable(error.to_string().to_lowercase()),
    }
}

/// Puts a text in the place of a file at once, so that nobody ever reads half of it. A file that is
/// there keeps its permissions.
pub(crate) fn replace(path: &Path, text: &str) -> Result<(), ProjectError> {
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let known = std::fs::metadata(path).ok();
    let written = std::fs::write(&beside, text)
        .and_then(|()| match known {
            Some(known) => std::fs::set_permissions(&beside, known.permissions()),
            None => Ok(()),
        })
        .and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|source| {
        drop(std::fs::remove_file(&beside));
        ProjectError::Unwritable {
            path: path.to_owned(),
            source,
        }
    })
}

/// Replaces a file of the project that still holds what was read. A link stays one.
pub(crate) fn rewrite(
    root: &Path,
    path: &str,
    before: &str,
    after: &str,
) -> Result<(), ProjectError> {
    let real = root
        .join(path)
        .canonicalize()
        .map_err(|source| ProjectError::unreadable(&root.join(path), source))?;
    if read(root, path) != File::Bytes(before.as_bytes().into()) {
        return Err(ProjectError::Changed { path: real });
    }
    replace(&real, after)
}

/// [`replace`] where the folder may have to be made first.
pub(crate) fn put(path: &Path, text: &str) -> Result<(), ProjectError> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(|source| ProjectError::Unwritable {
        path: folder.to_owned(),
        source,
    })?;
    replace(path, text)
}

fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn try_read(root: &Path, path: &str) -> io::Result<File> {
    let Some(inside) = boundary(root, path) else {
        return Ok(File::Unreadable(
            "only projects of one git repository can import each other".to_owned(),
        ));
    };
    let real = root.join(path).canonicalize()?;
    if !real.starts_with(inside) {
        let whole = if inside == root {
            "project"
        } else {
            "repository"
        };
        return Ok(File::Unreadable(format!("it leads outside the {whole}")));
    }
    regular(&real)
}

fn regular(real: &Path) -> io::Result<File> {
    let known = real.metadata()?;
    if known.is_dir() {
        return Ok(File::Unreadable("it is a folder".to_owned()));
    }
    // A pipe or a device would be waited for, or read, without end.
    if !known.is_file() {
        return Ok(File::Unreadable("it is no regular file".to_owned()));
    }
    // With room to see the end in one go: it may have grown since.
    let room = usize::try_from(known.len().min(MAX_BYTES)).unwrap_or(0) + 1;
    let mut bytes = Vec::with_capacity(room);
    std::fs::File::open(real)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > MAX_BYTES {
        too_large()
    } else {
        File::Bytes(bytes.into())
    })
}

/// What a path cannot leave: the project, or for one that begins with `..`, the work tree of git that
/// it is in. Nothing where there is none.
fn boundary<'p>(root: &'p Path, path: &str) -> Option<&'p Path> {
    if path.starts_with("../") {
        root.ancestors().find(|folder| folder.join(".git").exists())
    } else {
        Some(root)
    }
}

/// The files a pattern fits. Hidden folders are not looked into, links to folders not followed.
pub(crate) fn matching(root: &Path, pattern: &str) -> Result<Vec<String>, ProjectError> {
    let folder = root.join(fixed_folder(pattern));
    let is_inside = boundary(root, pattern)
        .zip(folder.canonicalize().ok())
        .is_some_and(|(inside, folder)| folder.starts_with(inside));
    if !is_inside {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let mut looked_at = 0;
    let mut open = vec![fixed_folder(pattern)];
    while let Some(folder) = open.pop() {
        for (name, is_folder) in entries(&root.join(&folder))? {
            looked_at += 1;
            if looked_at > MAX_FILES {
                return Err(ProjectError::TooManyFiles {
                    pattern: pattern.to_owned(),
                    limit: MAX_FILES,
                });
            }
            let path = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            if is_folder {
                open.push(path);
            } else if matches(pattern, &path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The folders in which a pattern looks. Beyond some thousands none is told, and what cannot be read is
/// left out.
pub(crate) fn folders(root: &Path, pattern: &str) -> Vec<PathBuf> {
    const MOST: usize = 4_000;
    let mut found = Vec::new();
    let mut open = vec![root.join(fixed_folder(pattern))];
    while let Some(folder) = open.pop() {
        let inside = entries(&folder).unwrap_or_default().into_iter();
        let inside = inside.filter(|(_, is_folder)| *is_folder);
        open.extend(inside.map(|(name, _)| folder.join(name)));
        found.push(folder);
        if found.len() >= MOST {
            break;
        }
    }
    found
}

/// The folders at the start of a pattern that hold no `*`: nothing outside them can match.
fn fixed_folder(pattern: &str) -> String {
    let parts: Vec<&str> = pattern.split('/').collect();
    let folders = parts[..parts.len() - 1]
        .iter()
        .take_while(|part| !part.contains('*'));
    folders.copied().collect::<Vec<_>>().join("/")
}

/// Names in a folder, and whether each is a folder. Hidden ones and names that are no text are
/// left out, since no pattern could mean them.
fn entries(folder: &Path) -> Result<Vec<(String, bool)>, ProjectError> {
    let unreadable = |source| ProjectError::unreadable(folder, source);
    let listed = match folder.read_dir() {
        Ok(listed) => listed,
        Err(error) if is_absent(&error) => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut all = Vec::new();
    for entry in listed {
        let entry = entry.map_err(unreadable)?;
        let is_folder = entry.file_type().map_err(unreadable)?.is_dir();
        match entry.file_name().into_string() {
            Ok(name) if !name.starts_with('.') => all.push((name, is_folder)),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(all)
}
