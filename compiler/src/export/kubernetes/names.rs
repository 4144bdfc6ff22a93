//! What objects are called in a namespace.

use std::collections::BTreeSet;

use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Payload, Plan, PlanNode, name_prefix};

use super::Export;
use crate::export::finding::About;
use crate::export::keys::{Keys, free, named};
use crate::export::text::whole;

/// So long that a number, and what controllers put behind it, still fits into a label of 63.
const MOST: usize = 48;

/// Of 26 letters of a digest.
const HASH: usize = 10;

/// Names that kubernetes takes, of all objects of a plan.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) namespace: String,
    keys: Keys,
    /// Names that objects have besides the one of their node.
    further: BTreeSet<(Kind, String)>,
}

impl Names {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut keys = Keys::default();
        for (address, node) in &plan.nodes {
            let payload = &node.payload;
            let object = payload.object().zip(payload.physical_name());
            match object.filter(|_| address.kind != Kind::Gateway) {
                Some((kind, physical)) => {
                    keys.add(kind, physical, &label(&own_name(address, payload)));
                }
                None => declared(&mut keys, address),
            }
        }
        let payloads = plan.nodes.values().map(|node| &node.payload);
        for (kind, name) in payloads.flat_map(Payload::references) {
            if !name.is_empty() {
                keys.add(kind, name, &label(whole(name)));
            }
        }
        let namespace = label(&name_prefix(&plan.project, plan.environment.as_deref()));
        Self {
            namespace,
            keys,
            further: BTreeSet::new(),
        }
    }

    /// Takes a name for a further object of a kind, if no other has it.
    pub(super) fn take(&mut self, kind: Kind, name: &str) -> bool {
        let is_free = !self.is_taken(kind, name);
        is_free && self.further.insert((kind, name.to_owned()))
    }

    /// Takes the name that is wished for, or one with a number.
    pub(super) fn take_near(&mut self, kind: Kind, wish: &str) -> String {
        let name = free(&label(wish), |name| self.is_taken(kind, name));
        self.further.insert((kind, name.clone()));
        name
    }

    fn is_taken(&self, kind: Kind, name: &str) -> bool {
        self.keys.has(kind, name) || self.further.contains(&(kind, name.to_owned()))
    }
}

impl Export<'_> {
    /// What an object is called.
    pub(super) fn name(&self, kind: Kind, physical: &str) -> String {
        let known = self.names.keys.of_object(kind, physical);
        known.map_or_else(|| label(physical), str::to_owned)
    }

    /// What stands for a node without an object of its own is called.
    pub(super) fn name_of(&self, kind: Kind, address: &Address) -> String {
        self.name(kind, &address.to_string())
    }

    /// Reports the objects that are called otherwise than their nodes.
    pub(super) fn renamed(&mut self) {
        for (address, node) in &self.plan.nodes {
            let payload = &node.payload;
            let (Some(kind), Some(physical)) = (payload.object(), payload.physical_name()) else {
                continue;
            };
            if matches!(kind, Kind::Node) || address.kind == Kind::Gateway {
                continue;
            }
            let own = own_name(address, payload);
            let name = self.name(kind, physical);
            if name != own {
                let reason =
                    format!("`{own}` is no name in kubernetes, or taken: it is called `{name}`");
                let next = if kind == Kind::Service {
                    "reach it by that name"
                } else {
                    ""
                };
                let about = About { address, node };
                self.findings.near(about, "name", &reason, next);
            }
        }
    }
}

/// What people know an object by.
fn own_name(address: &Address, payload: &Payload) -> String {
    match payload.physical_name() {
        Some(physical) if payload.is_external() => whole(physical).to_owned(),
        Some(_) | None => named(address),
    }
}

/// Names of what stands for nodes that have no object in a swarm.
fn declared(keys: &mut Keys, address: &Address) {
    let physical = address.to_string();
    let wish = label(&named(address));
    match address.kind {
        // Their pods are told apart from those of services by their names alone.
        Kind::Flow => keys.add(Kind::Service, &physical, &wish),
        Kind::Certificate | Kind::Registry => keys.add(Kind::Secret, &physical, &wish),
        Kind::Route => {
            keys.add(Kind::Secret, &physical, &format!("{wish}-tls"));
            keys.add(Kind::Route, &physical, &wish);
        }
        Kind::Gateway
        | Kind::Service
        | Kind::Param
        | Kind::Node
        | Kind::Network
        | Kind::Volume
        | Kind::Secret
        | Kind::Config => keys.add(address.kind, &physical, &wish),
    }
}

/// Lower case letters, digits and `-`, a letter first and no `-` last: what every kind of object takes.
pub(super) fn label(text: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
        _ => '-',
    };
    let clean: String = text.chars().map(letter).collect();
    let clean = clean.trim_matches('-');
    let begun = if clean.starts_with(|c: char| c.is_ascii_lowercase()) {
        clean.to_owned()
    } else {
        format!("x-{clean}")
    };
    let cut: String = begun.chars().take(MOST).collect();
    cut.trim_end_matches('-').to_owned()
}

/// What the name of an object ends in that is made anew when its node changes.
pub(super) fn hash(node: &PlanNode) -> &str {
    let digest = node.digest.as_str();
    let text = digest.split_once(':').map_or(digest, |(_, text)| text);
    text.get(..HASH).unwrap_or(text)
}

/// Whether a text can be the name of a service.
pub(super) fn is_label(text: &str) -> bool {
    label(text) == text
}
