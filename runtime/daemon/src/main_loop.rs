//! One loop that owns all stacks: what happened comes in by one channel, in one order.
//!
//! What has to outlive the daemon is stored before anything that follows from it is done, and what
//! everybody may know is shown before it is told: who hears that an apply is over sees how it ended.

mod succession;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use skep_engine::live::Stir;
use skep_engine::perform::{Done, PerformError};
use skep_engine::provider::ProviderError;
use skep_engine::reconcile::{Desired, Effect, Input as StackInput, Seen};
use skep_schema::api::stack::{Approval, Cause, Hold, StackEvent, StackMemory, StackState};
use skep_schema::event::{Event, Timestamp};
use skep_schema::plan::Plan;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::clock::{now, until};
use crate::condition::Condition;
use crate::daemon::Shared;
use crate::journal::{Journal, KEPT};
use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::stack::Stack;
use crate::store::{Batch, Expect, Line, Log, Shelf, Store, StoreError};
use crate::views::Views;

/// Things that wait while the loop writes.
pub(crate) const WAITING: usize = 1_024;
/// Things that are taken in together, so that they cost one write of the store.
const AT_ONCE: usize = 128;
/// Events between two times at which old ones are let go.
const FORGET: u64 = 1_000;
/// Before a store that failed is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two looks at what other daemons have written.
const BEAT: Duration = Duration::from_secs(1);

/// What the loop is told.
#[derive(Debug)]
pub(crate) enum Input {
    /// About one stack, by its name.
    Stack(String, About),
    /// About all that live in a target, by its number.
    Target(usize, Reign),
    /// Nothing more is begun.
    Drain(oneshot::Sender<()>),
    /// Drained no more.
    Resume,
    /// The last thing there is.
    End,
}

/// Whether this daemon is the one that acts in a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reign {
    Active,
    Standby,
}

/// What happened to a stack.
#[derive(Debug)]
pub(crate) enum About {
    Desired(Result<Desired, String>),
    Pushed(Box<Pushed>),
    Looked(Result<Box<Seen>, ProviderError>),
    Told(Timestamp, Event),
    /// An apply begins, and can be asked to end.
    Begun(mpsc::Sender<()>),
    Applied(Result<Done, PerformError>),
    Stirred(Stir),
    Asked(Cause),
    Approved(Box<Approval>, Answer),
    Withdrawn(String, Answer),
    Retry(String),
}

/// A plan that somebody sent.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) plan: Plan,
    pub(crate) who: String,
    pub(crate) answer: Answer,
}

/// To whoever waits until something is stored.
pub(crate) type Answer = oneshot::Sender<()>;

/// The loop, and all that it owns.
pub(crate) struct MainLoop {
    stacks: BTreeMap<String, Stack>,
    /// The stacks of each target.
    targets: Vec<Vec<String>>,
    /// Targets whose lease this daemon has, to be taken over from whoever had it before.
    leased: BTreeSet<usize>,
    /// Of a store that is shared, the stacks that it may write about, and by which number.
    reigns: BTreeMap<String, u64>,
    beat: Interval,
    settings: Arc<Settings>,
    store: Arc<dyn Store>,
    journal: Arc<Journal>,
    views: Arc<Views>,
    condition: Arc<Condition>,
    metrics: Metrics,
    inputs: mpsc::Receiver<Input>,
    drained: Vec<oneshot::Sender<()>>,
    ended: bool,
}

/// What follows from some inputs, before it is done.
#[derive(Default)]
struct Turn {
    /// By the stack that they are about.
    writes: Vec<(String, Batch)>,
    touched: Vec<String>,
    answers: Vec<(String, Answer)>,
    deeds: Vec<(String, Effect)>,
}

impl MainLoop {
    pub(crate) fn new(
        stacks: BTreeMap<String, Stack>,
        targets: Vec<Vec<String>>,
        shared: &Shared,
        inputs: mpsc::Receiver<Input>,
    ) -> Self {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            stacks,
            targets,
            leased: BTreeSet::new(),
            reigns: BTreeMap::new(),
            beat,
            settings: Arc::clone(&shared.settings),
            store: Arc::clone(&shared.store),
            journal: Arc::clone(&shared.journal),
            views: Arc::clone(&shared.views),
            condition: Arc::clone(&shared.condition),
            metrics: shared.metrics.clone(),
            inputs,
            drained: Vec::new(),
            ended: false,
        }
    }

    /// Runs until it is told to end, and then has stored all that it was told before.
    pub(crate) async fn run(mut self) {
        let mut inputs = Vec::new();
        let is_shared = self.store.is_shared();
        while !self.ended {
            let mut beats = false;
            let alarm = self.stacks.values().filter_map(Stack::wake).min();
            let alarm = tokio::time::sleep(alarm.map_or(Duration::from_hours(1), until));
            tokio::select! {
                _ = self.inputs.recv_many(&mut inputs, AT_ONCE) => {}
                () = alarm => {}
                _ = self.beat.tick(), if is_shared => beats = true,
            }
            let mut turn = Turn::default();
            for input in inputs.drain(..) {
                self.take(input, &mut turn);
            }
            self.ring(&mut turn);
            self.carry_out(turn).await;
            if beats {
                self.look_around().await;
            }
            self.tell_drained();
        }
    }

    fn take(&mut self, input: Input, turn: &mut Turn) {
        match input {
            Input::Stack(name, about) => self.about(&name, about, turn),
            Input::Target(target, Reign::Active) => self.act(target, turn),
            Input::Target(target, Reign::Standby) => {
                self.leased.remove(&target);
                self.stand_by(target, turn);
            }
            Input::Drain(done) => {
                self.condition.drain(true);
                self.drained.push(done);
                let names = self.stacks.keys().cloned().collect();
                self.all(names, || StackInput::Held(Hold::Draining), turn);
            }
            Input::Resume => {
                self.condition.drain(false);
                self.drained.clear();
                let names = self.stacks.keys().cloned().collect();
                self.all(names, || StackInput::Released(Hold::Draining), turn);
            }
            Input::End => self.ended = true,
        }
    }

    /// Acts in a target, at once or, where others may have written, with what they left.
    fn act(&mut self, target: usize, turn: &mut Turn) {
        if self.condition.acts_in(target) {
            return;
        }
        if self.store.is_shared() {
            self.leased.insert(target);
            self.beat.reset_immediately();
            return;
        }
        self.condition.act(target, true);
        let names = self.names(target);
        self.all(names, || StackInput::Released(Hold::Standby), turn);
    }

    fn stand_by(&mut self, target: usize, turn: &mut Turn) {
        self.condition.act(target, false);
        let names = self.names(target);
        self.all(names, || StackInput::Held(Hold::Standby), turn);
    }

    fn names(&self, target: usize) -> Vec<String> {
        self.targets.get(target).cloned().unwrap_or_default()
    }

    fn all(&mut self, names: Vec<String>, input: impl Fn() -> StackInput, turn: &mut Turn) {
        for name in names {
            self.on(&name, input(), turn);
        }
    }

    fn about(&mut self, name: &str, about: About, turn: &mut Turn) {
        let Some(stack) = self.stacks.get_mut(name) else {
            return;
        };
        let input = match about {
            About::Desired(desired) => StackInput::Desired(desired),
            About::Pushed(pushed) => {
                let Pushed { plan, who, answer } = *pushed;
                let body = serde_json::to_vec(&plan).expect("plain data");
                turn.write(name, |batch| {
                    batch.put(Shelf::Plan, name, Expect::Anything, body)
                });
                turn.answers.push((name.to_owned(), answer));
                StackInput::Desired(Ok(Desired {
                    plan: Arc::new(plan),
                    origin: format!("pushed by {who}"),
                }))
            }
            About::Looked(result) => {
                if let Ok(seen) = &result {
                    stack.see(&seen.look);
                    self.views.see(name, seen);
                }
                StackInput::Looked(result)
            }
            About::Told(at, event) => {
                turn.tell(name, at, &StackEvent::Node { event }, &self.metrics);
                return;
            }
            About::Begun(cancel) => {
                stack.begun(cancel);
                return;
            }
            About::Applied(result) => {
                turn.write(name, |batch| stack.ended(&result, batch));
                StackInput::Applied(result)
            }
            About::Stirred(stir) => match stack.cause(&stir) {
                Some(cause) => StackInput::Trigger(cause),
                None => return,
            },
            About::Asked(cause) => StackInput::Trigger(cause),
            About::Approved(approval, answer) => {
                turn.answers.push((name.to_owned(), answer));
                StackInput::Approved(approval)
            }
            About::Withdrawn(who, answer) => {
                turn.answers.push((name.to_owned(), answer));
                StackInput::Withdrawn { who }
            }
            About::Retry(who) => StackInput::Retry { who },
        };
        self.on(name, input, turn);
    }

    /// Has the stacks do what is due.
    fn ring(&mut self, turn: &mut Turn) {
        let now = now();
        let due = self.stacks.iter_mut().filter_map(|(name, stack)| {
            let input = stack.ring(now)?;
            Some((name.clone(), input))
        });
        for (name, input) in due.collect::<Vec<_>>() {
            self.on(&name, input, turn);
        }
    }

    fn on(&mut self, name: &str, input: StackInput, turn: &mut Turn) {
        let Some(stack) = self.stacks.get_mut(name) else {
            return;
        };
        let at = now();
        turn.touched.push(name.to_owned());
        for effect in stack.machine.on(input, at) {
            match effect {
                Effect::Keep(memory) => turn.keep(name, &memory),
                Effect::Tell(event) => turn.tell(name, at, &event, &self.metrics),
                Effect::Apply(errand) => {
                    turn.write(name, |batch| stack.begins(&errand, batch));
                    turn.deeds.push((name.to_owned(), Effect::Apply(errand)));
                }
                deed @ (Effect::Look { .. } | Effect::Cancel) => {
                    turn.deeds.push((name.to_owned(), deed));
                }
            }
        }
    }

    /// Stores, shows, tells, and only then does.
    async fn carry_out(&mut self, mut turn: Turn) {
        let stored = self.stored(&mut turn).await;
        let Turn {
            writes: _,
            touched,
            answers,
            deeds,
        } = turn;
        for name in touched {
            if let Some(stack) = self.stacks.get(&name) {
                self.views.show(&name, &stack.machine);
            }
        }
        if let Err(error) = self.journal.announce(&stored).await {
            tracing::warn!(%error, "events are told later");
        }
        self.forget(&stored).await;
        for (_, answer) in answers {
            // Whoever asked may wait no more.
            let _gone = answer.send(());
        }
        for (name, deed) in deeds {
            if let Some(stack) = self.stacks.get_mut(&name) {
                stack.act(deed);
            }
        }
    }

    /// What cannot be stored must not be done: the loop waits until it can. The events are handed back.
    async fn stored(&mut self, turn: &mut Turn) -> Vec<Line> {
        loop {
            let batch = self.batch(&turn.writes);
            if batch.writes.is_empty() {
                return Vec::new();
            }
            match self.store.commit(batch).await {
                Ok(mut lines) => {
                    self.condition.store(true);
                    lines.retain(|line| line.log == Log::Events);
                    return lines;
                }
                Err(StoreError::Conflict {
                    shelf: Shelf::Reign,
                    key,
                }) => self.yield_to_other(&key, turn),
                Err(error) => {
                    self.condition.store(false);
                    tracing::error!(%error, "nothing is done until the store takes it");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Lets go of events that are too old, now and then.
    async fn forget(&self, lines: &[Line]) {
        let due = lines.iter().map(|line| line.number);
        let due = due.filter(|number| number % FORGET == 0 && *number > KEPT);
        let Some(number) = due.max() else {
            return;
        };
        let gone = Batch::default().forget(Log::Events, number - KEPT);
        if let Err(error) = self.store.commit(gone).await {
            tracing::warn!(%error, "old events are let go of later");
        }
    }

    fn tell_drained(&mut self) {
        let applying = |stack: &Stack| stack.machine.status().state == StackState::Applying;
        if self.drained.is_empty() || self.stacks.values().any(applying) {
            return;
        }
        for done in self.drained.drain(..) {
            // Whoever asked may wait no more.
            let _gone = done.send(());
        }
    }
}

impl Turn {
    fn write(&mut self, name: &str, add: impl FnOnce(Batch) -> Batch) {
        match self.writes.last_mut() {
            Some((of, batch)) if of == name => *batch = add(std::mem::take(batch)),
            Some(_) | None => self.writes.push((name.to_owned(), add(Batch::default()))),
        }
    }

    fn keep(&mut self, name: &str, memory: &StackMemory) {
        let body = serde_json::to_vec(memory).expect("plain data");
        self.write(name, |batch| {
            batch.put(Shelf::Stack, name, Expect::Anything, body)
        });
    }

    /// Counts it, and has it stored.
    fn tell(&mut self, name: &str, at: Timestamp, event: &StackEvent, metrics: &Metrics) {
        metrics.event(name, event);
        let body = Journal::body(name, event);
        self.write(name, |batch| batch.append(Log::Events, at, body));
    }
}
