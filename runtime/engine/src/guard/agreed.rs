//! Whether what would happen is what somebody agreed to.

use std::collections::BTreeMap;

use skep_schema::address::Address;
use skep_schema::api::stack::Rule;
use skep_schema::change::{Change, ChangeSet};
use skep_schema::plan::{Plan, PlanNode};

use super::Refusal;
use crate::drive::Look;

/// Refuses more than was agreed to, or other. Less is fine: something is already done.
///
/// # Errors
/// All that nobody agreed to.
pub fn stale(approved: &ChangeSet, seen: &Look) -> Result<(), Refusal> {
    let agreed = results(approved, seen);
    let other = |change: &Change| other(approved.get(&change.address), &agreed, change);
    let mut more: Vec<String> = seen.changes.changes.iter().filter_map(other).collect();
    if approved.stack != seen.changes.stack {
        more.insert(0, format!("it is for {}", approved.stack));
    }
    if more.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(
        Rule::Stale,
        format!(
            "the plan is stale, it does not say what would happen now:\n       {}",
            more.join("\n       ")
        ),
    ))
}

/// What was agreed to, with the fingerprints of secrets that are known only now.
fn results(approved: &ChangeSet, seen: &Look) -> BTreeMap<Address, PlanNode> {
    let after = approved.changes.iter().filter_map(|change| {
        let node = change.after.as_deref()?.clone();
        Some((change.address.clone(), node))
    });
    let plan = Plan {
        nodes: after.collect(),
        ..seen.plan.clone()
    };
    plan.bind(&seen.inventory.fingerprints).nodes
}

/// What of a change nobody agreed to.
fn other(
    agreed: Option<&Change>,
    results: &BTreeMap<Address, PlanNode>,
    now: &Change,
) -> Option<String> {
    let (address, is) = (&now.address, now.action.word());
    let Some(agreed) = agreed else {
        return Some(format!("{address}: {is}, which is not in it"));
    };
    if agreed.action != now.action {
        return Some(format!(
            "{address}: {} in the plan, {is} now",
            agreed.action.word()
        ));
    }
    let from = |change: &Change| -> Vec<_> {
        let fields = change.fields.iter();
        fields
            .map(|field| (field.path.clone(), field.before.clone()))
            .collect()
    };
    let (then, today) = (from(agreed), from(now));
    let moved: Vec<String> = today
        .iter()
        .filter(|field| !then.contains(field))
        .map(|(path, _)| path.join("."))
        .collect();
    if !moved.is_empty() {
        return Some(format!(
            "{address}: {is} of {}, which was otherwise",
            moved.join(", ")
        ));
    }
    let digest = |node: Option<&PlanNode>| node.map(|node| node.digest.clone());
    (digest(results.get(address)) != digest(now.after.as_deref()) || then.len() != today.len())
        .then(|| format!("{address}: {is} with another result"))
}
