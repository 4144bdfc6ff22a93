//! An apply as a state machine: inputs in, effects out, time as an argument.
//!
//! A node begins as soon as what it waits for has come as far as it needs, not when a whole wave
//! has. Deletes begin only after everything else has arrived, and after a failure not at all; a
//! failure skips what waits for it and nothing else. Nothing is remembered between applies: the
//! next look at the target finds what is left to do.

mod limits;
mod node;
mod outcome;
mod start;
mod tries;
mod turn;

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Address;
use skep_schema::digest::DigestText;
use skep_schema::event::{ApplyReport, Event, Timestamp};
use skep_schema::inventory::{Failure, Readiness, Verdict};

use crate::provider::ProviderError;
use node::{Far, Node, State};
use tries::Tries;

pub use limits::Limits;

/// What the driver has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Write the change of this address, and report [`Input::Written`].
    Write(Address),
    /// Ask at this time or later whether the node has arrived, and report [`Input::Checked`].
    Check(Address, Timestamp),
    /// Show and record it.
    Tell(Event),
    /// Remove what was superseded, and report [`Input::Collected`].
    Collect,
    /// The apply is over; further inputs do nothing.
    Finish(ApplyReport),
}

/// What the driver has to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Written(Address, Result<(), ProviderError>),
    Checked(Address, Result<Readiness, ProviderError>),
    Collected(Result<(), ProviderError>),
    /// The time [`Apply::wake`] named has come.
    Tick,
    /// The first time no new write begins and what was begun is waited for; the second time
    /// nothing is waited for any more.
    Cancel,
}

/// One apply of a change set, from its first write to its report.
#[derive(Clone, Debug)]
pub struct Apply {
    stack: String,
    id: DigestText,
    limits: Limits,
    started: Timestamp,
    phase: Phase,
    /// The changes in their order, then awaited nodes, then existing ones that a change needs.
    nodes: Vec<Node>,
    places: BTreeMap<Address, usize>,
    /// Nodes that may begin.
    ready: BTreeSet<usize>,
    /// Nodes that have begun and have not ended.
    active: BTreeSet<usize>,
    /// Changes that must arrive before the last deletes may begin.
    ahead: usize,
    first_failure: Option<usize>,
    /// Changes and awaited nodes that have not ended.
    open: usize,
    written: bool,
    effects: Vec<Effect>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Applying,
    /// No new write is begun.
    Cancelled,
    /// All is done; superseded objects are being removed.
    Collecting {
        since: Timestamp,
    },
    Finished,
}

impl Apply {
    /// Takes in what happened and says what follows from it.
    pub fn on(&mut self, input: Input, now: Timestamp) -> Vec<Effect> {
        if self.phase == Phase::Finished {
            return Vec::new();
        }
        match input {
            Input::Written(address, result) => self.on_written(&address, result, now),
            Input::Checked(address, result) => self.on_checked(&address, result, now),
            Input::Collected(result) => self.on_collected(result, now),
            Input::Tick => {}
            Input::Cancel => self.on_cancel(now),
        }
        self.proceed(now);
        std::mem::take(&mut self.effects)
    }

    /// When the driver has to call again with [`Input::Tick`] unless something happens before.
    pub fn wake(&self) -> Option<Timestamp> {
        let deadline = self.limits.deadline;
        if let Phase::Collecting { since } = self.phase {
            return Some(since.plus(deadline));
        }
        let free = self.writing() < self.limits.writes;
        let due = |node: &Node| match node.state {
            State::Retrying { at, .. } if free => at.min(node.begun.plus(deadline)),
            State::Waiting
            | State::Retrying { .. }
            | State::Writing { .. }
            | State::Doubted
            | State::Settling { .. }
            | State::Done { .. }
            | State::Failed(_)
            | State::Skipped { .. } => node.begun.plus(deadline),
        };
        self.active.iter().map(|i| due(&self.nodes[*i])).min()
    }

    fn on_written(&mut self, address: &Address, result: Result<(), ProviderError>, now: Timestamp) {
        let Some(&i) = self.places.get(address) else {
            return;
        };
        let State::Writing { tries } = &self.nodes[i].state else {
            return;
        };
        match result {
            Ok(()) => self.arrived_at_target(i, now),
            Err(error) if let Some(tries) = self.worth_another(i, tries.as_ref(), &error, now) => {
                self.tell_trouble(i, &tries);
                let at = tries.next(&self.limits, now);
                self.nodes[i].state = State::Retrying { at, tries };
            }
            // Whoever else wrote it may have wanted the same.
            Err(ProviderError::Conflict { .. }) if self.nodes[i].can_be_checked() => {
                self.nodes[i].state = State::Doubted;
                self.effects.push(Effect::Check(address.clone(), now));
            }
            Err(error) => self.fail(i, failure(&error)),
        }
    }

    fn on_checked(
        &mut self,
        address: &Address,
        result: Result<Readiness, ProviderError>,
        now: Timestamp,
    ) {
        let Some(&i) = self.places.get(address) else {
            return;
        };
        match (&self.nodes[i].state, result) {
            (State::Doubted, Ok(Readiness::Ready { .. } | Readiness::Progressing { .. })) => {
                self.arrived_at_target(i, now);
            }
            (State::Doubted, Ok(Readiness::Failed(_)) | Err(_)) => {
                let error = ProviderError::Conflict {
                    address: address.clone(),
                };
                self.fail(i, failure(&error));
            }
            (State::Settling { .. }, Ok(Readiness::Ready { .. })) => self.done(i, now),
            (State::Settling { .. }, Ok(Readiness::Failed(why))) => self.fail(i, why),
            (State::Settling { .. }, Ok(Readiness::Progressing { detail, .. })) => {
                self.wait(i, detail, now);
            }
            (State::Settling { tries, .. }, Err(error)) => {
                match Tries::after(tries.as_ref(), &error, &self.limits, now) {
                    Some(tries) => self.check_later(i, tries, now),
                    None => self.fail(i, failure(&error)),
                }
            }
            (
                State::Waiting
                | State::Writing { .. }
                | State::Retrying { .. }
                | State::Done { .. }
                | State::Failed(_)
                | State::Skipped { .. },
                _,
            ) => {}
        }
    }

    fn on_collected(&mut self, result: Result<(), ProviderError>, now: Timestamp) {
        let Phase::Collecting { .. } = self.phase else {
            return;
        };
        if let Err(error) = result {
            self.tell(Event::Uncollected {
                message: error.to_string(),
            });
        }
        self.finish(now);
    }

    fn on_cancel(&mut self, now: Timestamp) {
        match self.phase {
            Phase::Applying => {
                self.phase = Phase::Cancelled;
                self.tell(Event::Cancelling);
                self.give_up_retries(|_| true);
            }
            Phase::Cancelled | Phase::Collecting { .. } => self.finish(now),
            Phase::Finished => {}
        }
    }

    /// A write that failed, unless another try is not wanted any more or would be one too many.
    fn worth_another(
        &self,
        i: usize,
        before: Option<&Tries>,
        error: &ProviderError,
        now: Timestamp,
    ) -> Option<Tries> {
        let still_wanted = !self.nodes[i].is_delete() || self.first_failure.is_none();
        let may_write = self.may_write() && still_wanted;
        Tries::after(before, error, &self.limits, now).filter(|_| may_write)
    }

    fn check_later(&mut self, i: usize, tries: Tries, now: Timestamp) {
        self.tell_trouble(i, &tries);
        let address = self.nodes[i].address.clone();
        let at = tries.next(&self.limits, now);
        self.nodes[i].state = State::Settling {
            tries: Some(tries),
            detail: None,
        };
        self.effects.push(Effect::Check(address, at));
    }

    /// Says once what the next try waits for.
    fn tell_trouble(&mut self, i: usize, tries: &Tries) {
        if tries.is_first() {
            self.tell(Event::Waiting {
                address: self.nodes[i].address.clone(),
                detail: tries.words().to_owned(),
            });
        }
    }

    fn give_up_retries(&mut self, of: impl Fn(&Node) -> bool) {
        for i in self.active.clone() {
            match &self.nodes[i].state {
                State::Retrying { tries, .. } if of(&self.nodes[i]) => {
                    let why = failure(&tries.why);
                    self.fail(i, why);
                }
                State::Waiting
                | State::Writing { .. }
                | State::Retrying { .. }
                | State::Doubted
                | State::Settling { .. }
                | State::Done { .. }
                | State::Failed(_)
                | State::Skipped { .. } => {}
            }
        }
    }

    /// The write is in; a service still has to come up.
    fn arrived_at_target(&mut self, i: usize, now: Timestamp) {
        self.written = true;
        self.tell(Event::Written {
            address: self.nodes[i].address.clone(),
        });
        self.release(i, Far::Written);
        if self.nodes[i].settles() {
            self.nodes[i].state = State::Settling {
                tries: None,
                detail: None,
            };
            self.check(i, now);
        } else {
            self.done(i, now);
        }
    }

    /// Still on its way: worth a word when the words change.
    fn wait(&mut self, i: usize, detail: String, now: Timestamp) {
        let known = matches!(&self.nodes[i].state, State::Settling { detail: Some(known), .. } if *known == detail);
        if !known {
            self.tell(Event::Waiting {
                address: self.nodes[i].address.clone(),
                detail: detail.clone(),
            });
        }
        self.nodes[i].state = State::Settling {
            tries: None,
            detail: Some(detail),
        };
        self.check(i, now);
    }

    /// Asks at the next beat; all nodes share it, so that a provider can answer them with one list.
    fn check(&mut self, i: usize, now: Timestamp) {
        let beat = self.limits.poll.max(1);
        let at = self
            .started
            .plus((now.since(self.started) / beat + 1) * beat);
        self.effects
            .push(Effect::Check(self.nodes[i].address.clone(), at));
    }

    fn done(&mut self, i: usize, now: Timestamp) {
        let millis = now.since(self.nodes[i].begun);
        self.nodes[i].state = State::Done { millis };
        self.active.remove(&i);
        self.release(i, Far::Written);
        self.release(i, Far::Arrived);
        if self.nodes[i].counts() {
            self.open -= 1;
            self.tell(Event::Done {
                address: self.nodes[i].address.clone(),
                millis,
            });
        }
        if self.nodes[i].is_ahead() {
            self.ahead -= 1;
            self.release_last();
        }
    }

    pub(super) fn fail(&mut self, i: usize, failure: Failure) {
        if !self.active.remove(&i) {
            return;
        }
        self.tell(Event::Failed {
            address: self.nodes[i].address.clone(),
            failure: failure.clone(),
        });
        self.nodes[i].state = State::Failed(failure);
        self.open -= usize::from(self.nodes[i].counts());
        let followers: Vec<usize> = self.nodes[i]
            .followers
            .iter()
            .map(|(follower, _)| *follower)
            .collect();
        self.skip(followers, i);
        if self.first_failure.is_none() {
            self.first_failure = Some(i);
            self.keep_all(i);
        }
    }

    /// After a failure nothing is deleted any more, not even what was about to be tried again.
    fn keep_all(&mut self, failed: usize) {
        let deletes: Vec<usize> = (0..self.nodes.len())
            .filter(|i| self.nodes[*i].is_delete())
            .collect();
        self.skip(deletes, failed);
        self.give_up_retries(Node::is_delete);
    }

    fn tell(&mut self, event: Event) {
        self.effects.push(Effect::Tell(event));
    }
}

fn failure(error: &ProviderError) -> Failure {
    let verdict = match error {
        ProviderError::Unreachable { .. } | ProviderError::Leaderless { .. } => {
            Verdict::Unreachable
        }
        ProviderError::Conflict { .. } => Verdict::Superseded,
        ProviderError::Rejected { .. } => Verdict::Rejected,
        ProviderError::Denied { .. } => Verdict::Denied,
    };
    Failure {
        verdict,
        message: error.to_string(),
        tasks: Vec::new(),
    }
}
