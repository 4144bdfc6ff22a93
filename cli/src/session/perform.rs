//! Doing what was agreed to, and showing it.

use skep_engine::apply::Limits;
use skep_engine::drive::{Look, Watch, settle};
use skep_engine::lock::Held;
use skep_engine::perform::{Hand, PerformError, Told, Work, nothing, perform};
use skep_engine::provider::{Kept, ProviderError};
use skep_providers::holder;
use skep_schema::event::{ApplyReport, Event, Timestamp};

use super::{Connection, Manner, Session};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::progress::Progress;
use crate::output::time::ago;

impl Session<'_> {
    /// Takes the lock, looks once more, and applies what is seen then.
    pub(crate) fn perform(
        &self,
        target: &Connection,
        manner: &Manner,
        work: &Work<'_>,
    ) -> Result<ApplyReport, Failure> {
        let mut show = None;
        let mut tell = |told: Told<'_>| match told {
            Told::Waiting(held) => eprintln!("waiting for {}", holding(held)),
            Told::Begun(_, changes) => {
                show = Some(Progress::new(self.global.progress, changes, self.err));
            }
            Told::Event(at, event) => {
                if let Some(show) = &mut show {
                    show.event(at, event);
                }
            }
            Told::Unrecorded(error) => unrecorded(error),
            Told::Unreleased(error) => {
                eprintln!("warning: the lock was not given back and runs out by itself: {error}");
            }
        };
        let mut hand = Hand {
            by: holder::who(),
            holder: &holder::this,
            is_gone: &holder::is_gone,
            clock: &now,
            patience: manner.lock_timeout,
            limits: self.limits(manner),
            cancel: &mut crate::signals::listen,
            tell: &mut tell,
        };
        let home = target.home.as_ref();
        let done = target.runtime.block_on(perform(home, work, &mut hand));
        Ok(done?.report)
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
}

impl From<PerformError> for Failure {
    fn from(error: PerformError) -> Self {
        match error {
            PerformError::Locked(held) => busy(&held),
            PerformError::Refused(refusal) => refusal.into(),
            PerformError::Target(error) => error.into(),
        }
    }
}

/// History is a help, not a condition: an apply goes on without it, and says so.
fn unrecorded(error: &ProviderError) {
    eprintln!("warning: this apply is missing from the history: {error}");
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
