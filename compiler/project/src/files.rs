//! Where a project's files are read from.

use std::path::Path;

use skep_compiler::source::File;

use crate::disk;
use crate::error::ProjectError;
use crate::git::Revision;

/// The largest file that is read, in bytes.
pub(crate) const MAX_BYTES: u64 = 16 << 20;

/// The most files a pattern may look at.
pub(crate) const MAX_FILES: usize = 100_000;

/// A state of the project.
#[derive(Debug)]
pub(crate) enum Files<'p> {
    /// As it is on the disk, under this folder.
    Disk(&'p Path),
    /// As it was committed.
    Revision(Revision),
}

impl Files<'_> {
    pub(crate) fn read(&self, path: &str) -> Result<File, ProjectError> {
        match self {
            Self::Disk(root) => Ok(disk::read(root, path)),
            Self::Revision(revision) => revision.read(path),
        }
    }

    /// The files that a pattern of `include` fits, sorted.
    pub(crate) fn matching(&self, pattern: &str) -> Result<Vec<String>, ProjectError> {
        match self {
            Self::Disk(root) => disk::matching(root, pattern),
            Self::Revision(revision) => revision.matching(pattern),
        }
    }
}

pub(crate) fn too_large() -> File {
    File::Unreadable(format!("it is larger than {} MiB", MAX_BYTES >> 20))
}
