//! Keeping a stack as declared, as a state machine: inputs in, effects out, time as an argument.
//!
//! It is level-triggered: whatever happens leads to a look at the target, and what is done is decided by
//! nothing but the plan that is to be, what that look shows, and what people said. So a trigger
//! that is lost costs time and nothing else, and many are as good as one. What failed is left alone
//! until the plan is another or somebody asks, and what somebody else did last is not undone unasked.

mod approve;
mod causes;
mod decide;
mod due;
mod ended;
mod errand;
mod health;
mod policy;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skep_schema::address::Address;
use skep_schema::api::stack::{
    Approval, Cause, Hold, StackEvent, StackMemory, StackPolicy, StackState, StackStatus,
};
use skep_schema::change::ChangeSet;
use skep_schema::digest::DigestText;
use skep_schema::event::Timestamp;
use skep_schema::plan::Plan;

use crate::drive::Look;
use crate::journal::Journal;
use crate::perform::{Done, PerformError};
use crate::provider::ProviderError;
use causes::Causes;
use due::Due;

pub use errand::Errand;
pub use policy::{Opening, Policy, Window};

/// What the driver has to do, in this order.
#[derive(Debug)]
pub enum Effect {
    /// Store it before anything that follows is done.
    Keep(Box<StackMemory>),
    /// Look at the target as [`look_back`](crate::drive::look_back) does, and report [`Input::Looked`].
    Look {
        plan: Arc<Plan>,
        causes: Vec<Cause>,
    },
    /// Do it as [`perform`](crate::perform::perform) does, and report [`Input::Applied`].
    Apply(Box<Errand>),
    /// Ask the apply that runs to end; it still reports.
    Cancel,
    Tell(StackEvent),
}

/// What the driver has to tell.
#[derive(Debug)]
pub enum Input {
    Trigger(Cause),
    /// What the source says is to be, or why it cannot say it; then the last plan stays.
    Desired(Result<Desired, String>),
    Looked(Result<Box<Seen>, ProviderError>),
    Applied(Result<Done, PerformError>),
    /// Somebody agrees to changes that were shown.
    Approved(Box<Approval>),
    Withdrawn {
        who: String,
    },
    /// Somebody asks to try again what failed.
    Retry {
        who: String,
    },
    /// Nothing is looked at and nothing begins from now on. Whoever becomes the active one starts
    /// anew, with what the other kept.
    Held(Hold),
    Released(Hold),
    /// The time [`Reconcile::wake`] named has come.
    Tick,
}

/// A plan that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desired {
    pub plan: Arc<Plan>,
    /// Where it is from, for people: a folder, a commit.
    pub origin: String,
}

/// What a look showed.
#[derive(Clone, Debug)]
pub struct Seen {
    pub look: Look,
    pub journal: Journal,
    /// Secrets without a value here, and what to do about each.
    pub missing: BTreeMap<Address, String>,
}

/// One stack that is kept as declared.
///
/// Its driver does the effects in their order and reports how looks and applies ended; it never has to
/// decide anything. Of these, one at most is under way. A daemon that becomes the active one begins with
/// the memory that the other kept, by [`Reconcile::start`] or [`Reconcile::recall`].
#[derive(Debug)]
pub struct Reconcile {
    policy: Policy,
    memory: StackMemory,
    phase: Phase,
    holds: BTreeSet<Hold>,
    desired: Option<Arc<Plan>>,
    /// Plans that the source had before, and when it brought another.
    replaced: Vec<(DigestText, Timestamp)>,
    causes: Causes,
    due: Due,
    /// Who asked to try again what failed.
    retry: Option<String>,
    shown: StackStatus,
    /// What the last look would have changed.
    changes: Option<ChangeSet>,
    effects: Vec<Effect>,
}

#[derive(Debug)]
enum Phase {
    Idle,
    Looking {
        plan: Arc<Plan>,
        causes: Causes,
    },
    /// With the approval that it has, which is used up when it ends: what is cut short goes on.
    Applying {
        approval: Option<Box<Approval>>,
    },
}

impl Reconcile {
    /// `memory` is what was kept for the stack last, on whichever machine.
    pub fn start(stack: &str, policy: Policy, memory: StackMemory, now: Timestamp) -> Self {
        let mut causes = Causes::default();
        causes.add(Cause::Start);
        Self {
            shown: status(stack, &policy, &memory, now),
            policy,
            phase: Phase::Idle,
            holds: BTreeSet::new(),
            desired: None,
            replaced: Vec::new(),
            causes,
            due: Due::new(now),
            retry: None,
            memory,
            changes: None,
            effects: Vec::new(),
        }
    }

    /// Goes on with what another daemon kept for the stack. What the source wants is known still, and
    /// what was looked at or begun before means nothing any more.
    pub fn recall(&mut self, memory: StackMemory) {
        self.phase = Phase::Idle;
        self.retry = None;
        (self.shown.revision, self.shown.applied) = newest(&memory);
        self.shown.approved_by = memory.approval.as_ref().map(|a| a.who.clone());
        self.memory = memory;
        self.causes.add(Cause::Start);
    }

    /// Takes in what happened and says what follows from it. Any time will do: one that goes back
    /// moves all that is due.
    pub fn on(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        self.due.at(now);
        match input {
            Input::Trigger(cause) => self.trigger(cause, now),
            Input::Desired(Ok(desired)) => self.planned(desired, now),
            Input::Desired(Err(message)) => self.source_lost(message),
            Input::Looked(result) => self.on_looked(result, now),
            Input::Applied(result) => self.on_applied(result, now),
            Input::Approved(approval) => self.on_approved(approval, now),
            Input::Withdrawn { who } => self.on_withdrawn(who, now),
            Input::Retry { who } => self.on_retry(who, now),
            Input::Held(hold) => self.on_held(hold, now),
            Input::Released(hold) => self.on_released(hold, now),
            Input::Tick => {}
        }
        self.proceed(now);
        std::mem::take(&mut self.effects)
    }

    /// When the driver has to call again with [`Input::Tick`] unless something happens before. It sleeps for
    /// the difference and not until that time, which a clock that is set back may put off for years.
    pub fn wake(&self) -> Option<Timestamp> {
        self.may_look().then(|| self.due.next(&self.causes))
    }

    pub const fn status(&self) -> &StackStatus {
        &self.shown
    }

    /// The plan that is to be.
    pub const fn desired(&self) -> Option<&Arc<Plan>> {
        self.desired.as_ref()
    }

    /// What the last look would have changed: what an approval is for.
    pub const fn changes(&self) -> Option<&ChangeSet> {
        self.changes.as_ref()
    }

    fn may_look(&self) -> bool {
        matches!(self.phase, Phase::Idle) && self.desired.is_some() && self.holds.is_empty()
    }

    /// What people and sources say is looked at without delay.
    fn trigger(&mut self, cause: Cause, now: Timestamp) {
        match cause {
            Cause::Source
            | Cause::Person { .. }
            | Cause::Approval { .. }
            | Cause::Released
            | Cause::Applied => self.due.hurry(now),
            Cause::Start
            | Cause::Schedule
            | Cause::Periodic
            | Cause::Engine { .. }
            | Cause::Retry
            | Cause::Window => {}
        }
        self.causes.add(cause);
    }

    /// Looks, if there is a reason, and nothing is under way.
    fn proceed(&mut self, now: Timestamp) {
        if !self.may_look() {
            return;
        }
        self.due.ring(&mut self.causes);
        if self.causes.is_empty() || !self.due.may_look() {
            return;
        }
        let Some(plan) = self.desired.clone() else {
            return;
        };
        let causes = std::mem::take(&mut self.causes);
        self.effects.push(Effect::Look {
            plan: Arc::clone(&plan),
            causes: causes.list().to_vec(),
        });
        self.due.begin(now);
        self.phase = Phase::Looking { plan, causes };
    }

    fn on_held(&mut self, hold: Hold, now: Timestamp) {
        self.holds.insert(hold);
        if matches!(self.phase, Phase::Applying { .. }) {
            if hold == Hold::Standby {
                self.effects.push(Effect::Cancel);
            }
            return;
        }
        self.stand(StackState::Held { by: hold }, now);
    }

    fn on_released(&mut self, hold: Hold, now: Timestamp) {
        if !self.holds.remove(&hold) {
            return;
        }
        if self.shown.state == (StackState::Held { by: hold }) {
            self.stand(StackState::Unknown, now);
        }
        self.trigger(Cause::Released, now);
    }

    fn stand(&mut self, state: StackState, now: Timestamp) {
        if self.shown.state == state {
            return;
        }
        self.shown.state = state.clone();
        self.shown.since = now;
        self.tell(StackEvent::State { state });
    }

    fn tell(&mut self, event: StackEvent) {
        self.effects.push(Effect::Tell(event));
    }

    /// Has the memory kept before anything else is done.
    fn keep(&mut self) {
        (self.shown.revision, self.shown.applied) = newest(&self.memory);
        let approval = self.memory.approval.as_ref();
        self.shown.approved_by = approval.map(|approval| approval.who.clone());
        self.effects
            .push(Effect::Keep(Box::new(self.memory.clone())));
    }
}

/// The newest revision that is known, and its plan.
fn newest(memory: &StackMemory) -> (u32, Option<DigestText>) {
    let known = memory.known.as_ref();
    known.map_or((0, None), |known| (known.revision, known.plan.clone()))
}

fn status(stack: &str, policy: &Policy, memory: &StackMemory, now: Timestamp) -> StackStatus {
    let (revision, applied) = newest(memory);
    StackStatus {
        policy: Some(StackPolicy {
            apply: policy.apply,
            drift: policy.drift,
        }),
        revision,
        applied,
        approved_by: memory.approval.as_ref().map(|a| a.who.clone()),
        ..StackStatus::unknown(stack, now)
    }
}
