//! Whose turn it is, and whose turn will never come.

use std::collections::BTreeSet;

use skep_schema::event::{Event, Timestamp};

use super::node::{Arrival, Far, Role, State, Turn};
use super::{Apply, Effect, Phase};

impl Apply {
    /// Whether nothing that a node waits for is missing.
    pub(super) fn may_begin(&self, i: usize) -> bool {
        let node = &self.nodes[i];
        let turn = match node.role {
            Role::Change {
                turn: Turn::Last, ..
            } => self.ahead == 0 && self.first_failure.is_none(),
            Role::Change {
                turn: Turn::Any | Turn::Early,
                ..
            } => true,
            Role::Existing | Role::Awaited => false,
        };
        turn && node.waits == 0 && node.is_waiting()
    }

    /// Lets those go on who waited for this node to come this far.
    pub(super) fn release(&mut self, i: usize, far: Far) {
        let mut followers = std::mem::take(&mut self.nodes[i].followers);
        followers.retain(|(follower, wanted)| {
            if *wanted == far {
                self.nodes[*follower].waits -= 1;
                if self.may_begin(*follower) {
                    self.ready.insert(*follower);
                }
            }
            *wanted != far
        });
        self.nodes[i].followers = followers;
    }

    /// Skips these nodes and all that wait for them, as far as they have not begun.
    pub(super) fn skip(&mut self, nodes: impl IntoIterator<Item = usize>, failed: usize) {
        let because = self.nodes[failed].address.clone();
        let mut open: BTreeSet<usize> = nodes.into_iter().collect();
        while let Some(i) = open.pop_first() {
            if self.nodes[i].is_waiting() {
                self.nodes[i].state = State::Skipped { because: failed };
                self.ready.remove(&i);
                self.open -= 1;
                let address = self.nodes[i].address.clone();
                self.tell(Event::Skipped {
                    address,
                    because: because.clone(),
                });
                open.extend(
                    self.nodes[i]
                        .followers
                        .iter()
                        .map(|(follower, _)| *follower),
                );
            }
        }
    }

    /// Ends what is overdue, begins what may begin, and ends the apply when nothing is left.
    pub(super) fn proceed(&mut self, now: Timestamp) {
        self.expire(now);
        while self.may_write() && self.writing() < self.limits.writes {
            if let Some(i) = self.due_retry(now) {
                self.write_again(i);
            } else if let Some(i) = self.ready.pop_first() {
                self.begin(i, now);
            } else {
                break;
            }
        }
        self.close(now);
    }

    fn expire(&mut self, now: Timestamp) {
        let overdue = |i: &usize| now >= self.nodes[*i].begun.plus(self.limits.deadline);
        for i in self
            .active
            .iter()
            .copied()
            .filter(overdue)
            .collect::<Vec<_>>()
        {
            let failure = self.nodes[i].overdue();
            self.fail(i, failure);
        }
        if let Phase::Collecting { since } = self.phase
            && now >= since.plus(self.limits.deadline)
        {
            self.tell(Event::Uncollected {
                message: "the target did not answer".to_owned(),
            });
            self.finish(now);
        }
    }

    fn due_retry(&self, now: Timestamp) -> Option<usize> {
        let due =
            |i: &usize| matches!(self.nodes[*i].state, State::Retrying { at, .. } if at <= now);
        self.active.iter().copied().find(due)
    }

    fn write_again(&mut self, i: usize) {
        if let State::Retrying { tries, .. } = &self.nodes[i].state {
            let tries = Some(tries.clone());
            self.nodes[i].state = State::Writing { tries };
            self.effects
                .push(Effect::Write(self.nodes[i].address.clone()));
        }
    }

    fn begin(&mut self, i: usize, now: Timestamp) {
        let Role::Change {
            action, arrival, ..
        } = self.nodes[i].role
        else {
            return;
        };
        let address = self.nodes[i].address.clone();
        self.nodes[i].begun = now;
        self.active.insert(i);
        self.tell(Event::Begun {
            address: address.clone(),
            action,
        });
        match arrival {
            Arrival::Nothing => self.done(i, now),
            Arrival::Written | Arrival::Checked => {
                self.nodes[i].state = State::Writing { tries: None };
                self.effects.push(Effect::Write(address));
            }
        }
    }

    /// Lets the last deletes go once everything else has arrived.
    pub(super) fn release_last(&mut self) {
        if self.ahead == 0 {
            let free: Vec<usize> = (0..self.nodes.len())
                .filter(|i| self.may_begin(*i))
                .collect();
            self.ready.extend(free);
        }
    }

    pub(super) fn may_write(&self) -> bool {
        self.phase == Phase::Applying
    }

    pub(super) fn writing(&self) -> usize {
        self.active
            .iter()
            .filter(|i| matches!(self.nodes[**i].state, State::Writing { .. }))
            .count()
    }
}
