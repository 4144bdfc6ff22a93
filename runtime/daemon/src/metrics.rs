//! Numbers for those who watch machines: what is true now is read when somebody asks, what happened is
//! counted when it does.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use skep_schema::api::stack::{StackEvent, StackState, StackStatus};
use skep_schema::event::{Outcome, Timestamp};

use crate::condition::Condition;
use crate::views::Views;

type Gauges<L> = Family<L, Gauge<i64, AtomicI64>>;
type Counters<L> = Family<L, Counter<u64, AtomicU64>>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStack {
    stack: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    stack: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    stack: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
enum Class {
    Success,
    Refused,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfClass {
    class: Class,
}

/// What is counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    events: Counters<OfKind>,
    applies: Counters<Ended>,
    requests: Counters<OfClass>,
    /// Answers that go on now.
    pub(crate) streams: Gauge<i64, AtomicI64>,
}

impl Metrics {
    pub(crate) fn event(&self, stack: &str, event: &StackEvent) {
        let kind = event.word();
        self.events.get_or_create(&OfKind { kind }).inc();
        if let StackEvent::Applied { last } = event {
            let stack = stack.to_owned();
            let outcome = outcome(last.outcome);
            self.applies.get_or_create(&Ended { stack, outcome }).inc();
        }
    }

    pub(crate) fn request(&self, status: u16) {
        let class = match status {
            0..400 => Class::Success,
            400..500 => Class::Refused,
            _ => Class::Failed,
        };
        self.requests.get_or_create(&OfClass { class }).inc();
    }

    /// All of it as OpenMetrics.
    pub(crate) fn text(&self, views: &Views, condition: &Condition, now: Timestamp) -> String {
        let mut registry = Registry::with_prefix("skep");
        registry.register("events", "Events of stacks by kind", self.events.clone());
        registry.register("applies", "Applies that ended", self.applies.clone());
        registry.register(
            "requests",
            "Requests that were answered",
            self.requests.clone(),
        );
        registry.register("streams", "Streams that are open", self.streams.clone());
        let (acts, targets) = condition.acting();
        number(
            &mut registry,
            "targets",
            "Targets that hold stacks",
            targets,
        );
        number(
            &mut registry,
            "targets_active",
            "Targets where this daemon acts",
            acts,
        );
        number(
            &mut registry,
            "ready",
            "Whether changes are taken",
            usize::from(condition.is_ready()),
        );
        let stacks: Vec<Arc<StackStatus>> = views.all().into_iter().map(|v| v.status).collect();
        of_stacks(&mut registry, &stacks, now);
        let mut text = String::new();
        encode(&mut text, &registry).expect("a text takes all that is written");
        text
    }
}

fn number(registry: &mut Registry, name: &str, help: &str, value: usize) {
    let gauge = Gauge::<i64, AtomicI64>::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    registry.register(name, help, gauge);
}

fn of_stacks(registry: &mut Registry, stacks: &[Arc<StackStatus>], now: Timestamp) {
    let (states, drift) = (Gauges::<InState>::default(), Gauges::<OfStack>::default());
    let (unhealthy, ages) = (Gauges::<OfStack>::default(), Gauges::<OfStack>::default());
    let set = |family: &Gauges<OfStack>, stack: &str, value: u64| {
        let stack = stack.to_owned();
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        family.get_or_create(&OfStack { stack }).set(value);
    };
    for one in stacks {
        let stack = one.stack.clone();
        let state = word(&one.state);
        states.get_or_create(&InState { stack, state }).set(1);
        set(&drift, &one.stack, one.drift.len() as u64);
        set(&unhealthy, &one.stack, one.unhealthy.len() as u64);
        if let Some(looked) = one.looked {
            set(&ages, &one.stack, now.since(looked) / 1000);
        }
    }
    registry.register("stack_state", "1 for the state that a stack is in", states);
    registry.register("stack_drift", "Nodes that others changed", drift);
    registry.register("stack_unhealthy", "Services that do not work", unhealthy);
    registry.register(
        "stack_look_age_seconds",
        "Since a stack was last seen",
        ages,
    );
}

const fn word(state: &StackState) -> &'static str {
    match state {
        StackState::Unknown => "unknown",
        StackState::InSync => "in-sync",
        StackState::Changes { .. } => "changes",
        StackState::Drifted => "drifted",
        StackState::Applying => "applying",
        StackState::Failed { .. } => "failed",
        StackState::Held { .. } => "held",
    }
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Failed => "failed",
        Outcome::Partial => "partial",
        Outcome::RolledBack => "rolled-back",
        Outcome::TimedOut => "timed-out",
        Outcome::Cancelled => "cancelled",
    }
}
