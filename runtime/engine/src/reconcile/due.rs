//! What is due when; all times in milliseconds.

use skep_schema::api::stack::Cause;
use skep_schema::event::Timestamp;

use super::causes::Causes;

/// Between the end of a look and the next one, however many events a busy target sends.
const GAP: u64 = 1_000;
/// Before a target that could not be asked is asked again; it doubles up to [`LONGEST`].
const BACKOFF: u64 = 5_000;
const LONGEST: u64 = 60_000;
/// Before an apply that failed by what was around it is tried again; it doubles up to [`LONGEST_RETRY`].
const RETRY: u64 = 60_000;
const LONGEST_RETRY: u64 = 3_600_000;

#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    now: Timestamp,
    /// No look begins before.
    pause: Timestamp,
    /// The periodic look; nothing before the first one.
    look: Option<Timestamp>,
    /// Nothing is applied before.
    again: Option<Again>,
    window: Option<Timestamp>,
    /// Looks, applies and turns that came to nothing in a row.
    misses: u32,
    failures: u32,
    turns: u32,
}

/// When something is tried again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Again {
    pub(super) at: Timestamp,
    pub(super) why: Why,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Why {
    /// It failed.
    Failed,
    /// It was not begun.
    Turn,
}

impl Due {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self {
            now,
            pause: now,
            look: None,
            again: None,
            window: None,
            misses: 0,
            failures: 0,
            turns: 0,
        }
    }

    /// A clock that was set back takes along what it was to ring for, or nothing would ever be due.
    pub(super) fn at(&mut self, now: Timestamp) {
        let back = self.now.since(now);
        self.now = now;
        if back == 0 {
            return;
        }
        let shift = |at: Timestamp| Timestamp(at.0.saturating_sub(back));
        self.pause = shift(self.pause);
        self.look = self.look.map(shift);
        self.window = self.window.map(shift);
        self.again = self.again.map(|again| Again {
            at: shift(again.at),
            ..again
        });
    }

    /// The time at which there is something to do.
    pub(super) fn next(&self, causes: &Causes) -> Timestamp {
        if !causes.is_empty() {
            return self.pause;
        }
        let again = self.again.map(|again| again.at);
        let alarms = self.look.into_iter().chain(again).chain(self.window);
        alarms.min().unwrap_or(self.pause).max(self.pause)
    }

    /// Adds a cause for each time that has come.
    pub(super) fn ring(&mut self, causes: &mut Causes) {
        let now = self.now;
        let has_come = |at: &Timestamp| *at <= now;
        if self.look.take_if(|at| has_come(at)).is_some() {
            causes.add(Cause::Periodic);
        }
        if self.again.take_if(|again| has_come(&again.at)).is_some() {
            causes.add(Cause::Retry);
        }
        if self.window.take_if(|at| has_come(at)).is_some() {
            causes.add(Cause::Window);
        }
    }

    pub(super) fn may_look(&self) -> bool {
        self.pause <= self.now
    }

    pub(super) fn hurry(&mut self, now: Timestamp) {
        self.pause = self.pause.min(now);
    }

    pub(super) fn begin(&mut self, now: Timestamp) {
        self.look = None;
        self.pause = now;
    }

    pub(super) fn looked(&mut self, every: u64) {
        self.misses = 0;
        self.window = None;
        self.pause = self.now.plus(GAP);
        self.look = Some(self.now.plus(every.max(GAP)));
    }

    pub(super) fn missed(&mut self) {
        self.misses = self.misses.saturating_add(1);
        self.pause = self.now.plus(doubled(BACKOFF, self.misses, LONGEST));
    }

    pub(super) fn window(&mut self, opens: Option<Timestamp>) {
        self.window = opens;
    }

    pub(super) fn failed(&mut self) -> Timestamp {
        self.failures = self.failures.saturating_add(1);
        let at = self.now.plus(doubled(RETRY, self.failures, LONGEST_RETRY));
        let why = Why::Failed;
        self.again = Some(Again { at, why });
        at
    }

    pub(super) fn stood_back(&mut self) {
        self.turns = self.turns.saturating_add(1);
        let at = self.now.plus(doubled(BACKOFF, self.turns, LONGEST));
        let why = Why::Turn;
        self.again = Some(Again { at, why });
    }

    pub(super) const fn again(&self) -> Option<Again> {
        self.again
    }

    /// What failed may be tried at once, and has a fresh start.
    pub(super) fn forgive(&mut self) {
        self.again = None;
        self.failures = 0;
        self.turns = 0;
    }
}

/// The pause after so many tries, the first being 1.
fn doubled(first: u64, tries: u32, longest: u64) -> u64 {
    let times = 1u64
        .checked_shl(tries.saturating_sub(1))
        .unwrap_or(u64::MAX);
    first.saturating_mul(times).min(longest)
}
