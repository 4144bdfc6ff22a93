//! Renames that nobody declared.

use std::collections::BTreeMap;

use super::{Action, Change, ChangeSet};
use crate::address::Address;
use crate::plan::{Payload, PlanNode};
use crate::value::Value;

impl ChangeSet {
    /// Pairs of a node that would be deleted and one that would be made, which are equal but for
    /// their names: most likely the author renamed it. A node with several likenesses is left out.
    pub fn likely_moves(&self) -> Vec<(Address, Address)> {
        let gone = self.nameless(Action::Delete);
        let new = self.nameless(Action::Create);
        let pairs = gone.into_iter().filter_map(|(form, gone)| {
            match (gone.as_slice(), new.get(&form)?.as_slice()) {
                ([old], [new]) => Some(((*old).clone(), (*new).clone())),
                ([] | [_] | [_, ..], _) => None,
            }
        });
        let mut pairs: Vec<(Address, Address)> = pairs.collect();
        pairs.sort();
        pairs
    }

    /// Addresses of all changes of one action, by kind and by what is left without their names.
    fn nameless(&self, action: Action) -> BTreeMap<String, Vec<&Address>> {
        let mut found: BTreeMap<String, Vec<&Address>> = BTreeMap::new();
        for change in self.changes.iter().filter(|c| c.action == action) {
            if let Some(form) = nameless(change) {
                found.entry(form).or_default().push(&change.address);
            }
        }
        found
    }
}

fn nameless(change: &Change) -> Option<String> {
    let node: &PlanNode = change.before.as_deref().or(change.after.as_deref())?;
    let address = Some(&change.address).filter(|address| address.part.is_none())?;
    let mut payload = node.payload.clone();
    match &mut payload {
        Payload::Network(network) => network.name.clear(),
        Payload::Volume(volume) => volume.name.clear(),
        Payload::Config(config) => config.name.clear(),
        Payload::Service(service) => {
            service.name.clear();
            for aliases in service.networks.values_mut() {
                aliases.remove(&address.name);
            }
        }
        // Where a value comes from is no proof that it is the same, and what has no object has
        // nothing to lose by a new name.
        Payload::Secret(_) | Payload::Declared(_) => return None,
    }
    let Value::Map(form) = payload.value() else {
        return None;
    };
    let print = crate::digest::Digest::of(address.kind.word(), &Value::Map(form));
    Some(print.to_string())
}
