//! What could not come to a good end, or is more likely a slip than a wish.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::{Address, Kind};
use skep_schema::api::stack::{Consent, Rule, Term};
use skep_schema::change::{Action, Block, Blocked, ChangeSet, Effect};
use skep_schema::place::{Because, Lacking, NodeFault};

use super::Refusal;
use crate::drive::Look;

/// Refuses names that somebody else's objects hold.
///
/// # Errors
/// The first of them.
pub fn taken(seen: &Look) -> Result<(), Refusal> {
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
    Err(Refusal::new(
        Rule::Taken,
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

/// Refuses nodes that the cluster cannot give as they are declared.
///
/// # Errors
/// All of them.
pub fn nodes(seen: &Look) -> Result<(), Refusal> {
    let faults = NodeFault::all(&seen.plan, &seen.inventory.cluster);
    let Some(first) = faults.first() else {
        return Ok(());
    };
    let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Err(Refusal::new(Rule::Nodes, all.join("\n       ")).help(first.help()))
}

/// Refuses what could not succeed: better now than when the deadline has passed.
///
/// # Errors
/// The first reason; all that is missing.
pub fn concerns(changes: &ChangeSet, consent: &Consent) -> Result<(), Refusal> {
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
    let refusal = Refusal::new(Rule::Concern, message);
    Err(match first.because {
        Because::NoMachine | Because::Deadlock => refusal.unless(
            format!("{}; to go on all the same: ", first.help()),
            Term::AllowUnplaced,
        ),
        Because::PortTaken | Because::SubnetTaken | Because::NoRoom | Because::Absent => {
            refusal.help(first.help())
        }
    })
}

/// All that is referred to and not there, each once, so that it can be made in one go.
fn absent(changes: &ChangeSet) -> Refusal {
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
    Refusal::new(Rule::Concern, lines.join("\n       ")).help(helps.join("\n       "))
}

/// Refuses secrets that would have to be written, and whose values are `missing`: better now than half way.
///
/// # Errors
/// All of them.
pub fn unvalued(changes: &ChangeSet, missing: &BTreeMap<Address, String>) -> Result<(), Refusal> {
    let written = changes
        .changes
        .iter()
        .filter(|c| c.action != Action::Delete);
    let unknown: Vec<&str> = written
        .filter_map(|c| missing.get(&c.address))
        .map(String::as_str)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(Rule::Unvalued, unknown.join("\n       ")).help("nothing was written"))
}

/// Refuses changes that must not be made as they are.
///
/// # Errors
/// The first of them.
pub fn blocked(changes: &ChangeSet, consent: &Consent) -> Result<(), Refusal> {
    let is_meant = |block: &Blocked| {
        block.because == Block::Protected && consent.unprotect.contains(&block.address)
    };
    let blocked = changes.blocked();
    let Some(first) = blocked.iter().find(|block| !is_meant(block)) else {
        return Ok(());
    };
    Err(match &first.because {
        Block::Protected => Refusal::new(
            Rule::Blocked,
            format!(
                "`{}` is protected, and would end or be replaced",
                first.address
            ),
        )
        .unless("if that is meant: ", Term::Unprotect(first.address.clone())),
        Block::NotAsItRuns { fields } => Refusal::new(
            Rule::Blocked,
            format!(
                "`{}` runs in a form that cannot be changed in place: {} would be otherwise",
                first.address,
                fields.join(", ")
            ),
        )
        .help("declare it as it runs, adopt it, and change it in a second apply"),
        Block::StillUsed { user } => Refusal::new(
            Rule::Blocked,
            format!(
                "`{}` would be deleted, and `{user}`, which is forgotten, still uses it",
                first.address
            ),
        )
        .help(format!("write `forget \"{}\"` too", first.address)),
        Block::HandedOverLate { held, holder } => Refusal::new(
            Rule::Blocked,
            format!(
                "`{}` takes {held} from `{holder}`, which waits for it and so gives it up too late",
                first.address
            ),
        )
        .help(format!(
            "apply once with neither of them having {held}, then as it shall be"
        )),
        Block::SubnetHeld { subnet, holder } => Refusal::new(
            Rule::Blocked,
            format!(
                "`{}` wants the subnet {subnet}, which `{holder}` still has",
                first.address
            ),
        )
        .help("give it another subnet, or apply once without it"),
    })
}

/// Refuses deletes that are many, or all: they are more often a slip than a wish.
///
/// # Errors
/// How many they are.
pub fn deletes(seen: &Look, consent: &Consent) -> Result<(), Refusal> {
    let deleted = seen
        .changes
        .changes
        .iter()
        .filter(|c| c.effect == Effect::Delete)
        .count();
    let all = seen.plan.nodes.is_empty() && deleted > 0;
    let many = deleted > FEW.max(seen.inventory.nodes.len().div_ceil(3));
    let number = deleted as u64;
    if number <= consent.allow_deletes || !(all || many) {
        return Ok(());
    }
    let objects = if number == 1 { "object" } else { "objects" };
    let message = if all {
        format!("the spec is empty, and all {number} {objects} would be deleted")
    } else {
        format!("{number} {objects} would be deleted")
    };
    Err(Refusal::new(Rule::Deletes, message)
        .unless("if that is meant: ", Term::AllowDeletes(number))
        .then("; `skep destroy` removes a whole stack"))
}

/// Deletes that need no more than the usual yes.
const FEW: usize = 3;
