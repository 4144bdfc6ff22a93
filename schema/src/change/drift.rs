//! What somebody else changed in the target, told by what was last meant there.
//!
//! An object's label says which form it was given, and the journal knows that form whole. So three
//! states are compared: what was meant, what is found, and what the spec wants now.

use std::collections::BTreeMap;

use super::{Author, Change, ChangeSet, FieldChange, Reason, fields};
use crate::address::Address;
use crate::inventory::{Inventory, Observed};
use crate::plan::{Payload, Plan, PlanNode, Target};
use crate::revision::Entry;

/// The form each object was last given, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meant(BTreeMap<Address, Given>);

/// A form that an object was given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Given {
    node: PlanNode,
    /// What is found of it now, in this form's own words; nothing where it is gone.
    found: Option<Payload>,
}

/// Tells what was found, the first payload, in the words of the second where both mean the same.
/// Only a target knows which of its spellings mean the same.
pub type Respell<'a> = &'a dyn Fn(&Payload, &Payload) -> Payload;

/// How a target differs from what was last meant there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// From what was meant to what is found: a delete is an object that somebody removed.
    pub changes: Vec<Change>,
    /// Objects whose last form nobody knows any more, and that differ from the plan.
    pub untold: Vec<Address>,
}

impl Meant {
    /// `plan` is bound; `history` is oldest first.
    pub fn of(plan: &Plan, inventory: &Inventory, history: &[Entry], respell: Respell<'_>) -> Self {
        let plans: Vec<Plan> = history
            .iter()
            .rev()
            .map(|e| e.revision.as_applied())
            .collect();
        let known = || std::iter::once(plan).chain(&plans);
        let mut meant: BTreeMap<Address, Given> = inventory
            .nodes
            .iter()
            .filter_map(|(address, found)| {
                let given = |node: &&PlanNode| Some(&node.digest) == found.digest.as_ref();
                let under = |plan: &'_ Plan| -> Vec<PlanNode> {
                    let names = found.was.iter().chain([address]);
                    names
                        .filter_map(|name| plan.nodes.get(name).cloned())
                        .collect()
                };
                let node = known().flat_map(under).find(|node| given(&node))?;
                let given = Given {
                    found: Some(respell(&found.payload, &node.payload)),
                    node,
                };
                Some((address.clone(), given))
            })
            .collect();
        meant.extend(missing(&plans, inventory, history));
        Self(meant)
    }

    fn nodes(&self) -> BTreeMap<Address, PlanNode> {
        let nodes = self.0.iter();
        nodes
            .map(|(address, given)| (address.clone(), given.node.clone()))
            .collect()
    }

    /// The objects whose form is known, in its words.
    fn found(&self, inventory: &Inventory) -> Inventory {
        let nodes = self.0.iter().filter_map(|(address, given)| {
            let observed = Observed {
                payload: given.found.clone()?,
                ..inventory.nodes.get(address)?.clone()
            };
            Some((address.clone(), observed))
        });
        Inventory {
            nodes: nodes.collect(),
            ..Inventory::default()
        }
    }
}

/// What the last apply left there and is not there now. `plans` are newest first.
fn missing(plans: &[Plan], inventory: &Inventory, history: &[Entry]) -> Vec<(Address, Given)> {
    let (Some(last), true) = (plans.first(), history.last().is_some_and(Entry::is_done)) else {
        return Vec::new();
    };
    let gone = last.nodes.iter().filter(|(address, node)| {
        let has_object = node.target == Target::Swarm && !node.payload.is_external();
        let is_volume = matches!(node.payload, Payload::Volume(_));
        has_object && !is_volume && !inventory.knows(address)
    });
    gone.map(|(address, node)| {
        let given = Given {
            node: node.clone(),
            found: None,
        };
        (address.clone(), given)
    })
    .collect()
}

impl Drift {
    /// `plan` is bound, and stands in for what nobody remembers.
    pub fn of(plan: &Plan, inventory: &Inventory, meant: &Meant) -> Self {
        let base = Plan {
            nodes: meant.nodes(),
            ..plan.clone()
        };
        let mut found = meant.found(inventory).as_plan(&base);
        found
            .nodes
            .retain(|address, _| base.nodes.contains_key(address));
        let differs = |address: &&Address| {
            let wanted = plan.nodes.get(*address).map(|node| &node.payload);
            !meant.0.contains_key(*address)
                && wanted.is_some_and(|wanted| *wanted != inventory.nodes[*address].payload)
        };
        Self {
            changes: ChangeSet::between(&base, &found).changes,
            untold: inventory.nodes.keys().filter(differs).cloned().collect(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.untold.is_empty()
    }
}

impl ChangeSet {
    /// Tells apart, property by property, what the spec changed and what somebody else did, and
    /// remembers the protection of nodes that left the spec.
    pub fn blame(&mut self, meant: &Meant) {
        for change in &mut self.changes {
            if let Some(given) = meant.0.get(&change.address) {
                blame(change, given);
            }
        }
    }
}

fn blame(change: &mut Change, meant: &Given) {
    let base = &meant.node.payload;
    if let (Some(before), None) = (&mut change.before, &change.after) {
        before.protect |= meant.node.protect;
    }
    let paths = |now: Option<&Payload>| -> Vec<Vec<String>> {
        let fields = now.map_or_else(Vec::new, |now| fields::between(base, now));
        fields.into_iter().map(|field| field.path).collect()
    };
    let (outside, spec) = (
        paths(meant.found.as_ref()),
        paths(change.after.as_ref().map(|node| &node.payload)),
    );
    for field in &mut change.fields {
        field.by = match (touched(&outside, field), touched(&spec, field)) {
            (true, true) => Author::Both,
            (true, false) => Author::Outside,
            (false, _) => Author::Spec,
        };
    }
    let undone = change.before.is_none() && spec.is_empty();
    let all_outside = change
        .fields
        .iter()
        .all(|field| field.by == Author::Outside);
    if undone || !change.fields.is_empty() && all_outside {
        change.reason = Reason::Drift;
    } else if change.reason == Reason::Drift {
        change.reason = Reason::Spec;
    }
}

/// Whether one of the paths leads to the property, into it or over it.
fn touched(paths: &[Vec<String>], field: &FieldChange) -> bool {
    paths
        .iter()
        .any(|path| path.starts_with(&field.path) || field.path.starts_with(path))
}
