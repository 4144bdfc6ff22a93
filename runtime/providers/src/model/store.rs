//! The model's file: locked while it is used, replaced as a whole, and never overwritten when it
//! is not one of ours.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use super::world::{WORLD_FORMAT, World};

/// What stands in the way of keeping a model in a file.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot read the model `{}`", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{}` is no model of a swarm: {reason}; remove it or name another file", path.display())]
    Broken { path: PathBuf, reason: String },
    #[error("`{}` has the format `{format}`, and this build reads `{WORLD_FORMAT}`; name another file", path.display())]
    Foreign { path: PathBuf, format: String },
    #[error("cannot write the model `{}`", path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the system gives no random bytes for a new swarm")]
    NoRandomness,
}

#[derive(Debug)]
pub(crate) struct Store {
    path: PathBuf,
    /// Of the file as it was last read or written here.
    stamp: Option<Stamp>,
}

/// Tells one version of a file from the next.
type Stamp = (Option<SystemTime>, u64, u64);

/// Holds other processes off until it is dropped.
#[derive(Debug)]
pub(crate) struct Hold {
    _file: File,
}

#[derive(Deserialize)]
struct Head {
    format: String,
}

impl Store {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path, stamp: None }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file was neither read nor written yet.
    pub(crate) const fn is_new(&self) -> bool {
        self.stamp.is_none()
    }

    /// Waits until no other process uses the file.
    pub(crate) fn hold(&self) -> Result<Hold, StoreError> {
        let lock = self.beside("lock");
        let folder = self.path.parent().map_or(Ok(()), fs::create_dir_all);
        let file = folder.and_then(|()| {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&lock)?;
            file.lock()?;
            Ok(file)
        });
        file.map(|file| Hold { _file: file })
            .map_err(|source| StoreError::Unwritable { path: lock, source })
    }

    /// The world in the file, unless it is the one that was last seen here.
    pub(crate) fn newer(&mut self) -> Result<Option<World>, StoreError> {
        let unreadable = |source| StoreError::Unreadable {
            path: self.path.clone(),
            source,
        };
        let stamp = match fs::metadata(&self.path) {
            Ok(metadata) => stamp(&metadata),
            Err(e) if e.kind() == io::ErrorKind::NotFound && self.stamp.is_none() => {
                return Ok(None);
            }
            Err(e) => return Err(unreadable(e)),
        };
        if self.stamp == Some(stamp) {
            return Ok(None);
        }
        let bytes = fs::read(&self.path).map_err(unreadable)?;
        let world = self.parse(&bytes)?;
        self.stamp = Some(stamp);
        Ok(Some(world))
    }

    fn parse(&self, bytes: &[u8]) -> Result<World, StoreError> {
        let broken = |reason: String| StoreError::Broken {
            path: self.path.clone(),
            reason,
        };
        let head: Head = serde_json::from_slice(bytes).map_err(|e| broken(e.to_string()))?;
        if head.format != WORLD_FORMAT {
            return Err(StoreError::Foreign {
                path: self.path.clone(),
                format: head.format,
            });
        }
        let world: World = serde_json::from_slice(bytes).map_err(|e| broken(e.to_string()))?;
        world.check().map_err(broken)?;
        Ok(world)
    }

    /// Replaces the file. Only its owner can read it: it holds the key of the fingerprints.
    pub(crate) fn write(&mut self, world: &World) -> Result<(), StoreError> {
        // Should the write fail half way, the file decides what is true.
        self.stamp = None;
        let new = self.beside("new");
        let written = replace(&self.path, &new, world);
        let metadata = written.map_err(|source| StoreError::Unwritable {
            path: self.path.clone(),
            source,
        })?;
        self.stamp = Some(stamp(&metadata));
        Ok(())
    }

    fn beside(&self, extension: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(extension);
        name.into()
    }
}

fn replace(path: &Path, new: &Path, world: &World) -> io::Result<Metadata> {
    let bytes = serde_json::to_vec_pretty(world)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(new)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(new, path)?;
    fs::metadata(path)
}

fn stamp(metadata: &Metadata) -> Stamp {
    #[cfg(unix)]
    let file = std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    let file = 0;
    (metadata.modified().ok(), metadata.len(), file)
}
