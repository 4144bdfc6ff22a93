//! Renames that nobody declared.

use std::collections::BTreeMap;

use super::{Action, Change, ChangeSet};
use crate::address::Address;
use crate::digest::DigestText;
use crate::plan::{Payload, PlanNode, Service};

impl ChangeSet {
    /// Pairs of a node that would be deleted and one that would be made, which are equal but for
    /// their names and those of other pairs: most likely the author renamed them. A node with
    /// several likenesses is left out.
    pub fn likely_moves(&self) -> Vec<(Address, Address)> {
        let alone = self.pairs(&BTreeMap::new());
        let names = alone.iter().filter_map(|(old, new)| {
            let name = |address| {
                self.get(address)
                    .and_then(|change| node(change)?.payload.physical_name())
            };
            Some((name(new)?, name(old)?))
        });
        self.pairs(&names.collect())
    }

    /// `names` are new names in the target and what they were.
    fn pairs(&self, names: &BTreeMap<&str, &str>) -> Vec<(Address, Address)> {
        let gone = self.nameless(Action::Delete, names);
        let new = self.nameless(Action::Create, names);
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

    /// Addresses of all changes of one action, by what is left of them without their names.
    fn nameless(
        &self,
        action: Action,
        names: &BTreeMap<&str, &str>,
    ) -> BTreeMap<DigestText, Vec<&Address>> {
        let mut found: BTreeMap<DigestText, Vec<&Address>> = BTreeMap::new();
        for change in self.changes.iter().filter(|c| c.action == action) {
            if let Some(form) = nameless(change, names) {
                found.entry(form).or_default().push(&change.address);
            }
        }
        found
    }
}

fn node(change: &Change) -> Option<&PlanNode> {
    change.before.as_deref().or(change.after.as_deref())
}

fn nameless(change: &Change, names: &BTreeMap<&str, &str>) -> Option<DigestText> {
    let address = Some(&change.address).filter(|address| address.part.is_none())?;
    let mut payload = node(change)?.payload.clone();
    match &mut payload {
        Payload::Network(network) => network.name.clear(),
        Payload::Volume(volume) => volume.name.clear(),
        Payload::Config(config) => config.name.clear(),
        Payload::Service(service) => without_names(service, &address.name, names),
        // Where a value comes from is no proof that it is the same, and what has no object of its
        // own has nothing to lose by a new name.
        Payload::Secret(_) | Payload::Node(_) | Payload::Declared(_) => return None,
    }
    Some(payload.digest(address.kind))
}

/// A service without its own name, and with the old names of what it uses.
fn without_names(service: &mut Service, name: &str, names: &BTreeMap<&str, &str>) {
    let old = |name: String| {
        names
            .get(name.as_str())
            .map_or(name, |old| (*old).to_owned())
    };
    service.name.clear();
    let networks = std::mem::take(&mut service.networks).into_iter();
    service.networks = networks
        .map(|(network, mut aliases)| {
            aliases.remove(name);
            (old(network), aliases)
        })
        .collect();
    for file in service.configs.values_mut() {
        file.source = old(std::mem::take(&mut file.source));
    }
}
