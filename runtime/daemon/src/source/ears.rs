//! Hears that something in some folders was written, by the system's own word.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init, remove_watch};
use tokio::net::unix::pipe::Receiver;

/// A file that was written and closed, appeared, went away or got another mode, and a folder that is
/// not there any more. What is only read or still being written is nothing to hear of.
const WRITTEN: WatchFlags = WatchFlags::CLOSE_WRITE
    .union(WatchFlags::MOVE)
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

#[derive(Debug)]
pub(super) struct Ears {
    /// A queue of words about files, which is read like a pipe: bytes come as things happen.
    queue: Receiver,
    folders: BTreeMap<PathBuf, i32>,
    /// Whether all folders that were wanted are listened to.
    whole: bool,
}

impl Ears {
    pub(super) fn open() -> io::Result<Self> {
        let queue = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        Ok(Self {
            queue: Receiver::from_owned_fd_unchecked(queue)?,
            folders: BTreeMap::new(),
            whole: true,
        })
    }

    /// Listens to these folders and to no others. One that was replaced is listened to anew.
    pub(super) fn listen(&mut self, wanted: &BTreeSet<PathBuf>) {
        let queue = &self.queue;
        let gone: Vec<PathBuf> = self
            .folders
            .keys()
            .filter(|f| !wanted.contains(*f))
            .cloned()
            .collect();
        for folder in gone {
            if let Some(number) = self.folders.remove(&folder) {
                // The system has forgotten it already when the folder is gone.
                let _ = remove_watch(queue, number);
            }
        }
        self.whole = true;
        for folder in wanted {
            match add_watch(queue, folder, WRITTEN) {
                Ok(number) => drop(self.folders.insert(folder.clone(), number)),
                Err(_) => self.whole = false,
            }
        }
    }

    /// Whether nothing can be missed.
    pub(super) const fn hear_all(&self) -> bool {
        self.whole
    }

    /// Waits until something was written, and forgets what else was heard meanwhile.
    pub(super) async fn hear(&self) -> io::Result<()> {
        loop {
            self.queue.readable().await?;
            if self.drain()? {
                return Ok(());
            }
        }
    }

    /// Takes all that is waiting. Whether that was anything.
    fn drain(&self) -> io::Result<bool> {
        let mut any = false;
        let mut words = [0; 4096];
        loop {
            match self.queue.try_read(&mut words) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => any = true,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(any),
                Err(error) => return Err(error),
            }
        }
    }
}
