//! External objects that changes refer to and that nobody has made.
//!
//! An engine refuses a service with such a network, config or secret when it is written, so after all
//! that was written before it.

use serde::{Deserialize, Serialize};

use super::preflight::{Because, Concern};
use crate::address::{Address, Kind};
use crate::change::Change;
use crate::inventory::Absent;
use crate::plan::{Plan, PlanNode};

/// What a plan takes for granted and is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Missing {
    pub address: Address,
    /// As it would be called in the target.
    pub name: String,
    /// The stack that makes it, `db@prod`, where it was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// A name of what is there that differs little.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<String>,
}

impl Missing {
    pub(super) fn help(&self) -> String {
        let near = self.near.as_ref();
        let near = near.map_or_else(String::new, |near| format!("; there is `{near}`"));
        match &self.stack {
            Some(stack) => format!("apply the stack `{stack}` first, which makes it{near}"),
            None => format!("create it, or correct its name{near}"),
        }
    }
}

/// One for each object that a change refers to. What the plan makes itself is not missed.
pub(super) fn absent(changes: &[Change], plan: &Plan, absent: &Absent) -> Vec<Concern> {
    if absent.is_empty() {
        return Vec::new();
    }
    let written = changes
        .iter()
        .filter_map(|change| Some((change, change.after.as_deref()?)));
    let missed = written.flat_map(|(change, node)| {
        let needs = node.needs.keys();
        needs.filter_map(|address| concern(change, address, plan, absent))
    });
    missed.collect()
}

fn concern(change: &Change, address: &Address, plan: &Plan, absent: &Absent) -> Option<Concern> {
    let node = plan.nodes.get(address)?;
    let (kind, name) = external(node)?;
    let near = absent.get(&(kind, name.to_owned()))?;
    if plan.makes(kind, name) {
        return None;
    }
    let place = node.origin.place();
    let place = if place.is_empty() {
        place
    } else {
        format!(" ({place})")
    };
    Some(Concern {
        address: change.address.clone(),
        because: Because::Absent,
        message: format!("`{address}`{place} is not there: no {kind} is called `{name}`"),
        machines: Vec::new(),
        missing: Some(Missing {
            address: address.clone(),
            name: name.to_owned(),
            stack: node.origin.stack.clone(),
            near: near.clone(),
        }),
    })
}

fn external(node: &PlanNode) -> Option<(Kind, &str)> {
    let payload = node.payload.is_external().then_some(&node.payload)?;
    Some((payload.object()?, payload.physical_name()?))
}
