//! The machines of a cluster as the nodes of one stack.

use std::collections::BTreeMap;

use super::{Machine, MachineState, Observed, Readiness};
use crate::address::Address;
use crate::plan::{Payload, Plan, SwarmNode};

/// The machine of this host name. One that left and joined again is there twice, and its former
/// self is down.
pub fn machine<'a>(machines: &'a [Machine], host: &str) -> Option<&'a Machine> {
    let named = || machines.iter().filter(|machine| machine.host == host);
    named()
        .find(|machine| machine.state == MachineState::Ready)
        .or_else(|| named().next())
}

/// The machines that `plan` labels and those that `stack` has labelled, by address.
///
/// A machine that the plan has under another address than its claim is the plan's. An address whose
/// claim lies on another machine than the plan's is there, so that this one is freed first.
pub fn labelled(machines: &[Machine], stack: &str, plan: &Plan) -> BTreeMap<Address, Observed> {
    let declared = declared(plan);
    let mut found = BTreeMap::new();
    for (address, node) in &declared {
        if let Some(machine) = machine(machines, &node.host).filter(|_| !node.assert) {
            found.insert((*address).clone(), seen(machine, stack, Some(node)));
        }
    }
    for machine in machines {
        let Some(claim) = machine.claims.get(stack) else {
            continue;
        };
        if !declared.values().any(|node| node.host == machine.host) {
            found.insert(claim.address.clone(), seen(machine, stack, None));
        }
    }
    found
}

/// The nodes of a plan.
pub(crate) fn declared(plan: &Plan) -> BTreeMap<&Address, &SwarmNode> {
    let all = plan.nodes.iter();
    all.filter_map(|(address, node)| Some((address, node.payload.as_node()?)))
        .collect()
}

fn seen(machine: &Machine, stack: &str, wanted: Option<&SwarmNode>) -> Observed {
    Observed {
        payload: Payload::Node(machine.as_node(stack, wanted)),
        digest: machine.claims.get(stack).map(|claim| claim.digest.clone()),
        readiness: Readiness::Ready {
            running: 0,
            desired: 0,
        },
        was: None,
    }
}
