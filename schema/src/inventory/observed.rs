//! What was found, as a plan.

use std::collections::BTreeMap;

use super::{Inventory, Observed};
use crate::address::{Address, Kind};
use crate::place::Constraint;
use crate::plan::{Need, Origin, Payload, Plan, PlanNode, SecretSource, SwarmNode, Target};

impl Inventory {
    /// Whether an object has this address, or carries it; what is adopted and cannot be labelled,
    /// such as a network, counts too.
    pub(crate) fn knows(&self, address: &Address) -> bool {
        let carried = |found: &Observed| found.was.as_ref() == Some(address);
        self.nodes.contains_key(address)
            || self.adoptable.contains_key(address)
            || self.nodes.values().any(carried)
    }

    /// What was found, as a plan that can be compared with `desired`.
    ///
    /// What a target cannot show is taken from `desired`, so that it never differs: declared
    /// nodes and volumes, which have no object a manager could see; where the value of a secret
    /// comes from; origins, protection and order.
    pub fn as_plan(&self, desired: &Plan) -> Plan {
        let seen = self
            .nodes
            .iter()
            .chain(&self.adoptable)
            .filter(|(_, node)| !matches!(node.payload, Payload::Volume(_)));
        let mut nodes: BTreeMap<Address, PlanNode> = desired
            .nodes
            .iter()
            .filter(|(_, node)| {
                node.target == Target::Declared || matches!(node.payload, Payload::Volume(_))
            })
            .map(|(address, node)| (address.clone(), node.clone()))
            .collect();
        nodes.extend(seen.map(|(address, found)| (address.clone(), node(address, found, desired))));
        refer(&mut nodes);
        Plan {
            digest: Plan::digest_of(&nodes),
            nodes,
            ..desired.clone()
        }
    }
}

fn node(address: &Address, found: &Observed, desired: &Plan) -> PlanNode {
    let wanted = desired.nodes.get(address);
    let mut payload = found.payload.clone();
    if let (Payload::Secret(seen), Some(Payload::Secret(meant))) =
        (&mut payload, wanted.map(|w| &w.payload))
        && seen.source == SecretSource::Unknown
        && meant.source != SecretSource::External
    {
        seen.source = meant.source.clone();
    }
    let origin = wanted.map_or_else(Origin::default, |w| w.origin.clone());
    let digest = match wanted.filter(|wanted| wanted.payload == payload) {
        Some(wanted) => wanted.digest.clone(),
        None => payload.digest(address.kind),
    };
    PlanNode {
        target: Target::Swarm,
        needs: wanted.map_or_else(BTreeMap::new, |w| w.needs.clone()),
        protect: wanted.is_some_and(|w| w.protect),
        payload,
        digest,
        origin,
    }
}

/// Adds the needs that show in payloads: without a declaration they are all that tells in which
/// order objects can be removed.
fn refer(nodes: &mut BTreeMap<Address, PlanNode>) {
    let holders: BTreeMap<(Kind, String), Address> = nodes
        .iter()
        .filter_map(|(address, node)| {
            let name = node.payload.physical_name()?.to_owned();
            Some(((node.payload.object()?, name), address.clone()))
        })
        .collect();
    let machines: Vec<(Address, SwarmNode)> = nodes
        .iter()
        .filter_map(|(address, node)| Some((address.clone(), node.payload.as_node()?.clone())))
        .collect();
    for node in nodes.values_mut() {
        for (machine, _) in machines.iter().filter(|(_, m)| asks(&node.payload, m)) {
            node.needs.entry(machine.clone()).or_insert(Need::Exists);
        }
        for (kind, name) in node.payload.references() {
            if let Some(holder) = holders.get(&(kind, name.to_owned())) {
                node.needs.entry(holder.clone()).or_insert(Need::Exists);
            }
        }
    }
}

/// Whether a constraint asks for one of the machine's labels.
fn asks(payload: &Payload, machine: &SwarmNode) -> bool {
    let Ok(service) = payload.as_service() else {
        return false;
    };
    let mut constraints = service.placement.constraints.iter();
    constraints.any(|text| {
        let label = Constraint::parse(text).ok().and_then(Constraint::label);
        label.is_some_and(|label| machine.labels.contains_key(label))
    })
}
