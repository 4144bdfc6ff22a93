//! What objects are called in the project.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Kind;
use skep_schema::inventory::Running;
use skep_schema::plan::Payload;

use crate::resolve::ENGINE_NETWORKS;

/// Names in the swarm to names in the project, by kind of object.
#[derive(Debug, Default)]
pub(super) struct Names {
    prefix: String,
    known: BTreeMap<Kind, BTreeMap<String, String>>,
}

impl Names {
    /// Of what the stack made and what its services mention.
    pub(super) fn of(running: &Running) -> Self {
        let mut names = Self {
            prefix: format!("{}_", running.stack),
            known: BTreeMap::new(),
        };
        let made = running.objects.iter();
        let made = made.filter_map(|object| Some((object.object()?, object.physical_name()?)));
        let all: BTreeSet<(Kind, &str)> = made
            .chain(running.objects.iter().flat_map(mentions))
            .collect();
        // What has the stack's name before its own comes first, so that it keeps what is left.
        let (own, other): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(_, physical)| physical.starts_with(&names.prefix));
        for (kind, physical) in own.into_iter().chain(other) {
            names.add(kind, physical);
        }
        names
    }

    /// Of an object that was made or mentioned.
    pub(super) fn of_object(&self, kind: Kind, physical: &str) -> &str {
        let known = self.known.get(&kind).and_then(|names| names.get(physical));
        known.map_or("", String::as_str)
    }

    /// Whether the project calls an object so by itself.
    pub(super) fn is_derived(&self, name: &str, physical: &str) -> bool {
        physical.strip_prefix(&self.prefix) == Some(name)
    }

    fn add(&mut self, kind: Kind, physical: &str) {
        let names = self.known.entry(kind).or_default();
        let short = physical.strip_prefix(&self.prefix);
        let short = short.filter(|short| !short.is_empty()).unwrap_or(physical);
        let plain = plain(short);
        let mut free = plain.clone();
        let mut count = 2;
        while names.values().any(|taken| *taken == free) {
            free = format!("{plain}-{count}");
            count += 1;
        }
        names.insert(physical.to_owned(), free);
    }
}

/// A name that every kind of node can have.
fn plain(name: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') {
            c
        } else {
            '-'
        }
    };
    let name: String = name.chars().map(letter).collect();
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        name
    } else {
        format!("x{name}")
    }
}

/// Kinds and names of what is used that somebody made: neither the engine's own networks nor volumes
/// without a name.
pub(super) fn mentions(object: &Payload) -> impl Iterator<Item = (Kind, &str)> {
    let references = object.references().into_iter();
    references.filter(|(_, name)| !name.is_empty() && !ENGINE_NETWORKS.contains(name))
}

/// What was found and what is only mentioned, by kind and name.
pub(super) fn found(running: &Running) -> BTreeMap<(Kind, &str), &Payload> {
    let objects = running.objects.iter();
    let named = objects.filter_map(|object| {
        let key = (object.object()?, object.physical_name()?);
        Some((key, object))
    });
    named.collect()
}
