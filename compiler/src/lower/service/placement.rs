//! Where tasks run and what they may use.

use std::collections::BTreeSet;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan;
use skep_schema::span::At;
use skep_schema::spec::{Limits, Placement, Reserve, Scalar};

use crate::lower::Lower;
use crate::lower::plain::{scalars, value};

/// Keys of a node that a constraint can ask for, besides its labels.
const KEYS: &[&str] = &[
    "node.id",
    "node.hostname",
    "node.ip",
    "node.role",
    "node.platform.os",
    "node.platform.arch",
];
const LABELS: &[&str] = &["node.labels.", "engine.labels."];

pub(crate) fn limits(limits: Option<&Limits>) -> plan::Limits {
    limits.map_or_else(plan::Limits::default, |limits| plan::Limits {
        cpu: value(limits.cpu.as_ref()),
        memory: value(limits.memory.as_ref()),
        pids: value(limits.pids.as_ref()).filter(|pids| *pids > 0),
    })
}

pub(super) fn reserve(reserve: Option<&Reserve>) -> plan::Reserve {
    reserve.map_or_else(plan::Reserve::default, |reserve| plan::Reserve {
        cpu: value(reserve.cpu.as_ref()),
        memory: value(reserve.memory.as_ref()),
        generic: scalars(&reserve.generic),
    })
}

impl Lower<'_, '_, '_> {
    pub(crate) fn placement(&mut self, placement: &Placement) -> plan::Placement {
        plan::Placement {
            constraints: self.each(&placement.constraint, constraint),
            spread: placement
                .spread
                .iter()
                .filter_map(|spread| self.fitting(spread, spread_key))
                .collect(),
            max_per_node: value(placement.max_per_node.as_ref()).filter(|most| *most > 0),
            platforms: self.each(&placement.platform, platform),
        }
    }

    fn each(&mut self, all: &[At<Scalar>], read: Reader) -> BTreeSet<String> {
        all.iter()
            .filter_map(|text| self.fitting(text, read))
            .collect()
    }

    fn fitting(&mut self, text: &At<Scalar>, read: Reader) -> Option<String> {
        match read(&text.value.0) {
            Ok(canonical) => Some(canonical),
            Err(help) => {
                let message = format!("Swarm does not understand `{}`", text.value.0);
                self.error(Diagnostic::new(Code::BadPlacement, text.span, message).help(help));
                None
            }
        }
    }
}

/// The canonical spelling, or what to write instead.
type Reader = fn(&str) -> Result<String, String>;

/// `node.labels.disk==ssd`
fn constraint(text: &str) -> Result<String, String> {
    let form = || "write it as node.labels.disk==ssd or node.role!=manager".to_owned();
    let split = ["==", "!="].into_iter().find_map(|operator| {
        text.split_once(operator)
            .map(|(key, wanted)| (key.trim(), operator, wanted.trim()))
    });
    let (key, operator, wanted) = split.ok_or_else(form)?;
    let key = node_key(key)?;
    let letter = |c: char| c.is_ascii_alphanumeric() || ":-_ .*()?+[]\\^$|/".contains(c);
    if wanted.is_empty() || !wanted.chars().all(letter) {
        return Err(form());
    }
    if key == "node.role" && !["manager", "worker"].contains(&wanted) {
        return Err("a role is `manager` or `worker`".to_owned());
    }
    Ok(format!("{key}{operator}{wanted}"))
}

fn spread_key(text: &str) -> Result<String, String> {
    node_key(text.trim())
}

fn node_key(key: &str) -> Result<String, String> {
    let letter = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let label = LABELS.iter().find_map(|start| key.strip_prefix(start));
    let known = KEYS.contains(&key)
        || label.is_some_and(|name| !name.is_empty() && name.chars().all(letter));
    if known {
        return Ok(key.to_owned());
    }
    Err(format!(
        "nodes are told apart by {}, node.labels.NAME and engine.labels.NAME",
        KEYS.join(", ")
    ))
}

/// Whether the engine's constraints can ask for a node label of this name.
pub(crate) fn is_label(key: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !key.is_empty() && key.chars().all(letter)
}

/// `linux/amd64`
fn platform(text: &str) -> Result<String, String> {
    let part = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    match text.split_once('/') {
        Some((os, arch)) if part(os) && part(arch) => Ok(text.to_ascii_lowercase()),
        Some(_) | None => Err("write it as linux/amd64".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_has_one_spelling() {
        for text in [
            "node.labels.disk==ssd",
            " node.labels.disk == ssd ",
            "node.labels.disk ==ssd",
        ] {
            assert_eq!(constraint(text).as_deref(), Ok("node.labels.disk==ssd"));
        }
        assert_eq!(
            constraint("node.hostname != a b").as_deref(),
            Ok("node.hostname!=a b")
        );
    }

    #[test]
    fn what_the_engine_would_refuse_is_refused() {
        for text in [
            "node.role=worker",
            "node.role==boss",
            "disk==ssd",
            "node.labels.==x",
            "node.id==",
            "node.labels.a b==x",
        ] {
            assert!(constraint(text).is_err(), "{text}");
        }
        assert!(
            platform("amd64").is_err()
                && platform("linux/arm/v7").is_err()
                && spread_key("zone").is_err()
        );
    }
}
