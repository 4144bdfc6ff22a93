//! What objects are called within an export.

use std::collections::BTreeMap;

use skep_schema::address::{Address, Kind};

/// Keys of an export, by kind of object and physical name. No two objects of a kind have the same.
#[derive(Debug, Default)]
pub(super) struct Keys {
    known: BTreeMap<Kind, BTreeMap<String, String>>,
}

impl Keys {
    pub(super) fn of_object(&self, kind: Kind, physical: &str) -> Option<&str> {
        let known = self.known.get(&kind)?.get(physical)?;
        Some(known)
    }

    pub(super) fn has(&self, kind: Kind, key: &str) -> bool {
        let keys = self.known.get(&kind);
        keys.is_some_and(|keys| keys.values().any(|taken| taken == key))
    }

    /// Gives an object the key that is wished for, or one with a number where another has it. The first
    /// wish for an object counts.
    pub(super) fn add(&mut self, kind: Kind, physical: &str, wish: &str) {
        if self.of_object(kind, physical).is_none() {
            let free = free(wish, |key| self.has(kind, key));
            let keys = self.known.entry(kind).or_default();
            keys.insert(physical.to_owned(), free);
        }
    }
}

/// A key that nothing has: the one that is wished for, or that with a number.
pub(super) fn free(wish: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let mut free = wish.to_owned();
    let mut count = 2;
    while is_taken(&free) {
        free = format!("{wish}-{count}");
        count += 1;
    }
    free
}

/// The name of a node, with its part.
pub(super) fn named(address: &Address) -> String {
    match &address.part {
        Some(part) => format!("{}-{part}", address.name),
        None => address.name.clone(),
    }
}
