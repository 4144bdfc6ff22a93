//! Who may begin, and who never will.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Address;
use skep_schema::change::{Action, Change, ChangeSet};
use skep_schema::event::{Event, Timestamp};
use skep_schema::plan::{Need, Payload, Plan, Target};

use super::node::{Arrival, Far, Node, Role, State, Turn};
use super::{Apply, Effect, Limits, Phase};

impl Apply {
    /// Begins to apply `changes`, which lead to `plan`.
    pub fn start(
        plan: &Plan,
        changes: &ChangeSet,
        limits: Limits,
        now: Timestamp,
    ) -> (Self, Vec<Effect>) {
        let early = changes.early_deletes();
        let nodes: Vec<Node> = changes
            .changes
            .iter()
            .map(|change| node(change, &early))
            .collect();
        let mut apply = Self {
            stack: changes.stack.clone(),
            id: changes.id.clone(),
            limits,
            started: now,
            phase: Phase::Applying,
            places: nodes
                .iter()
                .enumerate()
                .map(|(i, node)| (node.address.clone(), i))
                .collect(),
            ahead: nodes.iter().filter(|node| node.is_ahead()).count(),
            nodes,
            ready: BTreeSet::new(),
            active: BTreeSet::new(),
            first_failure: None,
            open: changes.changes.len(),
            written: false,
            effects: Vec::new(),
        };
        apply.link(plan, changes);
        apply.ready = (0..apply.nodes.len())
            .filter(|i| apply.may_begin(*i))
            .collect();
        apply.watch_existing(now);
        apply.proceed(now);
        let effects = std::mem::take(&mut apply.effects);
        (apply, effects)
    }

    /// Ties each change to those it waits for, and to existing services it needs to be up.
    fn link(&mut self, plan: &Plan, changes: &ChangeSet) {
        for (i, change) in changes.changes.iter().enumerate() {
            let needs = if change.after.is_some() {
                plan.needs_of(&change.address)
            } else {
                BTreeMap::new()
            };
            for address in &change.waits_for {
                if let Some(&before) = self.places.get(address) {
                    self.tie(
                        before,
                        i,
                        needs.get(address).map_or(Far::Arrived, |need| far(*need)),
                    );
                }
            }
            for (address, need) in needs {
                let service = plan
                    .nodes
                    .get(address)
                    .is_some_and(|n| matches!(n.payload, Payload::Service(_)));
                let own = self
                    .places
                    .get(address)
                    .is_some_and(|place| *place < changes.changes.len());
                if service && !own && far(need) == Far::Arrived {
                    let existing = self.existing(address);
                    self.tie(existing, i, Far::Arrived);
                }
            }
        }
    }

    fn existing(&mut self, address: &Address) -> usize {
        if let Some(&known) = self.places.get(address) {
            return known;
        }
        self.nodes.push(Node::new(address.clone(), Role::Existing));
        self.places.insert(address.clone(), self.nodes.len() - 1);
        self.nodes.len() - 1
    }

    fn tie(&mut self, before: usize, after: usize, far: Far) {
        self.nodes[before].followers.push((after, far));
        self.nodes[after].waits += 1;
    }

    fn watch_existing(&mut self, now: Timestamp) {
        for i in (0..self.nodes.len())
            .filter(|i| !self.nodes[*i].is_change())
            .collect::<Vec<_>>()
        {
            self.nodes[i].begun = now;
            self.nodes[i].state = State::Settling {
                attempt: 1,
                detail: None,
            };
            self.active.insert(i);
            self.effects
                .push(Effect::Check(self.nodes[i].address.clone(), now));
        }
    }

    /// Whether nothing that a node waits for is missing.
    fn may_begin(&self, i: usize) -> bool {
        let node = &self.nodes[i];
        let turn = match node.role {
            Role::Change {
                turn: Turn::Last, ..
            } => self.ahead == 0 && self.first_failure.is_none(),
            Role::Change {
                turn: Turn::Any | Turn::Early,
                ..
            } => true,
            Role::Existing => false,
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
        if let State::Retrying { attempt, .. } = self.nodes[i].state {
            self.nodes[i].state = State::Writing {
                attempt: attempt + 1,
            };
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
                self.nodes[i].state = State::Writing { attempt: 1 };
                self.effects.push(Effect::Write(address));
            }
        }
    }

    /// Lets the last deletes go once everything else has arrived.
    pub(super) fn release_last(&mut self) {
        let free: Vec<usize> = (0..self.nodes.len())
            .filter(|i| self.may_begin(*i))
            .collect();
        self.ready.extend(free);
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

fn node(change: &Change, early: &BTreeSet<&Address>) -> Node {
    let node = change.after.as_ref().or(change.before.as_ref());
    let arrival = match node.map(|node| (node.target, &node.payload)) {
        None | Some((Target::Declared, _) | (_, Payload::Declared(_) | Payload::Volume(_))) => {
            Arrival::Nothing
        }
        Some((Target::Swarm, Payload::Service(_))) if change.action != Action::Delete => {
            Arrival::Checked
        }
        Some((
            Target::Swarm,
            Payload::Service(_) | Payload::Network(_) | Payload::Secret(_) | Payload::Config(_),
        )) => Arrival::Written,
    };
    let turn = match change.action {
        Action::Delete if early.contains(&change.address) => Turn::Early,
        Action::Delete => Turn::Last,
        Action::Create | Action::Update | Action::Replace => Turn::Any,
    };
    Node::new(
        change.address.clone(),
        Role::Change {
            action: change.action,
            arrival,
            turn,
        },
    )
}

fn far(need: Need) -> Far {
    match need {
        Need::Exists => Far::Written,
        Need::Started | Need::Healthy | Need::Complete => Far::Arrived,
    }
}
