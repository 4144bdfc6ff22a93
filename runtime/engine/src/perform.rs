//! Doing what was asked for: under the lock, on the record, and only as long as the lock is ours.

mod lock;

use std::collections::BTreeMap;
use std::time::Duration;

use skep_schema::address::Address;
use skep_schema::change::ChangeSet;
use skep_schema::digest::DigestText;
use skep_schema::event::{APPLY_FORMAT, ApplyReport, Event, Outcome, Timestamp};
use skep_schema::plan::{Fingerprints, Plan};
use skep_schema::revision::{Ending, Purpose, REVISION_FORMAT, Revision};
use tokio::sync::mpsc;

use crate::apply::Limits;
use crate::drive::{Look, Watch, drive, look_back};
use crate::guard::{Refusal, Scope};
use crate::journal::Journal;
use crate::lock::{Fence, Held, Holder, Lease};
use crate::provider::{Kept, ProviderError};
use crate::records::Home;

/// What is to be done.
pub struct Work<'a> {
    pub plan: &'a Plan,
    pub purpose: Purpose,
    /// The revision that is gone back to: what it recorded is recorded again.
    pub origin: Option<&'a Revision>,
    /// What of it is done.
    pub scope: Scope,
    /// Refuses what is seen when the lock is ours: it may be other than what was shown before.
    pub allow: Allow<'a>,
}

/// Refuses what a look shows, or not.
pub type Allow<'a> = &'a (dyn Fn(&Look, &Journal) -> Result<(), Refusal> + Send + Sync);

/// Who does it, and how.
pub struct Hand<'a> {
    /// Whom history names, `ann@laptop`.
    pub by: String,
    /// The holder of one lease, for a purpose such as `apply`.
    pub holder: &'a (dyn Fn(&str) -> Holder + Send + Sync),
    /// Whether a holder is known to live no more.
    pub is_gone: &'a (dyn Fn(&Holder) -> bool + Send + Sync),
    /// It goes on while the machine sleeps.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
    /// How long to wait for somebody else who has the lock.
    pub patience: Duration,
    pub limits: Limits,
    /// Called once, before the first change: from then on nothing may be cut short but by a message, see
    /// [`Watch`].
    pub cancel: &'a mut (dyn FnMut() -> mpsc::Receiver<()> + Send),
    pub tell: &'a mut (dyn FnMut(Told<'_>) + Send),
}

/// What becomes true while something is done.
#[derive(Debug)]
pub enum Told<'a> {
    /// Somebody else has the lock, and it is waited for; told once.
    Waiting(&'a Held),
    /// These changes begin, as the revision of this number.
    Begun(u32, &'a ChangeSet),
    Event(Timestamp, &'a Event),
    /// History is a help, not a condition: an apply goes on without it.
    Unrecorded(&'a ProviderError),
    /// The lock was not given back, and runs out by itself.
    Unreleased(&'a ProviderError),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub report: ApplyReport,
    /// Nothing where there was nothing to do, or it is missing from the history.
    pub revision: Option<u32>,
    /// Nodes whose own new form did not work.
    pub failed: BTreeMap<Address, DigestText>,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PerformError {
    #[error("{} has the lock", .0.holder.who)]
    Locked(Box<Held>),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Target(#[from] ProviderError),
}

impl std::fmt::Debug for Work<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Work")
            .field("stack", &self.plan.stack)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Hand<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hand")
            .field("by", &self.by)
            .field("patience", &self.patience)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Makes the key that secrets need, takes the lock, looks once more, and applies what is seen
/// then.
///
/// # Errors
/// Nothing was changed: somebody has the lock, the work refuses what is seen, or the target could not
/// be asked.
pub async fn perform(
    home: &dyn Home,
    work: &Work<'_>,
    hand: &mut Hand<'_>,
) -> Result<Done, PerformError> {
    home.prepare().await?;
    let lease = lock::lock(home, word(work.purpose), hand).await?;
    let clock = hand.clock;
    let done = lease.during(clock, locked(home, &lease, work, hand)).await;
    if let Err(error) = leave(home, lease, work.purpose, &done).await {
        (hand.tell)(Told::Unreleased(&error));
    }
    done
}

const fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Apply => "apply",
        Purpose::Rollback(_) => "rollback",
        Purpose::Destroy => "destroy",
    }
}

async fn locked(
    home: &dyn Home,
    lease: &Lease<'_>,
    work: &Work<'_>,
    hand: &mut Hand<'_>,
) -> Result<Done, PerformError> {
    let (seen, journal) = look_back(home, work.plan).await?;
    let seen = work.scope.of(seen)?;
    (work.allow)(&seen, &journal)?;
    let kept = match work.purpose {
        Purpose::Apply | Purpose::Rollback(_) => journal.kept(&seen.plan),
        Purpose::Destroy => Kept::new(),
    };
    if seen.changes.is_empty() {
        if work.purpose == Purpose::Destroy {
            home.collect(&seen.plan, &kept).await?;
        }
        return Ok(Done {
            report: nothing(&seen.changes),
            revision: None,
            failed: BTreeMap::new(),
        });
    }
    let fence = Fence {
        inner: home,
        lease,
        clock: hand.clock,
    };
    let revision = revision(&journal, &seen, work, hand);
    let begun = fence.guarded(Box::pin(journal.begin(home, &revision)));
    let begun = begun
        .await
        .map_err(|error| (hand.tell)(Told::Unrecorded(&error)))
        .ok();
    (hand.tell)(Told::Begun(revision.number, &seen.changes));
    let report = driven(&fence, &seen, &kept, hand).await;
    let ending = Ending::of(&report, &seen.changes, (hand.clock)());
    let recorded = begun.is_some();
    if let Some(begun) = begun
        && let Err(error) = fence
            .guarded(Box::pin(journal.end(home, begun, &ending)))
            .await
    {
        (hand.tell)(Told::Unrecorded(&error));
    }
    Ok(Done {
        report,
        revision: recorded.then_some(revision.number),
        failed: ending.failed,
    })
}

async fn driven(
    fence: &Fence<'_, dyn Home + '_>,
    seen: &Look,
    kept: &Kept,
    hand: &mut Hand<'_>,
) -> ApplyReport {
    let mut cancel = (hand.cancel)();
    let told = &mut *hand.tell;
    let mut tell = |at: Timestamp, event: &Event| told(Told::Event(at, event));
    let watch = Watch {
        start: (hand.clock)(),
        cancel: &mut cancel,
        tell: &mut tell,
        kept,
    };
    drive(fence, &seen.plan, &seen.changes, hand.limits, watch).await
}

fn revision(journal: &Journal, seen: &Look, work: &Work<'_>, hand: &Hand<'_>) -> Revision {
    let prints = &seen.inventory.fingerprints;
    let origin = work.origin;
    let plan = origin.map_or(work.plan, |origin| &origin.plan);
    let secrets = origin.map_or(&prints.secrets, |origin| &origin.secrets);
    Revision {
        format: REVISION_FORMAT.to_owned(),
        number: journal.next(),
        begun: (hand.clock)(),
        by: hand.by.clone(),
        purpose: work.purpose,
        summary: seen.changes.summary.clone(),
        plan: plan.clone(),
        secrets: secrets.clone(),
        env: variables(prints),
    }
}

fn variables(prints: &Fingerprints) -> BTreeMap<Address, BTreeMap<String, String>> {
    let mut by_node: BTreeMap<Address, BTreeMap<String, String>> = BTreeMap::new();
    for ((address, variable), print) in &prints.env {
        let node = by_node.entry(address.clone()).or_default();
        node.insert(variable.clone(), print.clone());
    }
    by_node
}

/// After a destroy nothing is left to lock or to go back to.
async fn leave(
    home: &dyn Home,
    lease: Lease<'_>,
    purpose: Purpose,
    done: &Result<Done, PerformError>,
) -> Result<(), ProviderError> {
    let gone = done
        .as_ref()
        .is_ok_and(|done| done.report.outcome == Outcome::Done);
    if purpose == Purpose::Destroy && gone {
        Journal::clear(home).await?;
        return lease.remove().await;
    }
    lease.release().await
}

/// The report of an apply that had nothing to do.
pub fn nothing(changes: &ChangeSet) -> ApplyReport {
    ApplyReport {
        format: APPLY_FORMAT.to_owned(),
        stack: changes.stack.clone(),
        id: changes.id.clone(),
        outcome: Outcome::Done,
        millis: 0,
        nodes: BTreeMap::new(),
    }
}
