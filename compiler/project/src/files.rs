//! Where a project's files are read from.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use skep_compiler::source::{File, matches};

use crate::disk;
use crate::error::ProjectError;
use crate::git::Revision;

/// The largest file that is read, in bytes.
pub(crate) const MAX_BYTES: u64 = 16 << 20;

/// The most files a pattern may look at.
pub(crate) const MAX_FILES: usize = 100_000;

/// Texts that are open in an editor, by their path in the project.
pub(crate) type Open = BTreeMap<String, Arc<[u8]>>;

/// A state of the project.
#[derive(Debug)]
pub(crate) enum Files<'p> {
    /// As it is on the disk, under this folder.
    Disk(&'p Path),
    /// The same, but for what is open in an editor.
    Edited(&'p Path, &'p Open),
    /// As it was committed.
    Revision(Revision),
}

impl Files<'_> {
    pub(crate) fn read(&self, path: &str) -> Result<File, ProjectError> {
        match self {
            Self::Disk(root) => Ok(disk::read(root, path)),
            Self::Edited(root, open) => Ok(match open.get(path) {
                Some(text) => File::Bytes(Arc::clone(text)),
                None => disk::read(root, path),
            }),
            Self::Revision(revision) => revision.read(path),
        }
    }

    /// A file that a person named: of the project, or from anywhere else on the disk.
    pub(crate) fn anywhere(&self, path: &str) -> Result<File, ProjectError> {
        match self {
            Self::Disk(root) => Ok(disk::read_anywhere(root, path)),
            Self::Edited(root, open) => Ok(match open.get(path) {
                Some(text) => File::Bytes(Arc::clone(text)),
                None => disk::read_anywhere(root, path),
            }),
            Self::Revision(revision) => revision.read(path),
        }
    }

    /// The project's folder.
    pub(crate) fn root(&self) -> &Path {
        match self {
            Self::Disk(root) | Self::Edited(root, _) => root,
            Self::Revision(revision) => revision.root(),
        }
    }

    /// The files that a pattern of `include` fits, sorted.
    pub(crate) fn matching(&self, pattern: &str) -> Result<Vec<String>, ProjectError> {
        match self {
            Self::Disk(root) => disk::matching(root, pattern),
            Self::Edited(root, open) => {
                let mut found = disk::matching(root, pattern)?;
                let new = open.keys().filter(|path| matches(pattern, path));
                found.extend(new.cloned());
                found.sort();
                found.dedup();
                Ok(found)
            }
            Self::Revision(revision) => revision.matching(pattern),
        }
    }
}

pub(crate) fn too_large() -> File {
    File::Unreadable(format!("it is larger than {} MiB", MAX_BYTES >> 20))
}
