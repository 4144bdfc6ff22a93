//! A branch of a git repository, asked again and again, and compiled when it moved.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use skep_project::{Mirror, ProjectError, Since};
use skep_schema::module::{CommitId, ModuleName};
use skep_schema::plan::Plan;
use tokio::sync::Notify;
use tokio::time::sleep;

use super::{Desired, Origin, SourceError, Wanted, lacks_modules, tell};
use crate::clock::now;
use crate::settings::GitSource;
use crate::stack::Voice;

/// After a failure it is asked again sooner, and then less and less often.
const SOON: Duration = Duration::from_secs(5);

/// However often somebody says that it moved, it is not asked more often than this.
const PAUSE: Duration = Duration::from_secs(1);

/// A branch as it was seen last.
pub(super) struct Branch {
    folder: PathBuf,
    name: ModuleName,
    wanted: Wanted,
    /// The commit that was looked at last, whatever it was worth.
    seen: Option<CommitId>,
    /// What could not be read before is tried again.
    failed: bool,
}

pub(super) async fn follow(
    source: GitSource,
    state: &Path,
    wanted: Wanted,
    voice: Voice,
    poke: &Notify,
) {
    let folder = copy_of(&wanted.stack, state);
    let mut branch = Branch::new(folder, source.module, wanted);
    let mut failures = 0;
    loop {
        let again = branch.again();
        let looked = tokio::task::spawn_blocking(move || {
            let outcome = branch.look();
            (branch, outcome)
        });
        let (next, outcome) = looked.await.unwrap_or_else(|error| {
            let gave_up = Err(SourceError::GaveUp(error.to_string()));
            (again, Some(gave_up))
        });
        branch = next;
        if let Some(outcome) = outcome {
            tell(&voice, outcome).await;
        }
        failures = if branch.failed { failures + 1 } else { 0 };
        sleep(PAUSE).await;
        tokio::select! {
            () = poke.notified() => {}
            () = sleep(pause(source.every, failures)) => {}
        }
    }
}

/// Where the copy of a stack's repository is.
pub(super) fn copy_of(stack: &str, state: &Path) -> PathBuf {
    state.join("git").join(stack)
}

/// How long it is until the next look.
fn pause(every: Duration, failures: u32) -> Duration {
    match failures {
        0 => every,
        n => (SOON * 2_u32.saturating_pow(n.min(10) - 1)).min(every),
    }
}

impl Branch {
    pub(super) const fn new(folder: PathBuf, name: ModuleName, wanted: Wanted) -> Self {
        Self {
            folder,
            name,
            wanted,
            seen: None,
            failed: false,
        }
    }

    fn again(&self) -> Self {
        Self {
            seen: self.seen.clone(),
            failed: true,
            ..Self::new(self.folder.clone(), self.name.clone(), self.wanted.clone())
        }
    }

    /// Compiles what the branch is now when it moved, or when it could not be read before.
    pub(super) fn look(&mut self) -> Option<Result<Desired, SourceError>> {
        let outcome = self.moved().transpose();
        let error = outcome.as_ref().and_then(|outcome| outcome.as_ref().err());
        self.failed = error.is_some_and(SourceError::may_pass);
        if let Some(SourceError::Unreadable(ProjectError::Git { .. })) = error {
            // The copy cannot be read, as after a power loss; the next look begins anew.
            drop(std::fs::remove_dir_all(&self.folder));
        }
        outcome
    }

    fn moved(&mut self) -> Result<Option<Desired>, SourceError> {
        let mirror = Mirror::open(&self.folder, self.name.clone())?;
        if !self.failed && self.seen.is_some() && self.seen == Some(mirror.ask()?) {
            return Ok(None);
        }
        let before = mirror.followed()?;
        let commit = mirror.fetch()?;
        self.seen = Some(commit.clone());
        let mut instead = None;
        if let Some(before) = before
            && mirror.since(&before, &commit)? == Since::Rewritten
        {
            instead = Some(before);
        }
        Ok(Some(Desired {
            plan: self.compile(&mirror, &commit)?,
            origin: Origin {
                what: self.name.to_string(),
                revision: Some(commit),
                instead,
                at: now(),
            },
        }))
    }

    fn compile(&self, mirror: &Mirror, commit: &CommitId) -> Result<Arc<Plan>, SourceError> {
        let inputs = || self.wanted.inputs.clone();
        let mut compiled = mirror.compile(commit, inputs())?;
        if lacks_modules(&compiled) && mirror.fetch_pinned(commit, inputs())? {
            compiled = mirror.compile(commit, inputs())?;
        }
        self.wanted.plan(compiled)
    }
}
