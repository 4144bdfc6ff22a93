//! What a plan takes for granted: objects that somebody else makes.

use std::collections::BTreeMap;

use super::Inventory;
use crate::address::Kind;
use crate::lang::nearest;
use crate::plan::{Payload, Plan};

/// External objects that a plan names and that are not there, by kind and name, each with the name
/// nearest to it of what is there.
pub type Absent = BTreeMap<(Kind, String), Option<String>>;

/// Names of the external objects of one kind. There are none of volumes, which no manager can see,
/// and of machines, which are judged by their labels.
pub fn external(plan: &Plan, kind: Kind) -> impl Iterator<Item = &str> {
    let payloads = plan.nodes.values().map(|node| &node.payload);
    payloads.filter_map(move |payload| {
        let (of, name) = listed(payload)?;
        (of == kind).then_some(name)
    })
}

fn listed(payload: &Payload) -> Option<(Kind, &str)> {
    let kind = payload.object().filter(|_| payload.is_external())?;
    let is_listed = matches!(kind, Kind::Network | Kind::Secret | Kind::Config);
    Some((kind, payload.physical_name().filter(|_| is_listed)?))
}

impl Inventory {
    /// Whether a node of the plan is external, and there.
    pub fn grants(&self, payload: &Payload) -> bool {
        let listed = listed(payload);
        listed.is_some_and(|(kind, name)| !self.absent.contains_key(&(kind, name.to_owned())))
    }
}

/// The external objects of one kind that are not among the names there. References have to be spelled as
/// the object is.
pub fn absent(plan: &Plan, kind: Kind, there: &[&str]) -> Absent {
    let missing = external(plan, kind).filter(|name| !there.contains(name));
    missing
        .map(|name| {
            let near = nearest(name, there.iter().copied()).map(str::to_owned);
            ((kind, name.to_owned()), near)
        })
        .collect()
}
