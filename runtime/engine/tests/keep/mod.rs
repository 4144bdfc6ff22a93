//! A target in a few lines, and the driver of one stack that is kept there, in virtual time. It keeps
//! count of whatever must never happen.

#![allow(
    dead_code,
    reason = "scenarios and properties use different parts of the yard"
)]

pub(crate) mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skep_engine::drive::Look;
use skep_engine::journal::Journal;
use skep_engine::lock::{Held, Holder};
use skep_engine::perform::{Done, PerformError};
use skep_engine::provider::ProviderError;
use skep_engine::reconcile::{Desired, Effect, Errand, Input, Opening, Policy, Reconcile, Seen};
use skep_schema::address::Address;
use skep_schema::api::stack::{
    APPROVAL_FORMAT, ApplyPolicy, Approval, Cause, Consent, DriftPolicy, Hold, StackMemory,
    StackState,
};
use skep_schema::change::{Change, ChangeSet, Meant};
use skep_schema::digest::DigestText;
use skep_schema::event::{APPLY_FORMAT, ApplyReport, NodeOutcome, Outcome, Timestamp};
use skep_schema::inventory::{Failure, Inventory, Observed, Readiness, Verdict};
use skep_schema::plan::{Origin, Payload, Plan, PlanNode};
use skep_schema::revision::{Ending, Entry, Purpose, REVISION_FORMAT, Revision};

const LOOK: u64 = 200;
const APPLY: u64 = 5_000;

/// One object of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Object {
    payload: Payload,
    /// What its label says it was meant to be.
    label: DigestText,
}

enum Flight {
    Look(Arc<Plan>),
    Apply(Box<Errand>),
}

/// What goes on at the stack's home, and who keeps it.
pub(crate) struct Yard {
    pub(crate) now: Timestamp,
    machine: Reconcile,
    settings: Policy,
    stored: StackMemory,
    desired: Option<Arc<Plan>>,
    objects: BTreeMap<Address, Object>,
    journal: Vec<Entry>,
    flight: Option<(Timestamp, Flight)>,
    /// Every other hour where there are windows: what the machine is told of them.
    windows: bool,
    pub(crate) down: bool,
    pub(crate) locked: bool,
    pub(crate) forgetful: bool,
    pub(crate) failing: BTreeMap<Address, Verdict>,
    pub(crate) ill: BTreeSet<Address>,
    /// When a look began last, and an apply.
    pub(crate) looked: Option<Timestamp>,
    pub(crate) applies: usize,
    approved: Option<Box<Approval>>,
    /// What of it the apply that runs has.
    in_use: Option<Box<Approval>>,
    /// Whether the apply that runs was asked to end.
    cut: bool,
    /// What was desired when somebody else had the last word.
    theirs: Option<DigestText>,
    pub(crate) wrong: Vec<String>,
    /// How an effect is written down, where somebody reads it.
    pub(crate) line: Option<fn(Timestamp, &Effect) -> String>,
    pub(crate) out: String,
}

impl Yard {
    pub(crate) fn new(apply: ApplyPolicy, drift: DriftPolicy, windows: bool) -> Self {
        let settings = Policy {
            apply,
            drift,
            window: Arc::new(move |at| opening(windows, at)),
            ..Policy::default()
        };
        let now = Timestamp(0);
        Self {
            now,
            machine: Reconcile::start("shop", settings.clone(), StackMemory::default(), now),
            settings,
            stored: StackMemory::default(),
            desired: None,
            objects: BTreeMap::new(),
            journal: Vec::new(),
            flight: None,
            windows,
            down: false,
            locked: false,
            forgetful: false,
            failing: BTreeMap::new(),
            ill: BTreeSet::new(),
            looked: None,
            applies: 0,
            approved: None,
            in_use: None,
            cut: false,
            theirs: None,
            wrong: Vec::new(),
            line: None,
            out: String::new(),
        }
    }

    pub(crate) fn state(&self) -> &StackState {
        &self.machine.status().state
    }

    pub(crate) fn status(&self) -> &skep_schema::api::stack::StackStatus {
        self.machine.status()
    }

    pub(crate) fn is_as_desired(&self) -> bool {
        let plan = self.desired.as_ref().expect("a plan came");
        plan.nodes.len() == self.objects.len()
            && plan
                .nodes
                .iter()
                .all(|(a, n)| self.objects.get(a).is_some_and(|o| o.payload == n.payload))
    }

    pub(crate) fn policy(&self) -> (ApplyPolicy, DriftPolicy) {
        (self.settings.apply, self.settings.drift)
    }

    pub(crate) fn has_plan(&self) -> bool {
        self.desired.is_some()
    }

    /// The daemon ends and another begins, with what was stored.
    pub(crate) fn restart(&mut self, forgets: bool) {
        if forgets {
            self.stored = StackMemory::default();
            self.theirs.take_if(|_| self.journal.is_empty());
        }
        // Whoever is killed in an apply has done a part of it.
        if let Some((_, Flight::Apply(errand))) = self.flight.take() {
            drop(self.perform(&errand, How::Killed));
        }
        if forgets {
            self.approved = None;
        }
        let (policy, memory) = (self.settings.clone(), self.stored.clone());
        self.machine = Reconcile::start("shop", policy, memory, self.now);
        if let Some(plan) = self.desired.clone() {
            self.source(plan);
        }
    }

    pub(crate) fn source(&mut self, plan: Arc<Plan>) {
        self.theirs.take_if(|digest| *digest != plan.digest);
        self.desired = Some(Arc::clone(&plan));
        let origin = "a folder".to_owned();
        self.give(Input::Desired(Ok(Desired { plan, origin })));
    }

    /// Somebody writes to the target past Skep.
    pub(crate) fn outside(&mut self, address: &Address, version: Option<&str>) {
        match version {
            None => drop(self.objects.remove(address)),
            Some(version) => {
                if let Some(object) = self.objects.get_mut(address) {
                    object.payload = node(address, version, &[]).payload;
                }
            }
        }
    }

    /// Somebody else applies another plan.
    pub(crate) fn other(&mut self, who: &str, plan: &Plan) {
        self.objects = plan
            .nodes
            .iter()
            .map(|(address, node)| (address.clone(), object(node)))
            .collect();
        let ending = Ending {
            at: self.now,
            outcome: Outcome::Done,
            failed: BTreeMap::new(),
        };
        let entry = entry(&self.journal, plan, who, self.now, Some(ending));
        self.journal.push(entry);
        let desired = self.desired.as_ref().map(|desired| desired.digest.clone());
        self.theirs = desired.filter(|digest| *digest != plan.digest);
    }

    pub(crate) fn destroy(&mut self) {
        if self.journal.is_empty() {
            return;
        }
        // Of a history that nobody here ever saw, nobody misses the end.
        let is_missed = self.status().revision > 0;
        let desired = self.desired.as_ref().filter(|_| is_missed);
        self.theirs = desired.map(|desired| desired.digest.clone());
        self.objects.clear();
        self.journal.clear();
    }

    pub(crate) fn approve(&mut self, who: &str, consent: Consent) {
        let Some(changes) = self.machine.changes().cloned() else {
            return;
        };
        let approval = Box::new(Approval {
            format: APPROVAL_FORMAT.to_owned(),
            who: who.to_owned(),
            at: self.now,
            changes,
            consent,
        });
        self.approved = Some(approval.clone());
        self.give(Input::Approved(approval));
    }

    pub(crate) fn withdraw(&mut self, who: &str) {
        self.approved = None;
        let who = who.to_owned();
        self.give(Input::Withdrawn { who });
    }

    pub(crate) fn give(&mut self, input: Input) {
        let effects = self.machine.on(input, self.now);
        for effect in effects {
            self.do_it(effect);
        }
    }

    pub(crate) fn trigger(&mut self, cause: Cause) {
        self.give(Input::Trigger(cause));
    }

    fn do_it(&mut self, effect: Effect) {
        if let Some(line) = self.line {
            self.out.push_str(&line(self.now, &effect));
        }
        match effect {
            Effect::Keep(memory) => self.stored = *memory,
            Effect::Look { plan, causes } => {
                self.check(!causes.is_empty(), "a look without a cause");
                self.looked = Some(self.now);
                self.start(LOOK, Flight::Look(plan));
            }
            Effect::Apply(errand) => {
                self.check_errand(&errand);
                self.applies += 1;
                self.start(APPLY, Flight::Apply(errand));
            }
            Effect::Cancel => {
                let is_applying = matches!(self.flight, Some((_, Flight::Apply(_))));
                self.check(is_applying, "cancels what does not run");
                self.cut = true;
            }
            Effect::Tell(_) => {}
        }
    }

    fn start(&mut self, takes: u64, flight: Flight) {
        self.check(self.flight.is_none(), "two things at once");
        self.flight = Some((self.now.plus(takes), flight));
    }

    fn check(&mut self, holds: bool, otherwise: &str) {
        if !holds {
            self.wrong.push(format!("{}: {otherwise}", self.now.0));
        }
    }

    fn check_errand(&mut self, errand: &Errand) {
        let next = Journal::of(&self.journal).next();
        let sent = self.stored.sent.clone();
        let is_noted = sent.is_some_and(|s| s.plan == errand.plan.digest && s.revision <= next);
        self.check(is_noted, "an apply that the store does not know of");
        let apply = self.settings.apply;
        self.check(
            apply != ApplyPolicy::Report,
            "an apply where only reports are wanted",
        );
        let approved =
            apply != ApplyPolicy::Approve || (self.approved.is_some() && errand.by.is_some());
        self.check(approved, "an apply that nobody approved");
        self.in_use = self.approved.clone();
        self.check(
            opening(self.windows, self.now).open,
            "an apply outside of a window",
        );
        self.check(
            *self.state() == StackState::Applying,
            "the state does not say so",
        );
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, millis: u64) {
        let end = self.now.plus(millis);
        for _ in 0..10_000 {
            let landing = self.flight.as_ref().map(|(at, _)| *at);
            let Some(at) = landing.into_iter().chain(self.machine.wake()).min() else {
                break;
            };
            if at > end {
                break;
            }
            self.now = self.now.max(at);
            match self.flight.take_if(|(landing, _)| *landing <= at) {
                Some((_, Flight::Look(plan))) => {
                    let seen = self.look(&plan);
                    self.give(Input::Looked(seen.map(Box::new)));
                }
                Some((_, Flight::Apply(errand))) => {
                    let how = if std::mem::take(&mut self.cut) {
                        How::Cut
                    } else {
                        How::Whole
                    };
                    let done = self.perform(&errand, how);
                    self.use_up(done.as_ref().ok());
                    self.give(Input::Applied(done));
                }
                None => {
                    let wake = self.machine.wake();
                    self.give(Input::Tick);
                    let moved = self.flight.is_some() || self.machine.wake() > wake;
                    self.check(moved, "a tick that leads to nothing");
                }
            }
        }
        self.now = end;
    }

    fn look(&self, plan: &Plan) -> Result<Seen, ProviderError> {
        if self.down {
            return Err(ProviderError::Unreachable {
                target: "the yard".to_owned(),
                message: "nobody answers".to_owned(),
            });
        }
        let inventory = self.inventory();
        let mut changes = ChangeSet::toward(plan, &inventory);
        let meant = Meant::of(plan, &inventory, &self.journal, &|found, _| found.clone());
        changes.blame(&meant);
        let look = Look {
            plan: plan.clone(),
            inventory,
            changes,
            taken: Vec::new(),
        };
        Ok(Seen {
            look,
            journal: Journal::of(&self.journal),
            missing: BTreeMap::new(),
        })
    }

    fn inventory(&self) -> Inventory {
        let observed = |(address, object): (&Address, &Object)| {
            let readiness = if self.ill.contains(address) {
                Readiness::Progressing {
                    detail: "0 of 1 running".to_owned(),
                    running: 0,
                    desired: 1,
                }
            } else {
                Readiness::Ready {
                    running: 1,
                    desired: 1,
                }
            };
            let observed = Observed {
                payload: object.payload.clone(),
                digest: Some(object.label.clone()),
                readiness,
                was: None,
            };
            (address.clone(), observed)
        };
        Inventory {
            nodes: self.objects.iter().map(observed).collect(),
            ..Inventory::default()
        }
    }

    /// Where nothing was done, or not all was tried, an approval is as good as before.
    fn use_up(&mut self, done: Option<&Done>) {
        let is_tried = done.is_some_and(|done| !done.report.is_cut_short());
        if is_tried && self.approved == self.in_use {
            self.approved = None;
        }
    }

    /// As the engine's own `perform` does it.
    fn perform(&mut self, errand: &Errand, how: How) -> Result<Done, PerformError> {
        if self.locked {
            return Err(PerformError::Locked(Box::new(held(self.now))));
        }
        let seen = self.look(&errand.plan)?;
        let look = errand.scope.of(seen.look)?;
        errand.allow(&look, &seen.journal, &seen.missing)?;
        let asked = errand.by.is_some();
        let theirs = self.theirs.take();
        let may = asked || theirs.is_none_or(|digest| digest != errand.plan.digest);
        self.check(may, "undoes somebody else's last word unasked");
        let mut nodes = BTreeMap::new();
        let all = look.changes.changes.len();
        let tried = if how == How::Whole { all } else { 1 };
        for change in look.changes.changes.iter().take(tried) {
            let left = !asked && self.settings.drift == DriftPolicy::Report;
            self.check(!left || self.is_wanted(change), "undoes drift unasked");
            nodes.insert(change.address.clone(), self.write(change));
        }
        let report = ApplyReport {
            format: APPLY_FORMAT.to_owned(),
            stack: "shop".to_owned(),
            id: look.changes.id.clone(),
            outcome: if tried < all {
                Outcome::Cancelled
            } else {
                outcome(&nodes)
            },
            millis: APPLY,
            nodes,
        };
        let ending = Ending::of(&report, &look.changes, self.now);
        let failed = ending.failed.clone();
        let ending = (how != How::Killed).then_some(ending);
        let by = errand.by.as_deref().unwrap_or("skep");
        let entry = entry(&self.journal, &errand.plan, by, self.now, ending);
        let number = entry.revision.number;
        let is_recorded = !look.changes.is_empty() && !self.forgetful;
        if is_recorded {
            self.journal.push(entry);
        }
        Ok(Done {
            report,
            revision: is_recorded.then_some(number),
            failed,
        })
    }

    /// Whether the spec says something else of it than when it was written.
    fn is_wanted(&self, change: &Change) -> bool {
        let there = self
            .objects
            .get(&change.address)
            .map(|object| &object.label);
        let after = change.after.as_ref().map(|node| &node.digest);
        there.is_none() || there != after
    }

    fn write(&mut self, change: &Change) -> NodeOutcome {
        if let Some(verdict) = self.failing.get(&change.address) {
            return NodeOutcome::Failed(Failure {
                verdict: *verdict,
                message: "it did not work".to_owned(),
                tasks: Vec::new(),
            });
        }
        match &change.after {
            Some(node) => drop(self.objects.insert(change.address.clone(), object(node))),
            None => drop(self.objects.remove(&change.address)),
        }
        NodeOutcome::Done {
            action: change.action,
            millis: APPLY,
        }
    }

    pub(crate) fn hold(&mut self, hold: Hold) {
        self.give(Input::Held(hold));
    }
}

/// How much of an apply is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Whole,
    /// Its first change, and it says that it was cut short.
    Cut,
    /// Its first change, and it says nothing.
    Killed,
}

/// Open in every other hour, where there are windows at all.
fn opening(windows: bool, at: Timestamp) -> Opening {
    const HOUR: u64 = 3_600_000;
    let hours = at.0 / HOUR;
    Opening {
        open: !windows || hours % 2 == 1,
        until: windows.then_some(Timestamp((hours + 1) * HOUR)),
    }
}

fn outcome(nodes: &BTreeMap<Address, NodeOutcome>) -> Outcome {
    let failed = |node: &NodeOutcome| matches!(node, NodeOutcome::Failed(_));
    let number = nodes.values().filter(|node| failed(node)).count();
    match number {
        0 => Outcome::Done,
        _ if number == nodes.len() => Outcome::Failed,
        _ => Outcome::Partial,
    }
}

fn object(node: &PlanNode) -> Object {
    Object {
        payload: node.payload.clone(),
        label: node.digest.clone(),
    }
}

fn entry(
    journal: &[Entry],
    plan: &Plan,
    by: &str,
    begun: Timestamp,
    ending: Option<Ending>,
) -> Entry {
    let last = journal.last().map_or(0, |entry| entry.revision.number);
    Entry {
        revision: Revision {
            format: REVISION_FORMAT.to_owned(),
            number: last + 1,
            begun,
            by: by.to_owned(),
            purpose: Purpose::Apply,
            summary: skep_schema::change::Summary::default(),
            plan: plan.clone(),
            secrets: BTreeMap::new(),
            env: BTreeMap::new(),
        },
        ending,
    }
}

fn held(now: Timestamp) -> Held {
    Held {
        holder: Holder {
            who: "bob@desk".to_owned(),
            purpose: "apply".to_owned(),
            process: "1 elsewhere".to_owned(),
            nonce: "1".to_owned(),
        },
        since: now,
        until: now.plus(45_000),
    }
}

/// A service of this version, and what has to be healthy before it.
pub(crate) fn node(address: &Address, version: &str, needs: &[Address]) -> PlanNode {
    let service = skep_schema::plan::Service {
        name: format!("shop_{}", address.name),
        image: format!("app:{version}"),
        ..skep_schema::plan::Service::default()
    };
    let payload = Payload::Service(Box::new(service));
    let target = skep_schema::plan::Target::Swarm;
    let mut node = PlanNode::new(address, target, payload, Origin::default());
    let healthy = |need: &Address| (need.clone(), skep_schema::plan::Need::Healthy);
    node.needs = needs.iter().map(healthy).collect();
    node
}
