//! What objects are called within a stack file.

use std::collections::BTreeMap;

use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Payload, Plan, name_prefix};

use super::mounts;

/// Keys of a stack file, by kind of object and physical name.
#[derive(Debug, Default)]
pub(super) struct Keys {
    known: BTreeMap<Kind, BTreeMap<String, String>>,
}

impl Keys {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut keys = Self::default();
        let prefix = name_prefix(&plan.project, plan.environment.as_deref()) + "_";
        for (address, node) in &plan.nodes {
            let payload = &node.payload;
            let (Some(kind), Some(physical)) = (payload.object(), payload.physical_name()) else {
                continue;
            };
            let own = physical.strip_prefix(&prefix).filter(|own| !own.is_empty());
            let wish = match (kind, own) {
                // Docker makes the name of a service of its key, and of nothing else.
                (Kind::Service, Some(own)) => own.to_owned(),
                (_, _) => named(address),
            };
            keys.add(kind, physical, &wish);
        }
        let services = plan.nodes.values().filter_map(|node| match &node.payload {
            Payload::Service(service) => Some(service.as_ref()),
            Payload::Node(_)
            | Payload::Network(_)
            | Payload::Volume(_)
            | Payload::Secret(_)
            | Payload::Config(_)
            | Payload::Declared(_) => None,
        });
        for service in services {
            for network in service.networks.keys() {
                keys.add(Kind::Network, network, network);
            }
            for volume in mounts::volumes(service) {
                keys.add(Kind::Volume, volume, volume);
            }
        }
        keys
    }

    /// Of an object that is in the plan, or used by a service of it.
    pub(super) fn of_object(&self, kind: Kind, physical: &str) -> Option<&str> {
        let known = self.known.get(&kind)?.get(physical)?;
        Some(known)
    }

    fn add(&mut self, kind: Kind, physical: &str, wish: &str) {
        let keys = self.known.entry(kind).or_default();
        if keys.contains_key(physical) {
            return;
        }
        let wish = fitting(wish);
        let mut free = wish.clone();
        let mut count = 2;
        while keys.values().any(|taken| *taken == free) {
            free = format!("{wish}-{count}");
            count += 1;
        }
        keys.insert(physical.to_owned(), free);
    }
}

fn named(address: &Address) -> String {
    match &address.part {
        Some(part) => format!("{}-{part}", address.name),
        None => address.name.clone(),
    }
}

/// Letters that a stack file takes in keys, and the project that is made of it in names.
fn fitting(name: &str) -> String {
    let letter = |c: char| match c {
        c if c.is_ascii_alphanumeric() || c == '-' || c == '_' => c,
        _ => '-',
    };
    let clean: String = name.chars().map(letter).collect();
    match clean.trim_matches(['-', '_']) {
        "" => "x".to_owned(),
        name => name.to_owned(),
    }
}
