//! A world in a few lines: an apply runs against it in virtual time, and it keeps count of
//! whatever must never happen.

#![allow(
    dead_code,
    reason = "scenarios and properties use different parts of the world"
)]

use std::collections::{BTreeMap, BTreeSet};

use skep_engine::apply::{Apply, Effect, Input, Limits};
use skep_engine::provider::ProviderError;
use skep_schema::address::Address;
use skep_schema::change::{Action, ChangeSet};
use skep_schema::event::{ApplyReport, Event, Timestamp};
use skep_schema::inventory::{Failure, Inventory, Observed, Readiness, Verdict};
use skep_schema::plan::{Need, Payload, Plan, Target};

/// How one node behaves.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    /// Milliseconds a write takes.
    pub(crate) write: u64,
    /// Checks that find it on its way before one finds it ready.
    pub(crate) checks: u64,
    pub(crate) fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is written and then fails.
    Fails(Verdict),
    Rejected,
    Denied,
    /// Somebody else wrote it, with another result or with the same.
    Raced,
    RacedAlike,
    /// So many calls get no answer; the write may have happened.
    Lost(u32),
    /// So many calls find no leader; nothing happens.
    Leaderless(u32),
    /// It never becomes ready.
    Stuck,
    /// Its write is never answered.
    Mute,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            write: 100,
            checks: 0,
            fault: None,
        }
    }
}

pub(crate) struct World {
    pub(crate) objects: BTreeMap<Address, Payload>,
    ready: BTreeSet<Address>,
    manners: BTreeMap<Address, Manner>,
    lost: BTreeMap<Address, u32>,
    checked: BTreeMap<Address, u64>,
    /// What was there before the last write: where the engine goes back to.
    previous: BTreeMap<Address, Payload>,
    pub(crate) writes: usize,
    pub(crate) collected: bool,
    /// What must never happen, and did.
    pub(crate) wrong: Vec<String>,
}

impl World {
    /// The world in which `plan` was applied.
    pub(crate) fn of(plan: &Plan, manners: BTreeMap<Address, Manner>) -> Self {
        let objects: BTreeMap<Address, Payload> = objects(plan);
        Self {
            ready: objects.keys().cloned().collect(),
            objects,
            manners,
            lost: BTreeMap::new(),
            checked: BTreeMap::new(),
            previous: BTreeMap::new(),
            writes: 0,
            collected: false,
            wrong: Vec::new(),
        }
    }

    pub(crate) fn inventory(&self) -> Inventory {
        let observed = |payload: &Payload| Observed {
            was: None,
            payload: payload.clone(),
            digest: None,
            readiness: Readiness::Ready {
                running: 1,
                desired: 1,
            },
        };
        let nodes = self
            .objects
            .iter()
            .map(|(address, payload)| (address.clone(), observed(payload)));
        Inventory {
            nodes: nodes.collect(),
            ..Inventory::default()
        }
    }

    pub(crate) fn heal(&mut self) {
        self.manners.clear();
    }

    /// A node of which nothing more is known than that it is not up.
    pub(crate) fn down(&mut self, address: &Address) {
        self.ready.remove(address);
    }

    fn manner(&self, address: &Address) -> Manner {
        self.manners.get(address).cloned().unwrap_or_default()
    }

    /// What a call gets instead of an answer.
    fn trouble(&mut self, address: &Address) -> Option<ProviderError> {
        let (times, error) = match self.manner(address).fault? {
            Fault::Lost(times) => (times, unanswered()),
            Fault::Leaderless(times) => (times, leaderless()),
            Fault::Fails(_)
            | Fault::Rejected
            | Fault::Denied
            | Fault::Raced
            | Fault::RacedAlike
            | Fault::Stuck
            | Fault::Mute => return None,
        };
        let lost = self.lost.entry(address.clone()).or_default();
        *lost += 1;
        (*lost <= times).then_some(error)
    }

    fn write(
        &mut self,
        changes: &ChangeSet,
        plan: &Plan,
        address: &Address,
    ) -> Result<(), ProviderError> {
        let change = changes.get(address).expect("only changes are written");
        self.writes += 1;
        let fault = self.manner(address).fault;
        let refused = |message: &str| message.to_owned();
        match fault {
            Some(Fault::Rejected) => {
                return Err(ProviderError::Rejected {
                    message: refused("port 80 is taken"),
                });
            }
            Some(Fault::Denied) => {
                return Err(ProviderError::Denied {
                    message: refused("not ours"),
                });
            }
            Some(Fault::Raced) => {
                return Err(ProviderError::Conflict {
                    address: address.clone(),
                });
            }
            Some(
                Fault::Fails(_)
                | Fault::RacedAlike
                | Fault::Lost(_)
                | Fault::Leaderless(_)
                | Fault::Stuck
                | Fault::Mute,
            )
            | None => {}
        }
        let trouble = self.trouble(address);
        if let Some(error @ ProviderError::Leaderless { .. }) = trouble {
            return Err(error);
        }
        self.ready.remove(address);
        match (&change.after, change.action) {
            (Some(after), Action::Create | Action::Update | Action::Replace | Action::Adopt) => {
                self.missing(plan, address);
                let old = self.objects.insert(address.clone(), after.payload.clone());
                self.previous
                    .extend(old.map(|payload| (address.clone(), payload)));
            }
            (_, Action::Delete | Action::Forget) => self.remove(address),
            (None, Action::Create | Action::Update | Action::Replace | Action::Adopt) => {
                self.wrong.push(format!("nothing to write at {address}"));
            }
        }
        if !matches!(self.objects.get(address), Some(Payload::Service(_))) {
            self.ready.insert(address.clone());
        }
        if let Some(error) = trouble {
            return Err(error);
        }
        match fault {
            Some(Fault::RacedAlike) => Err(ProviderError::Conflict {
                address: address.clone(),
            }),
            Some(
                Fault::Fails(_)
                | Fault::Rejected
                | Fault::Denied
                | Fault::Raced
                | Fault::Lost(_)
                | Fault::Leaderless(_)
                | Fault::Stuck
                | Fault::Mute,
            )
            | None => Ok(()),
        }
    }

    /// Notes what a node needs and has not got.
    fn missing(&mut self, plan: &Plan, address: &Address) {
        for (need, level) in plan.needs_of(address) {
            let object = plan
                .nodes
                .get(need)
                .is_some_and(|n| is_object(n.target, &n.payload));
            let there = self.objects.contains_key(need)
                && (level == Need::Exists || self.ready.contains(need));
            if object && !there {
                self.wrong
                    .push(format!("{address} is written without {need}"));
            }
        }
    }

    fn remove(&mut self, address: &Address) {
        let Some(gone) = self.objects.remove(address) else {
            return;
        };
        let kind_and_name = gone.object().zip(gone.physical_name());
        for (user, payload) in &self.objects {
            if payload
                .references()
                .into_iter()
                .any(|reference| Some(reference) == kind_and_name)
            {
                self.wrong
                    .push(format!("{address} is deleted while {user} uses it"));
            }
        }
    }

    fn check(&mut self, address: &Address) -> Result<Readiness, ProviderError> {
        if let Some(error) = self.trouble(address) {
            return Err(error);
        }
        let manner = self.manner(address);
        let so_far = self.checked.entry(address.clone()).or_default();
        *so_far += 1;
        if let Some(Fault::Fails(verdict)) = manner.fault
            && *so_far > manner.checks
        {
            if verdict == Verdict::RolledBack {
                self.objects.extend(self.previous.remove_entry(address));
            }
            let message = "it did not work".to_owned();
            return Ok(Readiness::Failed(Failure {
                verdict,
                message,
                tasks: Vec::new(),
            }));
        }
        if manner.fault == Some(Fault::Raced) {
            let message = "somebody changed it meanwhile".to_owned();
            return Ok(Readiness::Failed(Failure {
                verdict: Verdict::Superseded,
                message,
                tasks: Vec::new(),
            }));
        }
        if manner.fault == Some(Fault::Stuck) || *so_far <= manner.checks {
            return Ok(Readiness::Progressing {
                detail: "0 of 1 running".to_owned(),
                running: 0,
                desired: 1,
            });
        }
        self.ready.insert(address.clone());
        Ok(Readiness::Ready {
            running: 1,
            desired: 1,
        })
    }
}

fn unanswered() -> ProviderError {
    ProviderError::Unreachable {
        target: "the engine".to_owned(),
        message: "connection refused".to_owned(),
    }
}

fn leaderless() -> ProviderError {
    ProviderError::Leaderless {
        target: "the engine".to_owned(),
        message: "2 of its 3 managers have to be up".to_owned(),
    }
}

fn is_object(target: Target, payload: &Payload) -> bool {
    target == Target::Swarm
        && !matches!(payload, Payload::Volume(_) | Payload::Declared(_))
        && !payload.is_external()
}

/// What a swarm holds once `plan` was applied.
pub(crate) fn objects(plan: &Plan) -> BTreeMap<Address, Payload> {
    let held = plan
        .nodes
        .iter()
        .filter(|(_, node)| is_object(node.target, &node.payload));
    held.map(|(address, node)| (address.clone(), node.payload.clone()))
        .collect()
}

/// What is done to an apply from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hand {
    /// When it is cancelled, in milliseconds.
    pub(crate) cancels: Vec<u64>,
    /// After how many inputs the process is gone.
    pub(crate) crash: Option<usize>,
}

/// Runs one apply to its end, or to its crash. `tell` hears every effect.
pub(crate) fn run(
    world: &mut World,
    plan: &Plan,
    changes: &ChangeSet,
    limits: Limits,
    hand: &Hand,
    tell: &mut dyn FnMut(Timestamp, &Effect),
) -> Option<ApplyReport> {
    let mut now = Timestamp(0);
    let (mut apply, mut effects) = Apply::start(plan, changes, limits, now);
    let mut calls: BTreeMap<(Timestamp, usize), Call> = BTreeMap::new();
    for (i, at) in hand.cancels.iter().enumerate() {
        calls.insert((Timestamp(*at), i), Call::Cancel);
    }
    let mut failed = false;
    for inputs in 0..100_000 {
        for effect in std::mem::take(&mut effects) {
            tell(now, &effect);
            let (at, call) = match effect {
                Effect::Write(address) => {
                    let delete = changes
                        .get(&address)
                        .is_some_and(|c| c.action == Action::Delete);
                    if failed && delete {
                        world
                            .wrong
                            .push(format!("{address} is deleted after a failure"));
                    }
                    if world.manner(&address).fault == Some(Fault::Mute) {
                        continue;
                    }
                    (now.plus(world.manner(&address).write), Call::Write(address))
                }
                Effect::Check(address, at) => (now.max(at).plus(10), Call::Check(address)),
                Effect::Collect => (now.plus(10), Call::Collect),
                Effect::Tell(event) => {
                    failed |= matches!(event, Event::Failed { .. });
                    continue;
                }
                Effect::Finish(report) => return Some(report),
            };
            calls.insert((at, calls.len() + inputs * 1000), call);
        }
        if hand.crash == Some(inputs) {
            return None;
        }
        let next = calls.keys().next().copied();
        let wake = apply
            .wake()
            .filter(|wake| next.is_none_or(|(at, _)| *wake < at));
        let input = match (wake, next) {
            (Some(wake), _) => {
                now = now.max(wake);
                Input::Tick
            }
            (None, Some(next)) => {
                now = now.max(next.0);
                match calls.remove(&next).expect("the first key") {
                    Call::Write(address) => {
                        Input::Written(address.clone(), world.write(changes, plan, &address))
                    }
                    Call::Check(address) => Input::Checked(address.clone(), world.check(&address)),
                    Call::Collect => {
                        world.collected = true;
                        Input::Collected(Ok(()))
                    }
                    Call::Cancel => Input::Cancel,
                }
            }
            (None, None) => {
                world.wrong.push("the apply waits for nothing".to_owned());
                return None;
            }
        };
        effects = apply.on(input, now);
    }
    world.wrong.push("the apply never ends".to_owned());
    None
}

enum Call {
    Write(Address),
    Check(Address),
    Collect,
    Cancel,
}
