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
}

impl Plan {
    /// This plan with the names of secrets completed wherever a fingerprint is known.
    ///
    /// A bound plan never leaves the process: it is what is compared with a target.
    #[must_use]
    pub fn bind(&self, prints: &Fingerprints) -> Plan {
        let names: BTreeMap<&str, String> = self
            .nodes
            .iter()
            .filter(|(address, _)| address.kind == Kind::Secret)
            .filter_map(|(address, node)| {
                let open = node.payload.physical_name()?.strip_suffix('*')?;
                Some((
                    node.payload.physical_name()?,
                    format!("{open}{}", prints.secrets.get(address)?),
                ))
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

fn bind_node(
    address: &Address,
    node: &PlanNode,
    names: &BTreeMap<&str, String>,
    prints: &Fingerprints,
) -> PlanNode {
    let mut node = node.clone();
    match &mut node.payload {
        Payload::Secret(secret) => complete(&mut secret.name, names),
        Payload::Service(service) => {
            for file in service.secrets.values_mut() {
                complete(&mut file.source, names);
            }
            for (variable, text) in &mut service.secret_env {
                text.fingerprint = prints
                    .env
                    .get(&(address.clone(), variable.clone()))
                    .cloned();
            }
        }
        Payload::Node(_)
        | Payload::Network(_)
        | Payload::Volume(_)
        | Payload::Config(_)
        | Payload::Declared(_) => {}
    }
    if is_secretive(&node.payload) {
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

fn complete(name: &mut String, names: &BTreeMap<&str, String>) {
    if let Some(whole) = names.get(name.as_str()) {
        name.clone_from(whole);
    }
}
