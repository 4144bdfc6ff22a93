//! The socket's file: whose it is, who may open it, and what becomes of one that a dead daemon left.

use std::fs::{Metadata, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use super::ListenError;

/// Its owner and its group.
const MODE: u32 = 0o660;

/// The socket's file, for as long as it is listened at.
#[derive(Debug)]
pub(crate) struct Bound {
    path: PathBuf,
    /// Device and number: what tells this file from one that took its place.
    file: (u64, u64),
}

impl Drop for Bound {
    fn drop(&mut self) {
        let is_ours = std::fs::symlink_metadata(&self.path).is_ok_and(|at| id(&at) == self.file);
        if is_ours {
            // Whoever starts next replaces it.
            std::fs::remove_file(&self.path).ok();
        }
    }
}

fn id(file: &Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

/// Listens at a path. The file gets its group and mode under another name, and its own name last, so
/// that at no time anybody else can open it.
pub(super) async fn bind(
    path: &Path,
    group: Option<&str>,
) -> Result<(UnixListener, Bound), ListenError> {
    clear(path).await?;
    let gid = group.map(gid).transpose()?;
    let new = beside(path);
    let failed = |source| ListenError::Bind {
        place: path.display().to_string(),
        source,
    };
    remove(&new).map_err(failed)?;
    let listener = UnixListener::bind(&new).map_err(failed)?;
    let file = settle(&new, path, gid).map_err(failed)?;
    let path = path.to_owned();
    Ok((listener, Bound { path, file }))
}

fn settle(new: &Path, path: &Path, gid: Option<u32>) -> std::io::Result<(u64, u64)> {
    std::fs::set_permissions(new, Permissions::from_mode(0o600))?;
    if gid.is_some() {
        std::os::unix::fs::chown(new, None, gid)?;
    }
    std::fs::set_permissions(new, Permissions::from_mode(MODE))?;
    let file = id(&std::fs::symlink_metadata(new)?);
    std::fs::rename(new, path)?;
    Ok(file)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Refuses a path that somebody answers at, or that is a file of another kind. A socket at which nobody
/// listens is a dead daemon's.
async fn clear(path: &Path) -> Result<(), ListenError> {
    match std::fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(at) if !at.file_type().is_socket() => Err(ListenError::NoSocket(path.to_owned())),
        Ok(_) => match UnixStream::connect(path).await {
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => Ok(()),
            Ok(_) | Err(_) => Err(ListenError::Alive(path.to_owned())),
        },
    }
}

/// The number of a group of this machine's own files.
fn gid(name: &str) -> Result<u32, ListenError> {
    let path = Path::new("/etc/group");
    let text = std::fs::read_to_string(path).map_err(|source| ListenError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let found = text.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_named = fields.next() == Some(name);
        is_named.then(|| fields.nth(1)?.parse().ok()).flatten()
    });
    found.ok_or_else(|| ListenError::Group(name.to_owned()))
}
