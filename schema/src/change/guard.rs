//! Changes that must not be made as they are.

use std::collections::BTreeMap;

use super::{Action, Change, ChangeSet, Effect};
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
}

impl ChangeSet {
    /// What has to be refused before anything is written, in order of the changes.
    pub fn blocked(&self) -> Vec<Blocked> {
        let held = self.subnets_going();
        let mut found = Vec::new();
        for change in &self.changes {
            let block = |because| Blocked {
                address: change.address.clone(),
                because,
            };
            if ends(change) && is_protected(change) {
                found.push(block(Block::Protected));
            }
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

/// A new run of a service that runs once ends nothing.
fn ends(change: &Change) -> bool {
    match change.action {
        Action::Delete => true,
        Action::Replace => change.effect >= Effect::Replace,
        Action::Create | Action::Update => false,
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
