//! Completing a plan with what only a target's key can tell: the fingerprints of secrets.

use std::collections::BTreeMap;

use super::{Payload, Plan, PlanNode};
use crate::address::{Address, Kind};

/// Keyed fingerprints of secret values, worked out by a provider that holds the swarm's key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprints {
    /// `secret.name` to the 12 letters that complete its physical name.
    pub secrets: BTreeMap<Address, String>,
    /// Service or gateway, and variable, to the fingerprint of the filled-in value.
    pub env: BTreeMap<(Address, String), String>,
    /// Configs and secrets for which an object of another name stands, by [`super::Identity::same`].
    pub same: BTreeMap<Address, String>,
}

impl Plan {
    /// This plan with the names of secrets completed wherever a fingerprint is known, and with those of
    /// objects that stand for its own.
    ///
    /// A bound plan never leaves the process: it is what is compared with a target.
    #[must_use]
    pub fn bind(&self, prints: &Fingerprints) -> Plan {
        let names: Names<'_> = self
            .nodes
            .iter()
            .filter_map(|(address, node)| {
                let name = node.payload.physical_name()?;
                Some(((address.kind, name), whole(address, name, prints)?))
            })
            .collect();
        let nodes = self
            .nodes
            .iter()
            .map(|(address, node)| (address.clone(), bind_node(address, node, &names, prints)))
            .collect();
        Plan {
            digest: Plan::digest_of(&nodes),
            nodes,
            ..self.clone()
        }
    }
}

/// The name of a config's or secret's object, where it is not the one that the plan has.
fn whole(address: &Address, name: &str, prints: &Fingerprints) -> Option<String> {
    if let Some(same) = prints.same.get(address) {
        return Some(same.clone());
    }
    let open = name.strip_suffix('*')?;
    let print = prints.secrets.get(address)?;
    (address.kind == Kind::Secret).then(|| format!("{open}{print}"))
}

fn bind_node(
    address: &Address,
    node: &PlanNode,
    names: &Names<'_>,
    prints: &Fingerprints,
) -> PlanNode {
    let mut node = node.clone();
    match &mut node.payload {
        Payload::Secret(secret) => complete(Kind::Secret, &mut secret.name, names),
        Payload::Config(config) => complete(Kind::Config, &mut config.name, names),
        Payload::Service(service) => {
            for file in service.secrets.values_mut() {
                complete(Kind::Secret, &mut file.source, names);
            }
            for file in service.configs.values_mut() {
                complete(Kind::Config, &mut file.source, names);
            }
            for (variable, text) in &mut service.secret_env {
                text.fingerprint = prints
                    .env
                    .get(&(address.clone(), variable.clone()))
                    .cloned();
            }
        }
        Payload::Node(_) | Payload::Network(_) | Payload::Volume(_) | Payload::Declared(_) => {}
    }
    if is_secretive(&node.payload) || !prints.same.is_empty() {
        node.digest = node.payload.digest(address.kind);
    }
    node
}

/// Whether fingerprints show in it.
fn is_secretive(payload: &Payload) -> bool {
    match payload {
        Payload::Secret(_) => true,
        Payload::Service(service) => !service.secrets.is_empty() || !service.secret_env.is_empty(),
        Payload::Network(_)
        | Payload::Node(_)
        | Payload::Volume(_)
        | Payload::Config(_)
        | Payload::Declared(_) => false,
    }
}

/// By kind, and the name that the plan has.
type Names<'n> = BTreeMap<(Kind, &'n str), String>;

fn complete(kind: Kind, name: &mut String, names: &Names<'_>) {
    let whole = names.get(&(kind, name.as_str()));
    if let Some(whole) = whole.cloned() {
        *name = whole;
    }
}
