//! Services that are as planned and do not work.

use std::collections::BTreeMap;

use skep_schema::address::Address;
use skep_schema::api::stack::StackEvent;
use skep_schema::inventory::Readiness;

use super::Reconcile;
use crate::drive::Look;

impl Reconcile {
    /// Tells what stopped working, and what works again, each once.
    pub(super) fn watch_health(&mut self, look: &Look) {
        let mut ill: BTreeMap<Address, String> = BTreeMap::new();
        for address in look.unsettled() {
            let message = what(look, &address);
            if !self.shown.unhealthy.contains_key(&address) {
                let (address, message) = (address.clone(), message.clone());
                self.tell(StackEvent::Unhealthy { address, message });
            }
            ill.insert(address, message);
        }
        let before = std::mem::take(&mut self.shown.unhealthy);
        for (address, message) in before {
            if ill.contains_key(&address) {
                continue;
            }
            match now(look, &address) {
                Now::Works => self.tell(StackEvent::Recovered { address }),
                Now::Unsure => drop(ill.insert(address, message)),
                Now::Gone => {}
            }
        }
        self.shown.unhealthy = ill;
    }
}

/// How a service does that did not work before.
enum Now {
    Works,
    /// It is to be changed, and counts as it did until that is done.
    Unsure,
    Gone,
}

fn now(look: &Look, address: &Address) -> Now {
    let found = look.inventory.nodes.get(address);
    match found.filter(|_| look.plan.nodes.contains_key(address)) {
        None => Now::Gone,
        Some(_) if look.changes.get(address).is_some() => Now::Unsure,
        Some(_) => Now::Works,
    }
}

fn what(look: &Look, address: &Address) -> String {
    let found = look.inventory.nodes.get(address);
    match found.map(|found| &found.readiness) {
        Some(Readiness::Progressing { detail, .. }) => detail.clone(),
        Some(Readiness::Failed(failure)) => failure.message.clone(),
        Some(Readiness::Ready { .. }) | None => String::new(),
    }
}
