//! Doing what was agreed to: under the lock, on the record, and only as long as the lock is ours.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use skep_engine::apply::Limits;
use skep_engine::drive::{Look, Watch, drive, settle};
use skep_engine::journal::Journal;
use skep_engine::lock::{Fence, Held, Lease, LockError, take};
use skep_engine::provider::{Kept, ProviderError};
use skep_engine::records::Home;
use skep_schema::address::Address;
use skep_schema::change::ChangeSet;
use skep_schema::event::{APPLY_FORMAT, ApplyReport, Event, Outcome, Timestamp};
use skep_schema::plan::{Fingerprints, Plan};
use skep_schema::revision::{Ending, Purpose, REVISION_FORMAT, Revision};

use super::{Connection, Manner, Session, holder};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::time::ago;

/// What is to be done.
pub(crate) struct Work<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) purpose: Purpose,
    /// The revision that is gone back to: what it recorded is recorded again.
    pub(crate) origin: Option<&'a Revision>,
    /// Refuses what is seen when the lock is ours: it may be other than what was shown before.
    pub(crate) allow: &'a dyn Fn(&Look, &Journal) -> Result<(), Failure>,
}

impl Work<'_> {
    const fn word(&self) -> &'static str {
        match self.purpose {
            Purpose::Apply => "apply",
            Purpose::Rollback(_) => "rollback",
            Purpose::Destroy => "destroy",
        }
    }
}

impl Session<'_> {
    /// Makes the key that secrets need, takes the lock, looks once more, and applies what is seen
    /// then.
    pub(crate) fn perform(
        &self,
        target: &Connection,
        manner: &Manner,
        work: &Work<'_>,
    ) -> Result<ApplyReport, Failure> {
        target.runtime.block_on(async {
            let home = target.home.as_ref();
            home.prepare().await?;
            let lease = lock(home, work.word(), manner.lock_timeout).await?;
            let done = lease
                .during(now, self.locked(home, &lease, manner, work))
                .await;
            if let Err(error) = leave(home, lease, work.purpose, &done).await {
                eprintln!("warning: the lock was not given back and runs out by itself: {error}");
            }
            done
        })
    }

    /// Waits for what is as it shall be and has not arrived. Nothing is written, so that no lock is
    /// needed.
    pub(crate) fn settle(&self, target: &Connection, manner: &Manner, seen: &Look) -> ApplyReport {
        let unsettled = seen.unsettled();
        if unsettled.is_empty() {
            return nothing(&seen.changes);
        }
        let mut show = Progress::new(self.global.progress, &seen.changes, self.err);
        let mut tell = |at: Timestamp, event: &Event| show.event(at, event);
        target.runtime.block_on(async {
            let mut cancel = crate::signals::listen();
            let watch = Watch {
                start: now(),
                cancel: &mut cancel,
                tell: &mut tell,
                kept: &Kept::new(),
            };
            let (home, limits) = (target.home.as_ref(), self.limits(manner));
            settle(home, &seen.plan, &unsettled, limits, watch).await
        })
    }

    fn limits(&self, manner: &Manner) -> Limits {
        Limits {
            deadline: u64::try_from(manner.timeout.as_millis()).unwrap_or(u64::MAX),
            poll: self.global.target.poll(),
            ..Limits::default()
        }
    }

    async fn locked(
        &self,
        home: &dyn Home,
        lease: &Lease<'_>,
        manner: &Manner,
        work: &Work<'_>,
    ) -> Result<ApplyReport, Failure> {
        let (seen, journal) = super::target::look_back(home, work.plan).await?;
        (work.allow)(&seen, &journal)?;
        let kept = match work.purpose {
            Purpose::Apply | Purpose::Rollback(_) => journal.kept(&seen.plan),
            Purpose::Destroy => Kept::new(),
        };
        if seen.changes.is_empty() {
            if work.purpose == Purpose::Destroy {
                home.collect(&seen.plan, &kept).await?;
            }
            return Ok(nothing(&seen.changes));
        }
        let begun = journal.begin(home, &revision(&journal, &seen, work)).await;
        let begun = begun.map_err(|error| unrecorded(&error)).ok();
        let limits = self.limits(manner);
        let mut show = Progress::new(self.global.progress, &seen.changes, self.err);
        let mut tell = |at: Timestamp, event: &Event| show.event(at, event);
        let mut cancel = crate::signals::listen();
        let watch = Watch {
            start: now(),
            cancel: &mut cancel,
            tell: &mut tell,
            kept: &kept,
        };
        let fence = Fence {
            inner: home,
            lease,
            clock: &now,
        };
        let report = drive(&fence, &seen.plan, &seen.changes, limits, watch).await;
        if let Some(begun) = begun {
            let ending = Ending::of(&report, &seen.changes, now());
            if let Err(error) = journal.end(home, begun, &ending).await {
                unrecorded(&error);
            }
        }
        Ok(report)
    }
}

fn revision(journal: &Journal, seen: &Look, work: &Work<'_>) -> Revision {
    Revision {
        format: REVISION_FORMAT.to_owned(),
        number: journal.next(),
        begun: now(),
        by: holder::who(),
        purpose: work.purpose,
        summary: seen.changes.summary.clone(),
        plan: work.origin.map_or(work.plan, |origin| &origin.plan).clone(),
        secrets: work
            .origin
            .map_or(&seen.inventory.fingerprints.secrets, |origin| {
                &origin.secrets
            })
            .clone(),
        env: variables(&seen.inventory.fingerprints),
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

/// History is a help, not a condition: an apply goes on without it, and says so.
fn unrecorded(error: &ProviderError) {
    eprintln!("warning: this apply is missing from the history: {error}");
}

/// After a destroy nothing is left to lock or to go back to.
async fn leave(
    home: &dyn Home,
    lease: Lease<'_>,
    purpose: Purpose,
    done: &Result<ApplyReport, Failure>,
) -> Result<(), ProviderError> {
    let gone = done
        .as_ref()
        .is_ok_and(|report| report.outcome == Outcome::Done);
    if purpose == Purpose::Destroy && gone {
        Journal::clear(home).await?;
        return lease.remove().await;
    }
    lease.release().await
}

/// Takes the lock, and waits for it as long as was asked for.
async fn lock<'a>(
    home: &'a dyn Home,
    purpose: &str,
    patience: Duration,
) -> Result<Lease<'a>, Failure> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        match take(home, holder::this(purpose), now(), &holder::is_gone).await {
            Ok(lease) => return Ok(lease),
            Err(LockError::Target(error)) => return Err(error.into()),
            Err(LockError::Held(held)) if begun.elapsed() >= patience => return Err(busy(&held)),
            Err(LockError::Held(held)) => {
                if !told {
                    eprintln!("waiting for {}", holding(&held));
                    told = true;
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

fn busy(held: &Held) -> Failure {
    Failure::new(Exit::Locked, holding(held)).help(
        "wait with --lock-timeout 5m; if that process is dead the lock runs out by itself, \
         or `skep lock release` takes it away",
    )
}

/// `ann@laptop has had the lock for 12 s (apply)`
pub(crate) fn holding(held: &Held) -> String {
    let Held {
        holder,
        since,
        until: _,
    } = held;
    format!(
        "{} has had the lock for {} ({})",
        holder.who,
        ago(now().since(*since)),
        holder.purpose
    )
}

pub(crate) fn now() -> Timestamp {
    Timestamp(u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0))
}

/// The report of an apply that had nothing to do.
pub(crate) fn nothing(changes: &ChangeSet) -> ApplyReport {
    ApplyReport {
        format: APPLY_FORMAT.to_owned(),
        stack: changes.stack.clone(),
        id: changes.id.clone(),
        outcome: Outcome::Done,
        millis: 0,
        nodes: BTreeMap::new(),
    }
}
