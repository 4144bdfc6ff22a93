//! Tasks that have to leave their machine because its labels change.
//!
//! Engine 20.10 was measured: as soon as the label is written, tasks whose constraints the machine
//! no longer meets are rejected there, all at once and without regard to the update settings of
//! their service; others take their place wherever they may.

use std::collections::BTreeMap;

use super::{Action, Change, Effect};
use crate::address::Address;
use crate::inventory::{Inventory, Readiness, machine};
use crate::place::Host;
use crate::plan::SwarmNode;

/// Adds to the changes of nodes which tasks of the stack they evict.
pub(super) fn attribute(changes: &mut [Change], inventory: &Inventory) {
    let ending: Vec<Address> = changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .map(|change| change.address.clone())
        .collect();
    for change in changes {
        let Some(before) = change.before.as_ref().and_then(|n| n.payload.as_node()) else {
            continue;
        };
        let after = change.after.as_ref().and_then(|n| n.payload.as_node());
        let stays = after.filter(|after| after.host == before.host);
        let empty = SwarmNode::default();
        let mut evicted = evicted(inventory, before, stays.unwrap_or(&empty));
        evicted.retain(|address, _| !ending.contains(address));
        if evicted.is_empty() {
            continue;
        }
        change.tasks = evicted.values().sum();
        let all = evicted
            .iter()
            .any(|(address, n)| *n >= running(inventory, address));
        change.effect = change.effect.max(if all {
            Effect::Downtime
        } else {
            Effect::RollingRestart
        });
        change.evicts = evicted;
    }
}

fn evicted(inventory: &Inventory, before: &SwarmNode, after: &SwarmNode) -> BTreeMap<Address, u64> {
    let Some(machine) = machine(&inventory.cluster.machines, &before.host) else {
        return BTreeMap::new();
    };
    let labels = machine.relabelled(before, after);
    let (now, then) = (
        machine.host(),
        Host {
            labels: &labels,
            ..machine.host()
        },
    );
    let services = inventory.nodes.iter();
    services
        .filter_map(|(address, observed)| {
            let service = observed.payload.as_service().ok()?;
            let tasks = machine.load.tasks_of(&service.name);
            let leave = tasks > 0 && now.suits(service) && !then.suits(service);
            leave.then(|| (address.clone(), tasks))
        })
        .collect()
}

fn running(inventory: &Inventory, address: &Address) -> u64 {
    match inventory.nodes.get(address).map(|node| &node.readiness) {
        Some(Readiness::Ready { running, .. } | Readiness::Progressing { running, .. }) => *running,
        Some(Readiness::Failed(_)) | None => 0,
    }
}
