//! A folder of this machine, looked at whenever something in it is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use skep_project::{Project, ProjectError, Watch};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::ears::Ears;
use super::{Desired, Origin, SourceError, Wanted, lacks_modules, tell};
use crate::clock::now;
use crate::stack::Voice;

/// Nothing may be written for so long before anything is compiled: an editor's save and a checkout are
/// many writes.
const QUIET: Duration = Duration::from_millis(300);

/// Whoever writes without end is not waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between looks where the system does not tell of everything, and where it does: file systems that are
/// shared between machines tell of nothing.
const LOOK: Duration = Duration::from_secs(5);
const LOOK_ANYWAY: Duration = Duration::from_mins(1);

/// The folder as it was looked at last.
pub(super) struct Directory {
    /// As it was named: it may be a link that comes to lead elsewhere.
    folder: PathBuf,
    wanted: Wanted,
    watch: Option<Watch>,
    /// What could not be read before is tried again.
    failed: bool,
}

pub(super) async fn follow(folder: PathBuf, wanted: Wanted, voice: Voice, poke: &Notify) {
    let mut directory = Directory::new(folder, wanted);
    let mut ears = Ears::open().ok();
    loop {
        let (folder, wanted) = (directory.folder.clone(), directory.wanted.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let outcome = directory.look();
            let folders = directory.folders();
            (directory, outcome, folders)
        });
        let (next, outcome, folders) = looked.await.unwrap_or_else(|error| {
            let gave_up = Err(SourceError::GaveUp(error.to_string()));
            (
                Directory::new(folder, wanted),
                Some(gave_up),
                BTreeSet::new(),
            )
        });
        directory = next;
        let is_new = outcome.is_some();
        if let Some(outcome) = outcome {
            tell(&voice, outcome).await;
        }
        if let Some(ears) = &mut ears {
            ears.listen(&folders);
        }
        // What was written while it was compiled is seen by a second look.
        let pause = if is_new { QUIET } else { pause(ears.as_ref()) };
        if wait(ears.as_ref(), poke, pause).await {
            directory.doubt();
        }
    }
}

fn pause(ears: Option<&Ears>) -> Duration {
    match ears {
        Some(ears) if ears.hear_all() => LOOK_ANYWAY,
        Some(_) | None => LOOK,
    }
}

/// Waits for a word or for the time. Whether there was one.
async fn wait(ears: Option<&Ears>, poke: &Notify, pause: Duration) -> bool {
    let heard = async {
        match ears {
            Some(ears) if ears.hear().await.is_ok() => {}
            // Deaf ears hear nothing, and the time comes all the same.
            Some(_) | None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = heard => true,
        () = poke.notified() => true,
        () = sleep(pause) => false,
    }
}

impl Directory {
    pub(super) const fn new(folder: PathBuf, wanted: Wanted) -> Self {
        Self {
            folder,
            wanted,
            watch: None,
            failed: false,
        }
    }

    /// The next look compares every byte.
    pub(super) fn doubt(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.doubt();
        }
    }

    /// Folders in which something could be written that matters, and the one in which the folder itself
    /// could be replaced.
    fn folders(&self) -> BTreeSet<PathBuf> {
        let mut folders = self.watch.as_ref().map(Watch::folders).unwrap_or_default();
        folders.extend(self.folder.parent().map(Path::to_owned));
        if self.folder.is_dir() {
            folders.insert(self.folder.clone());
        }
        folders
    }

    /// Compiles the folder when something in it is another than before; nothing otherwise. It waits until
    /// the folder is quiet.
    pub(super) fn look(&mut self) -> Option<Result<Desired, SourceError>> {
        let outcome = match self.changed() {
            Ok(false) => return None,
            Ok(true) => self.settle().and_then(|()| self.compile()),
            Err(error) => Err(error),
        };
        self.failed = outcome.as_ref().is_err_and(SourceError::may_pass);
        Some(outcome)
    }

    fn changed(&mut self) -> Result<bool, SourceError> {
        let root = self.project()?;
        match &mut self.watch {
            Some(watch) if watch.project().root() == root.root() => {
                let again = watch.read_again()?;
                Ok(again || self.failed)
            }
            Some(_) | None => {
                let inputs = self.wanted.inputs.clone();
                self.watch = Some(Watch::of(root, inputs)?);
                Ok(true)
            }
        }
    }

    fn project(&mut self) -> Result<Project, SourceError> {
        let found = project_in(&self.folder);
        if found.is_err() {
            self.watch = None;
        }
        found
    }

    /// Waits until nothing is written any more, and nobody is in the middle of a checkout.
    fn settle(&mut self) -> Result<(), SourceError> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            std::thread::sleep(QUIET);
            let is_written = self.watch.as_mut().map_or(Ok(false), Watch::read_again)?;
            if !is_written && !is_checked_out(&self.folder) {
                break;
            }
        }
        Ok(())
    }

    fn compile(&mut self) -> Result<Desired, SourceError> {
        let watch = self.watch.as_mut().expect("it was looked at just now");
        let mut compiled = watch.load()?;
        if lacks_modules(&compiled) && watch.fetch_pinned()? {
            compiled = watch.load()?;
        }
        Ok(Desired {
            plan: self.wanted.plan(compiled)?,
            origin: Origin {
                what: self.folder.display().to_string(),
                revision: None,
                instead: None,
                at: now(),
            },
        })
    }
}

/// The project in the very folder, and in none above it.
pub(super) fn project_in(folder: &Path) -> Result<Project, SourceError> {
    let none = || SourceError::NoProject(folder.display().to_string());
    match Project::find(folder) {
        Ok(project)
            if folder
                .canonicalize()
                .is_ok_and(|real| real == project.root()) =>
        {
            Ok(project)
        }
        Ok(_) | Err(ProjectError::None { .. }) => Err(none()),
        Err(error) => Err(error.into()),
    }
}

/// Whether git is writing the work tree that the folder is in.
fn is_checked_out(folder: &Path) -> bool {
    let mut above = folder.ancestors().map(|folder| folder.join(".git"));
    let repository = above.find(|git| git.is_dir());
    repository.is_some_and(|git| git.join("index.lock").exists())
}
