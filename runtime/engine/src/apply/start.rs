//! The nodes of an apply and what ties them together.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Address;
use skep_schema::change::{Action, Change, ChangeSet};
use skep_schema::event::Timestamp;
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
        Self::of(plan, changes, &BTreeSet::new(), limits, now)
    }

    /// Waits for nodes of `plan` that nothing is to be done about and that have not arrived.
    pub fn settle(
        plan: &Plan,
        unsettled: &BTreeSet<Address>,
        limits: Limits,
        now: Timestamp,
    ) -> (Self, Vec<Effect>) {
        let nothing = ChangeSet::between(plan, plan);
        Self::of(plan, &nothing, unsettled, limits, now)
    }

    fn of(
        plan: &Plan,
        changes: &ChangeSet,
        unsettled: &BTreeSet<Address>,
        limits: Limits,
        now: Timestamp,
    ) -> (Self, Vec<Effect>) {
        let early = changes.early_deletes();
        let awaited = unsettled.iter().cloned();
        let nodes: Vec<Node> = changes
            .changes
            .iter()
            .map(|change| node(change, &early))
            .chain(awaited.map(|address| Node::new(address, Role::Awaited)))
            .collect();
        let mut apply = Self {
            stack: changes.stack.clone(),
            id: changes.id.clone(),
            limits: Limits {
                writes: limits.writes.max(1),
                ..limits
            },
            started: now,
            phase: Phase::Applying,
            places: nodes
                .iter()
                .enumerate()
                .map(|(i, node)| (node.address.clone(), i))
                .collect(),
            ahead: nodes.iter().filter(|node| node.is_ahead()).count(),
            open: nodes.len(),
            nodes,
            ready: BTreeSet::new(),
            active: BTreeSet::new(),
            first_failure: None,
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
                let service = plan.nodes.get(address).is_some_and(|n| {
                    n.target == Target::Swarm && matches!(n.payload, Payload::Service(_))
                });
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
                tries: None,
                detail: None,
            };
            self.active.insert(i);
            self.effects
                .push(Effect::Check(self.nodes[i].address.clone(), now));
        }
    }
}

fn node(change: &Change, early: &BTreeSet<&Address>) -> Node {
    let node = change.after.as_ref().or(change.before.as_ref());
    let arrival = match node.map(|node| (node.target, &node.payload)) {
        None | Some((Target::Declared, _) | (_, Payload::Declared(_) | Payload::Volume(_))) => {
            Arrival::Nothing
        }
        Some((Target::Swarm, Payload::Service(_)))
            if change.action != Action::Delete && change.action != Action::Forget =>
        {
            Arrival::Checked
        }
        Some((
            Target::Swarm,
            Payload::Node(_)
            | Payload::Service(_)
            | Payload::Network(_)
            | Payload::Secret(_)
            | Payload::Config(_),
        )) => Arrival::Written,
    };
    let turn = match change.action {
        Action::Delete if early.contains(&change.address) => Turn::Early,
        Action::Delete => Turn::Last,
        Action::Create | Action::Update | Action::Replace | Action::Adopt | Action::Forget => {
            Turn::Any
        }
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
