//! The one place where an apply meets time and a target: effects become futures, futures inputs.

mod flight;
mod look;

use std::collections::BTreeSet;

use skep_schema::address::Address;
use skep_schema::change::ChangeSet;
use skep_schema::event::{ApplyReport, Event, Timestamp};
use skep_schema::plan::{Plan, PlanNode};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep_until};

use crate::apply::{Apply, Effect, Input, Limits};
use crate::provider::{Kept, Provider};
use flight::Flight;

pub use look::{Look, look, look_back, meant};

/// How an apply is watched from outside.
pub struct Watch<'a> {
    /// The time at which it begins.
    pub start: Timestamp,
    /// Each message cancels: the first lets what was begun end, the second stops waiting.
    /// An apply goes on when the sender is gone.
    pub cancel: &'a mut mpsc::Receiver<()>,
    pub tell: &'a mut (dyn FnMut(Timestamp, &Event) + Send),
    /// What stays in the target although nothing uses it.
    pub kept: &'a Kept,
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

/// Applies `changes`, which lead to `plan`, and waits until it has worked or not.
///
/// Writes only what the changes say. Whoever calls has looked just before, and has refused what
/// is blocked or taken; see [`look`].
pub async fn drive(
    provider: &dyn Provider,
    plan: &Plan,
    changes: &ChangeSet,
    limits: Limits,
    watch: Watch<'_>,
) -> ApplyReport {
    let begun = Apply::start(plan, changes, limits, watch.start);
    run(provider, plan, changes, begun, watch).await
}

/// Waits for nodes of `plan` that are as they shall be and have not arrived, and writes nothing: an
/// apply before was cut short, or ended without success.
pub async fn settle(
    provider: &dyn Provider,
    plan: &Plan,
    unsettled: &BTreeSet<Address>,
    limits: Limits,
    watch: Watch<'_>,
) -> ApplyReport {
    let nothing = ChangeSet::between(plan, plan);
    let begun = Apply::settle(plan, unsettled, limits, watch.start);
    run(provider, plan, &nothing, begun, watch).await
}

async fn run(
    provider: &dyn Provider,
    plan: &Plan,
    changes: &ChangeSet,
    (mut apply, mut effects): (Apply, Vec<Effect>),
    watch: Watch<'_>,
) -> ApplyReport {
    let Watch {
        start,
        cancel,
        tell,
        kept,
    } = watch;
    let clock = Clock {
        start,
        zero: Instant::now(),
    };
    let mut flight = Flight::new(provider, plan, changes, kept);
    let mut cancellable = true;
    loop {
        for effect in effects {
            match effect {
                Effect::Write(address) => flight.write(address),
                Effect::Check(address, at) => flight.check(address, at),
                Effect::Collect => flight.collect(),
                Effect::Tell(event) => tell(clock.now(), &event),
                Effect::Finish(report) => return report,
            }
        }
        let input = next(&mut flight, &apply, &clock, cancel, &mut cancellable).await;
        effects = apply.on(input, clock.now());
    }
}

async fn next(
    flight: &mut Flight<'_>,
    apply: &Apply,
    clock: &Clock,
    cancel: &mut mpsc::Receiver<()>,
    cancellable: &mut bool,
) -> Input {
    loop {
        flight.depart(clock.now());
        let wake = apply.wake().into_iter().chain(flight.due()).min();
        let far = clock.now().plus(FAR);
        let alarm = clock.instant(wake.map_or(far, |at| at.min(far)));
        tokio::select! {
            biased;
            asked = cancel.recv(), if *cancellable => match asked {
                Some(()) => return Input::Cancel,
                None => *cancellable = false,
            },
            input = flight.landed(), if !flight.is_empty() => return input,
            () = sleep_until(alarm) => {
                if apply.wake().is_some_and(|at| at <= clock.now()) {
                    return Input::Tick;
                }
            }
        }
    }
}

/// A day in milliseconds: the longest sleep, since a clock can count only so far.
const FAR: u64 = 86_400_000;

/// Time as the state machine counts it, on a clock that never goes back.
struct Clock {
    start: Timestamp,
    zero: Instant,
}

impl Clock {
    fn now(&self) -> Timestamp {
        let millis = self.zero.elapsed().as_millis();
        self.start.plus(u64::try_from(millis).unwrap_or(u64::MAX))
    }

    fn instant(&self, at: Timestamp) -> Instant {
        self.zero + Duration::from_millis(at.since(self.start))
    }
}

/// What a check compares the target with: the new form of what is changed, the old one of what
/// is not.
fn wanted<'a>(plan: &'a Plan, changes: &'a ChangeSet, address: &Address) -> Option<&'a PlanNode> {
    let new = changes
        .get(address)
        .and_then(|change| change.after.as_deref());
    new.or_else(|| plan.nodes.get(address))
}
