//! What is refused before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use skep_engine::drive::Look;
use skep_engine::journal::Journal;
use skep_schema::address::{Address, Kind};
use skep_schema::change::{Action, Block, Blocked, Change, ChangeSet, Effect};
use skep_schema::place::{Because, Lacking, NodeFault};
use skep_schema::plan::{Plan, PlanNode};
use skep_schema::revision::{self, Revision};

use super::{Connection, Consent};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::count;

/// Names that somebody else's objects hold.
pub(crate) fn taken(seen: &Look) -> Result<(), Failure> {
    let Some((address, taken)) = seen.taken.first() else {
        return Ok(());
    };
    let owner = taken
        .owner
        .as_deref()
        .unwrap_or("somebody without our label");
    let name = seen
        .plan
        .nodes
        .get(address)
        .and_then(|n| n.payload.physical_name())
        .unwrap_or_default();
    Err(Failure::new(
        Exit::Denied,
        format!("`{address}` wants the name `{name}`, which belongs to {owner}"),
    )
    .help(if taken.adoptable && can_adopt(address) {
        format!(
            "to take it over as it is: adopt \"{address}\"; or rename yours with `name \"...\"`, or \
             declare it `external`"
        )
    } else {
        "rename it with `name \"...\"`, declare it `external`, or remove the other object".to_owned()
    }))
}

/// The value of a secret is nowhere to be read, and a part of a node has no name to write.
fn can_adopt(address: &Address) -> bool {
    matches!(address.kind, Kind::Service | Kind::Network | Kind::Config) && address.part.is_none()
}

/// Nodes that the cluster cannot give as they are declared.
pub(crate) fn nodes(seen: &Look) -> Result<(), Failure> {
    let faults = NodeFault::all(&seen.plan, &seen.inventory.cluster);
    let Some(first) = faults.first() else {
        return Ok(());
    };
    let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Err(Failure::new(Exit::Denied, all.join("\n       ")).help(first.help()))
}

/// What could not succeed: better now than when the deadline has passed.
pub(crate) fn concerns(changes: &ChangeSet, consent: &Consent) -> Result<(), Failure> {
    let is_meant = |because: Because| match because {
        Because::NoMachine | Because::Deadlock => consent.allow_unplaced,
        Because::PortTaken | Because::SubnetTaken | Because::NoRoom | Because::Absent => false,
    };
    let grave = changes.concerns.iter().filter(|c| c.because.is_grave());
    let Some(first) = grave.clone().find(|c| !is_meant(c.because)) else {
        return Ok(());
    };
    if first.because == Because::Absent {
        return Err(absent(changes));
    }
    let mut message = format!("`{}`: {}", first.address, first.message);
    for line in Lacking::lines(&first.machines) {
        message.push_str(&format!("\n       {line}"));
    }
    let help = match first.because {
        Because::NoMachine | Because::Deadlock => {
            format!("{}; to go on all the same: --allow-unplaced", first.help())
        }
        Because::PortTaken | Because::SubnetTaken | Because::NoRoom | Because::Absent => {
            first.help()
        }
    };
    Err(Failure::new(Exit::Denied, message).help(help))
}

/// All that is referred to and not there, each once, so that it can be made in one go.
fn absent(changes: &ChangeSet) -> Failure {
    let mut known = BTreeSet::new();
    let missed = changes.concerns.iter().filter(|concern| {
        let missing = concern.missing.as_ref();
        missing.is_some_and(|missing| known.insert(&missing.address))
    });
    let (lines, helps): (Vec<String>, BTreeSet<String>) = missed
        .map(|concern| {
            let line = format!("`{}`: {}", concern.address, concern.message);
            (line, concern.help())
        })
        .unzip();
    let helps: Vec<String> = helps.into_iter().collect();
    Failure::new(Exit::Denied, lines.join("\n       ")).help(helps.join("\n       "))
}

/// Secrets that would have to be written, and whose values are not here: better now than half way.
pub(crate) fn unknown(changes: &ChangeSet, target: &Connection) -> Result<(), Failure> {
    let written = changes
        .changes
        .iter()
        .filter(|c| c.action != Action::Delete);
    let unknown: Vec<&str> = written
        .filter_map(|c| target.missing.get(&c.address))
        .map(String::as_str)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, unknown.join("\n       ")).help("nothing was written"))
}

pub(crate) fn blocked(changes: &ChangeSet, unprotected: &[Address]) -> Result<(), Failure> {
    let is_meant =
        |block: &Blocked| block.because == Block::Protected && unprotected.contains(&block.address);
    let blocked = changes.blocked();
    let Some(first) = blocked.iter().find(|block| !is_meant(block)) else {
        return Ok(());
    };
    Err(match &first.because {
        Block::Protected => Failure::new(
            Exit::Denied,
            format!(
                "`{}` is protected, and would end or be replaced",
                first.address
            ),
        )
        .help(format!("if that is meant: --unprotect {}", first.address)),
        Block::NotAsItRuns { fields } => Failure::new(
            Exit::Denied,
            format!(
                "`{}` runs in a form that cannot be changed in place: {} would be otherwise",
                first.address,
                fields.join(", ")
            ),
        )
        .help("declare it as it runs, adopt it, and change it in a second apply"),
        Block::StillUsed { user } => Failure::new(
            Exit::Denied,
            format!(
                "`{}` would be deleted, and `{user}`, which is forgotten, still uses it",
                first.address
            ),
        )
        .help(format!("write `forget \"{}\"` too", first.address)),
        Block::HandedOverLate { held, holder } => Failure::new(
            Exit::Denied,
            format!(
                "`{}` takes {held} from `{holder}`, which waits for it and so gives it up too late",
                first.address
            ),
        )
        .help(format!(
            "apply once with neither of them having {held}, then as it shall be"
        )),
        Block::SubnetHeld { subnet, holder } => Failure::new(
            Exit::Denied,
            format!(
                "`{}` wants the subnet {subnet}, which `{holder}` still has",
                first.address
            ),
        )
        .help("give it another subnet, or apply once without it"),
    })
}

/// Less than agreed is fine: something is already done. More, or other, is not.
pub(crate) fn stale(approved: &ChangeSet, seen: &Look) -> Result<(), Failure> {
    let agreed = results(approved, seen);
    let other = |change: &Change| other(approved.get(&change.address), &agreed, change);
    let mut more: Vec<String> = seen.changes.changes.iter().filter_map(other).collect();
    if approved.stack != seen.changes.stack {
        more.insert(0, format!("it is for {}", approved.stack));
    }
    if more.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Stale,
        format!(
            "the plan is stale, it does not say what would happen now:\n       {}",
            more.join("\n       ")
        ),
    )
    .help("plan again: skep plan --out FILE"))
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

/// Deletes that are many, or all, are more often a slip than a wish.
pub(crate) fn deletes(seen: &Look, consent: &Consent) -> Result<(), Failure> {
    let deleted = seen
        .changes
        .changes
        .iter()
        .filter(|c| c.effect == Effect::Delete)
        .count();
    let all = seen.plan.nodes.is_empty() && deleted > 0;
    let many = deleted > FEW.max(seen.inventory.nodes.len().div_ceil(3));
    if deleted <= consent.allow_deletes || !(all || many) {
        return Ok(());
    }
    let deleted = deleted as u64;
    let message = if all {
        format!(
            "the spec is empty, and all {} would be deleted",
            count(deleted, "object")
        )
    } else {
        format!("{} would be deleted", count(deleted, "object"))
    };
    Err(Failure::new(Exit::Unconfirmed, message).help(format!(
        "if that is meant: --allow-deletes {deleted}; `skep destroy` removes a whole stack"
    )))
}

/// Deletes that need no more than the usual yes.
const FEW: usize = 3;

/// What failed the last time fails again: a timer must not try it for ever.
pub(crate) fn failed_before(
    journal: &Journal,
    changes: &ChangeSet,
    consent: &Consent,
) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    let failed = revision::failed_before(journal.entries(), changes);
    let Some((address, number)) = failed.first().filter(|_| !consent.retry) else {
        return Ok(());
    };
    Err(Failure::new(
        Exit::Unconfirmed,
        format!("exactly this change of `{address}` failed in r{number}"),
    )
    .help(format!(
        "change it, or try once more with --retry; `skep show r{number}` tells more"
    )))
}

/// Secrets of an earlier day that would have to be made, and whose value is no more.
pub(crate) fn gone(seen: &Look, revision: &Revision) -> Result<(), Failure> {
    let made = seen
        .changes
        .changes
        .iter()
        .filter(|c| matches!(c.action, Action::Create | Action::Replace));
    let gone = made.map(|change| &change.address).find(|address| {
        let then = revision.secrets.get(address);
        then.is_some()
            && then != seen.inventory.fingerprints.secrets.get(address)
            && address.kind == Kind::Secret
    });
    gone.map_or(Ok(()), |address| {
        Err(Failure::new(
            Exit::Failed,
            format!(
                "the value that `{address}` had in r{} is not in the swarm any more, and the one \
                 at hand is another",
                revision.number
            ),
        )
        .help("give it the old value where the spec looks for it, and go back again"))
    })
}
