//! The simplest driver of a stack that is kept: it does one thing after another.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use skep_engine::apply::Limits;
use skep_engine::drive::look_back;
use skep_engine::perform::{Done, Hand, PerformError, Work, perform};
use skep_engine::reconcile::{Desired, Effect, Errand, Input, Policy, Reconcile, Seen};
use skep_providers::model::Model;
use skep_schema::api::stack::{APPROVAL_FORMAT, Approval, Cause, Consent, StackMemory, StackState};
use skep_schema::event::{Outcome, Timestamp};
use skep_schema::plan::Plan;
use skep_schema::revision::Purpose;
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep};

use crate::lock::{START, holder, lives};
use crate::support::STACK;

pub(crate) struct Keeper {
    pub(crate) model: Model,
    policy: Policy,
    machine: Reconcile,
    pub(crate) memory: StackMemory,
    desired: Option<Arc<Plan>>,
    zero: Instant,
    pub(crate) applies: Vec<Result<Outcome, String>>,
}

impl Keeper {
    pub(crate) fn new(model: Model, policy: Policy) -> Self {
        let memory = StackMemory::default();
        Self {
            model,
            machine: Reconcile::start(STACK, policy.clone(), memory.clone(), START),
            policy,
            memory,
            desired: None,
            zero: Instant::now(),
            applies: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> &StackState {
        &self.machine.status().state
    }

    pub(crate) fn status(&self) -> &skep_schema::api::stack::StackStatus {
        self.machine.status()
    }

    fn now(&self) -> Timestamp {
        now(self.zero)
    }

    /// Another daemon takes over, with what this one kept.
    pub(crate) async fn restart(&mut self, memory: StackMemory) {
        self.memory = memory;
        self.machine =
            Reconcile::start(STACK, self.policy.clone(), self.memory.clone(), self.now());
        if let Some(plan) = self.desired.clone() {
            self.source(plan).await;
        }
    }

    /// What the source brings when it is asked next.
    pub(crate) fn desire(&mut self, plan: Plan) {
        self.desired = Some(Arc::new(plan));
    }

    pub(crate) async fn source(&mut self, plan: impl Into<Arc<Plan>>) {
        let plan = plan.into();
        self.desired = Some(Arc::clone(&plan));
        let origin = "a test".to_owned();
        self.give(Input::Desired(Ok(Desired { plan, origin })))
            .await;
    }

    pub(crate) async fn event(&mut self) {
        let about = "something".to_owned();
        self.give(Input::Trigger(Cause::Engine { about })).await;
    }

    pub(crate) async fn approve(&mut self, consent: Consent) {
        let changes = self.machine.changes().cloned().expect("it has looked");
        let approval = Approval {
            format: APPROVAL_FORMAT.to_owned(),
            who: "ann".to_owned(),
            at: self.now(),
            changes,
            consent,
        };
        self.give(Input::Approved(Box::new(approval))).await;
    }

    /// Lets time pass.
    pub(crate) async fn wait(&mut self, seconds: u64) {
        let end = self.now().plus(seconds * 1_000);
        while let Some(at) = self.machine.wake().filter(|at| *at <= end) {
            sleep(Duration::from_millis(at.since(self.now()))).await;
            self.give(Input::Tick).await;
        }
        sleep(Duration::from_millis(end.since(self.now()))).await;
    }

    pub(crate) async fn give(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for effect in self.machine.on(input, now(self.zero)) {
                match effect {
                    Effect::Keep(memory) => self.memory = *memory,
                    Effect::Look { plan, .. } => inputs.push_back(self.look(&plan).await),
                    Effect::Apply(errand) => inputs.push_back(self.apply(&errand).await),
                    Effect::Cancel | Effect::Tell(_) => {}
                }
            }
        }
    }

    async fn look(&self, plan: &Plan) -> Input {
        let seen = look_back(&self.model, plan).await;
        Input::Looked(seen.map(|(look, journal)| {
            let missing = BTreeMap::new();
            Box::new(Seen {
                look,
                journal,
                missing,
            })
        }))
    }

    async fn apply(&mut self, errand: &Errand) -> Input {
        let missing = BTreeMap::new();
        let work = Work {
            plan: &errand.plan,
            purpose: Purpose::Apply,
            origin: None,
            scope: errand.scope,
            allow: &|seen, journal| errand.allow(seen, journal, &missing),
        };
        let by = errand.by.as_deref().unwrap_or("skep");
        let done = done(&self.model, &work, by, self.zero).await;
        let told = done.as_ref().map(|done| done.report.outcome);
        self.applies.push(told.map_err(ToString::to_string));
        Input::Applied(done)
    }

    /// Somebody applies a plan at a command line.
    pub(crate) async fn other(&self, plan: &Plan) -> Result<Done, PerformError> {
        let work = Work {
            plan,
            purpose: Purpose::Apply,
            origin: None,
            scope: skep_engine::guard::Scope::All,
            allow: &|_, _| Ok(()),
        };
        done(&self.model, &work, "bob@desk", self.zero).await
    }
}

fn now(zero: Instant) -> Timestamp {
    START.plus(u64::try_from(zero.elapsed().as_millis()).expect("a short test"))
}

/// Leases are told apart by their number.
static LEASES: AtomicUsize = AtomicUsize::new(0);

async fn done(
    model: &Model,
    work: &Work<'_>,
    by: &str,
    zero: Instant,
) -> Result<Done, PerformError> {
    let (keep, mut cancelled) = (mpsc::channel(1), None);
    cancelled.replace(keep.1);
    let mut hand = Hand {
        by: by.to_owned(),
        holder: &|_| {
            let number = LEASES.fetch_add(1, Ordering::Relaxed);
            holder(&format!("{by} {number}"))
        },
        is_gone: &lives,
        clock: &|| now(zero),
        patience: Duration::ZERO,
        limits: Limits::default(),
        cancel: &mut || cancelled.take().expect("it is asked for once"),
        tell: &mut |_| (),
    };
    let done = perform(model, work, &mut hand).await;
    drop(keep.0);
    done
}
