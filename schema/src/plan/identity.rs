//! Which object is which node, where names alone would tell it wrong.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::address::{Address, Kind};

/// What a spec says about objects beside how they shall be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Identity {
    /// Nodes that were renamed, each with its next address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub moved: BTreeMap<Address, Address>,
    /// Nodes that left the spec, and whose objects stay behind as nobody's.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub forget: BTreeSet<Address>,
    /// Nodes that may take over an object which nobody's Skep made.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub adopt: BTreeSet<Address>,
    /// Configs and secrets, and the name of the object that stands for each as long as both hold the
    /// same.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub same: BTreeMap<Address, String>,
}

impl Identity {
    /// Today's address of what was once known as `old`; the parts of a node go with it.
    pub fn moved_to(&self, old: &Address) -> Option<Address> {
        let last = self.end(whole(old), |address| self.moved.get(address));
        let now = (last != whole(old)).then_some(last)?;
        Some(Address {
            part: old.part.clone(),
            ..now
        })
    }

    /// The address under which a node was first known.
    pub fn first(&self, address: &Address) -> Address {
        let before = |now: &Address| {
            let mut moves = self.moved.iter();
            moves.find(|(_, to)| *to == now).map(|(from, _)| from)
        };
        Address {
            part: address.part.clone(),
            ..self.end(whole(address), before)
        }
    }

    /// Where a chain of moves ends. A plan written by hand may have one without an end.
    fn end<'a>(&'a self, from: Address, next: impl Fn(&Address) -> Option<&'a Address>) -> Address {
        let mut at = from;
        for _ in 0..self.moved.len() {
            match next(&at) {
                Some(further) => at = further.clone(),
                None => break,
            }
        }
        at
    }

    pub fn forgets(&self, address: &Address) -> bool {
        self.forget.contains(&whole(address))
    }
}

/// The node that an address is of, or a part of.
fn whole(address: &Address) -> Address {
    Address {
        part: None,
        ..address.clone()
    }
}

/// An object of a stack: the address it carries, its kind in the target, and its name there.
pub type Carried<'a> = (&'a Address, Kind, &'a str);

impl Plan {
    /// The nodes of this plan that objects are, whose address it does not have: by the physical
    /// name, which only one can have, or because they were moved.
    ///
    /// So a rollback over a rename, and one that nobody declared, find the object too.
    pub fn settle(&self, objects: &[Carried<'_>]) -> BTreeMap<Address, Address> {
        let held: BTreeSet<&Address> = objects.iter().map(|(address, ..)| *address).collect();
        let lost = || {
            objects
                .iter()
                .filter(|(address, ..)| !self.nodes.contains_key(*address))
        };
        let mut settled = BTreeMap::new();
        let mut claimed: BTreeSet<Address> = held.into_iter().cloned().collect();
        let names = self.names();
        for (address, kind, name) in lost() {
            let Some(now) = names.get(&(*kind, *name)) else {
                continue;
            };
            if claimed.insert((*now).clone()) {
                settled.insert((*address).clone(), (*now).clone());
            }
        }
        for (address, kind, _) in lost() {
            let Some(now) = self.moved_node(address) else {
                continue;
            };
            // Of a config or secret there are several, the older ones for a way back.
            let is_free = claimed.insert(now.clone());
            if is_free || matches!(kind, Kind::Config | Kind::Secret) {
                settled.entry((*address).clone()).or_insert(now);
            }
        }
        settled
    }

    fn moved_node(&self, address: &Address) -> Option<Address> {
        let now = self.identity.moved_to(address)?;
        self.nodes.contains_key(&now).then_some(now)
    }

    /// Whether an object of this kind and name is this plan's own to make.
    pub(crate) fn makes(&self, kind: Kind, name: &str) -> bool {
        self.names().contains_key(&(kind, name))
    }

    /// The nodes by kind and name of the objects they make.
    fn names(&self) -> BTreeMap<(Kind, &str), &Address> {
        let ours = self
            .nodes
            .iter()
            .filter(|(_, node)| !node.payload.is_external());
        ours.filter_map(|(address, node)| {
            let name = (node.payload.object()?, node.payload.physical_name()?);
            Some((name, address))
        })
        .collect()
    }

    /// This plan with its nodes under the addresses that `target` has for them, and for each of
    /// those the address it has here.
    pub(crate) fn settled_in(&self, target: &Plan) -> (Plan, BTreeMap<Address, Address>) {
        let objects: Vec<Carried<'_>> = self
            .nodes
            .iter()
            .filter_map(|(address, node)| {
                let payload = &node.payload;
                Some((address, payload.object()?, payload.physical_name()?))
            })
            .collect();
        let settled = target.settle(&objects);
        if settled.is_empty() {
            return (self.clone(), BTreeMap::new());
        }
        let now = |address: &Address| settled.get(address).unwrap_or(address).clone();
        let nodes = self.nodes.iter().map(|(address, node)| {
            let mut node = node.clone();
            node.needs = node
                .needs
                .iter()
                .map(|(need, how)| (now(need), *how))
                .collect();
            (now(address), node)
        });
        let plan = Plan {
            nodes: nodes.collect(),
            ..self.clone()
        };
        let was = settled.into_iter().map(|(old, new)| (new, old)).collect();
        (plan, was)
    }
}
