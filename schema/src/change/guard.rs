//! Changes that must not be made as they are.

use std::collections::BTreeMap;

use super::{Action, Change, ChangeSet, Effect, between, order};
use crate::address::Address;
use crate::plan::{Payload, PlanNode};

/// A change that an apply has to refuse, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    pub address: Address,
    pub because: Block,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// The node says `protect`, and would be deleted or replaced.
    Protected,
    /// The new network wants a subnet that `holder`, which goes only later, still has. The engine
    /// takes such a network without a word, and no task on it ever starts: it needs another
    /// subnet, or the old network has to be gone by an earlier apply.
    SubnetHeld { subnet: String, holder: Address },
    /// It runs in a form that no write leads from to the one that is declared, and what is not
    /// ours yet is not removed: first declare it as it runs. `fields` are the properties.
    NotAsItRuns { fields: Vec<String> },
    /// It takes `held`, a port or a name, from `holder`, which has to wait for it. The engine refuses
    /// what is taken, so one of them has to do without in an apply between.
    HandedOverLate { held: String, holder: Address },
    /// It would be deleted while `user`, which is forgotten, still uses it.
    StillUsed { user: Address },
}

impl ChangeSet {
    /// What has to be refused before anything is written, in order of the changes.
    pub fn blocked(&self) -> Vec<Blocked> {
        let held = self.subnets_going();
        let late = order::out_of_order(&self.changes);
        let mut found = Vec::new();
        for change in &self.changes {
            let block = |because| Blocked {
                address: change.address.clone(),
                because,
            };
            if ends(change) && is_protected(change) {
                found.push(block(Block::Protected));
            }
            found.extend(not_as_it_runs(change).map(block));
            found.extend(self.forgotten_user(change).map(block));
            let late = late
                .iter()
                .filter(|(taker, ..)| taker.address == change.address);
            let late = late.map(|(_, giver, held)| Block::HandedOverLate {
                held: held.clone(),
                holder: giver.address.clone(),
            });
            found.extend(late.map(block));
            found.extend(
                subnets(change.after.as_deref())
                    .filter(|_| change.action != Action::Update)
                    .filter_map(|subnet| Some((subnet, *held.get(subnet)?)))
                    .map(|(subnet, holder)| Block::SubnetHeld {
                        subnet: subnet.to_owned(),
                        holder: holder.clone(),
                    })
                    .map(block),
            );
        }
        found
    }

    /// A forgotten node that names the object a change deletes.
    fn forgotten_user(&self, change: &Change) -> Option<Block> {
        let payload = &change.before.as_deref()?.payload;
        let deleted = (payload.object()?, payload.physical_name()?);
        let names_it = |other: &&Change| {
            let before = other.before.as_deref();
            other.action == Action::Forget
                && before.is_some_and(|node| node.payload.references().contains(&deleted))
        };
        let users = || self.changes.iter().find(names_it);
        let user = (change.action == Action::Delete).then(users).flatten()?;
        Some(Block::StillUsed {
            user: user.address.clone(),
        })
    }

    /// Subnets of networks that are removed after everything else.
    fn subnets_going(&self) -> BTreeMap<&str, &Address> {
        let going = self
            .changes
            .iter()
            .filter(|change| change.effect != Effect::Downtime);
        going
            .flat_map(|c| subnets(c.before.as_deref()).map(|subnet| (subnet, &c.address)))
            .collect()
    }
}

fn not_as_it_runs(change: &Change) -> Option<Block> {
    let nodes = change.before.as_deref().zip(change.after.as_deref());
    let (before, after) = nodes.filter(|_| change.action == Action::Adopt)?;
    let is_new =
        !change.fields.is_empty() && between::is_replaced(change, &before.payload, &after.payload);
    let fields = change.fields.iter().map(|field| field.path.join("."));
    is_new.then(|| Block::NotAsItRuns {
        fields: fields.collect(),
    })
}

/// A new run of a service that runs once ends nothing.
fn ends(change: &Change) -> bool {
    match change.action {
        Action::Delete => true,
        Action::Replace => change.effect >= Effect::Replace,
        Action::Create | Action::Update | Action::Adopt | Action::Forget => false,
    }
}

fn is_protected(change: &Change) -> bool {
    change
        .before
        .iter()
        .chain(&change.after)
        .any(|node| node.protect)
}

fn subnets(node: Option<&PlanNode>) -> impl Iterator<Item = &str> {
    let network = node.and_then(|node| match &node.payload {
        Payload::Network(network) => Some(network),
        Payload::Node(_)
        | Payload::Volume(_)
        | Payload::Secret(_)
        | Payload::Config(_)
        | Payload::Service(_)
        | Payload::Declared(_) => None,
    });
    network
        .into_iter()
        .flat_map(|network| network.subnets.iter().map(|range| range.subnet.as_str()))
}
