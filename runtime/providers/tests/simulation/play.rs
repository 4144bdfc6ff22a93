//! One apply in virtual time, through the engine's state machine and the model's provider.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use skep_engine::apply::{Apply, Effect, Input, Limits};
use skep_engine::drive::{Look, look};
use skep_engine::provider::{Kept, Provider, ProviderError};
use skep_providers::model::{Model, World};
use skep_providers::secrets::Secrets;
use skep_schema::address::Address;
use skep_schema::change::{Action, ChangeSet};
use skep_schema::event::{ApplyReport, Event, Outcome, Timestamp};
use skep_schema::inventory::Readiness;
use skep_schema::plan::{Need, Payload, Plan, PlanNode};

use crate::dice::Dice;
use crate::weather::{Weather, meddle};

/// What is watched while it plays.
pub(crate) struct Play<'a> {
    pub(crate) model: &'a Model,
    pub(crate) dice: &'a mut Dice,
    /// What must never happen, and did.
    pub(crate) wrong: &'a mut Vec<String>,
    pub(crate) story: &'a mut Vec<String>,
    /// Whether the process is no more.
    pub(crate) gone: Arc<AtomicBool>,
    /// The swarm as it was some time before.
    earlier: Option<World>,
    meddled: bool,
    failed: bool,
}

enum Call {
    Write(Address),
    Check(Address),
    Collect,
}

/// The calls that are under way, by when they end.
#[derive(Default)]
struct Line {
    clock: Timestamp,
    calls: Calls,
    number: u64,
}

type Calls = BTreeMap<(Timestamp, u64), Call>;

enum Next {
    Tick,
    Lands(Call),
    Nothing,
}

impl Line {
    fn add(&mut self, at: Timestamp, call: Call) {
        self.number += 1;
        self.calls.insert((at, self.number), call);
    }

    /// Lets time pass until something happens.
    fn next(&mut self, apply: &Apply) -> Next {
        let first = self.calls.keys().next().copied();
        let wake = apply
            .wake()
            .filter(|wake| first.is_none_or(|(at, _)| *wake < at));
        if let Some(wake) = wake {
            self.clock = self.clock.max(wake);
            return Next::Tick;
        }
        let Some(((at, _), call)) = self.calls.pop_first() else {
            return Next::Nothing;
        };
        self.clock = self.clock.max(at);
        Next::Lands(call)
    }
}

/// A model never waits, so that its promises are kept at once.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a model never waits"),
    }
}

pub(crate) fn looked(model: &Model, plan: &Plan) -> Look {
    now(look(model, plan)).expect("a model can be looked at")
}

impl<'a> Play<'a> {
    pub(crate) fn new(
        model: &'a Model,
        dice: &'a mut Dice,
        wrong: &'a mut Vec<String>,
        story: &'a mut Vec<String>,
    ) -> Self {
        Self {
            model,
            dice,
            wrong,
            story,
            gone: Arc::default(),
            earlier: None,
            meddled: false,
            failed: false,
        }
    }

    /// Looks and applies; nothing when it did not come to its end.
    pub(crate) fn apply(&mut self, plan: &Plan, weather: &Weather) -> Option<ApplyReport> {
        self.befall(weather);
        self.apply_as_it_is(plan, weather)
    }

    /// With whatever befalls the model's calls already.
    pub(crate) fn apply_as_it_is(&mut self, plan: &Plan, weather: &Weather) -> Option<ApplyReport> {
        now(self.model.prepare()).ok()?;
        let Look { plan, changes, .. } = looked(self.model, plan);
        self.run(&plan, &changes, weather)
    }

    /// Looks, lets somebody else act, and applies what it saw before.
    pub(crate) fn apply_late(
        &mut self,
        plan: &Plan,
        weather: &Weather,
        act: impl FnOnce(&mut Dice),
    ) -> Option<ApplyReport> {
        self.befall(weather);
        now(self.model.prepare()).ok()?;
        let Look { plan, changes, .. } = looked(self.model, plan);
        self.model.mend();
        act(self.dice);
        self.befall(weather);
        self.meddled = true;
        self.run(&plan, &changes, weather)
    }

    fn befall(&mut self, weather: &Weather) {
        let mut fates = weather.fates(self.dice.fork());
        self.model.break_with(move |_| fates());
    }

    /// Applies what was found at some time.
    fn run(&mut self, plan: &Plan, changes: &ChangeSet, weather: &Weather) -> Option<ApplyReport> {
        let limits = Limits {
            writes: usize::try_from(weather.writes).unwrap_or(1),
            deadline: 120_000,
            attempts: 3,
            ..Limits::default()
        };
        let mut line = Line::default();
        let (mut apply, mut effects) = Apply::start(plan, changes, limits, line.clock);
        for inputs in 0..20_000 {
            if let Some(report) = self.depart(effects, &mut line, plan, changes, weather) {
                return Some(report);
            }
            if self.gone.load(Ordering::Relaxed) {
                return None;
            }
            if weather.crash == Some(inputs) {
                self.crash(plan, changes, line.calls);
                return None;
            }
            self.let_meddle(weather);
            let input = if weather.cancel == Some(inputs) {
                Input::Cancel
            } else {
                match line.next(&apply) {
                    Next::Tick => Input::Tick,
                    Next::Lands(call) => self.land(plan, changes, call, weather),
                    Next::Nothing => {
                        self.wrong.push("the apply waits for nothing".to_owned());
                        return None;
                    }
                }
            };
            effects = apply.on(input, line.clock);
        }
        self.wrong.push("the apply never ends".to_owned());
        None
    }

    /// Sends off what is to be done; the report, once there is one.
    fn depart(
        &mut self,
        effects: Vec<Effect>,
        line: &mut Line,
        plan: &Plan,
        changes: &ChangeSet,
        weather: &Weather,
    ) -> Option<ApplyReport> {
        for effect in effects {
            let soon = line.clock.plus(1 + self.dice.below(weather.latency.max(1)));
            match effect {
                Effect::Write(address) => {
                    self.watch(plan, changes, &address);
                    if !self.dice.chance(weather.mute) {
                        line.add(soon, Call::Write(address));
                    }
                }
                Effect::Check(address, at) => {
                    line.add(line.clock.max(at).plus(1), Call::Check(address));
                }
                Effect::Collect => line.add(soon, Call::Collect),
                Effect::Tell(event) => self.failed |= matches!(event, Event::Failed { .. }),
                Effect::Finish(report) => return Some(report),
            }
        }
        None
    }

    fn let_meddle(&mut self, weather: &Weather) {
        if !self.dice.chance(weather.meddling) {
            return;
        }
        self.meddled = true;
        let dice = &mut *self.dice;
        let deed = self.model.by_hand(|world| meddle(world, dice));
        self.story.push(deed.expect("in memory"));
    }

    fn land(&mut self, plan: &Plan, changes: &ChangeSet, call: Call, weather: &Weather) -> Input {
        match call {
            Call::Write(address) => {
                let change = changes.get(&address).expect("only changes are written");
                self.remember(weather);
                let result = now(self.model.apply(change));
                let is_garbled = weather.garbled > 0 && self.dice.chance(weather.garbled);
                let said = if is_garbled { Err(garbled()) } else { result };
                Input::Written(address, said)
            }
            Call::Check(address) if self.dice.chance(weather.lost_checks) => {
                Input::Checked(address, Err(unanswered()))
            }
            Call::Check(address) => {
                let node = wanted(plan, changes, &address);
                let result = match self.stale(weather) {
                    Some(earlier) => now(eye(earlier).check(&address, node)),
                    None => now(self.model.check(&address, node)),
                };
                Input::Checked(address, result)
            }
            Call::Collect => Input::Collected(now(self.model.collect(plan, &Kept::new()))),
        }
    }

    /// What a look shows that is out of date.
    fn stale(&mut self, weather: &Weather) -> Option<World> {
        let earlier = self.earlier.as_ref()?;
        self.dice
            .chance(weather.stale_checks)
            .then(|| earlier.clone())
    }

    /// Keeps the swarm as it is, now and then.
    fn remember(&mut self, weather: &Weather) {
        if weather.stale_checks > 0 && (self.earlier.is_none() || self.dice.chance(20)) {
            self.earlier = Some(self.model.world().expect("in memory"));
        }
    }

    /// The process ends. What it had sent may still arrive.
    fn crash(&mut self, plan: &Plan, changes: &ChangeSet, calls: Calls) {
        for call in calls.into_values() {
            match call {
                Call::Write(_) | Call::Collect if self.dice.chance(50) => {
                    drop(self.land(plan, changes, call, &Weather::fair()));
                }
                Call::Write(_) | Call::Collect | Call::Check(_) => {}
            }
        }
    }

    /// Nothing is begun before what it needs is there, and nothing deleted after a failure.
    fn watch(&mut self, plan: &Plan, changes: &ChangeSet, address: &Address) {
        let change = changes.get(address).expect("only changes are written");
        if change.action == Action::Delete {
            if self.failed {
                self.wrong
                    .push(format!("{address} is deleted after a failure"));
            }
            return;
        }
        if self.meddled {
            return;
        }
        for (needed, need) in plan.needs_of(address) {
            let node = wanted(plan, changes, needed);
            if !self.is_there(needed, node, need) {
                self.wrong
                    .push(format!("{address} begins without {needed}"));
            }
        }
    }

    fn is_there(&self, address: &Address, node: &PlanNode, need: Need) -> bool {
        if matches!(node.payload, Payload::Volume(_) | Payload::Declared(_)) {
            return true;
        }
        // Its own view, in which no time passes.
        let eye = self
            .model
            .of_stack(crate::shop::STACK, Secrets::default())
            .with_step(0);
        match now(eye.check(address, node)) {
            Ok(Readiness::Ready { .. }) => true,
            Ok(Readiness::Progressing { .. }) => need == Need::Exists,
            Ok(Readiness::Failed(_)) | Err(_) => false,
        }
    }
}

/// A view of a swarm as it was, in which no time passes.
fn eye(world: World) -> Model {
    let model = Model::open(None, crate::shop::STACK, Secrets::default()).expect("in memory");
    model.by_hand(|inner| *inner = world).expect("in memory");
    model.with_step(0)
}

/// An answer in words that mean nothing.
fn garbled() -> ProviderError {
    ProviderError::Rejected {
        message: "the engine gave no reason".to_owned(),
    }
}

fn unanswered() -> ProviderError {
    ProviderError::Unreachable {
        target: "the model".to_owned(),
        message: "nothing answers".to_owned(),
    }
}

fn wanted<'a>(plan: &'a Plan, changes: &'a ChangeSet, address: &Address) -> &'a PlanNode {
    let new = changes
        .get(address)
        .and_then(|change| change.after.as_deref());
    new.or_else(|| plan.nodes.get(address))
        .expect("only nodes of the plan are asked for")
}

pub(crate) fn is_done(report: Option<&ApplyReport>) -> bool {
    report.is_some_and(|report| report.outcome == Outcome::Done)
}
