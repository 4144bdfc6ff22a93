//! Which services something changed for since they were looked at.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::spec::{Declared, Service};

/// The services that have to be looked at again; of other kinds all always are.
#[derive(Clone, Debug)]
pub(crate) enum Due {
    All,
    Named(BTreeSet<String>),
}

impl Due {
    /// Those that are due, in order of name.
    pub(crate) fn of<'s>(
        &self,
        services: &'s BTreeMap<String, Declared<Service>>,
    ) -> Vec<(&'s String, &'s Declared<Service>)> {
        match self {
            Due::All => services.iter().collect(),
            Due::Named(names) => names
                .iter()
                .filter_map(|name| services.get_key_value(name))
                .collect(),
        }
    }

    pub(crate) fn add(&mut self, others: impl IntoIterator<Item = String>) {
        match self {
            Due::All => {}
            Due::Named(names) => names.extend(others),
        }
    }

    /// Takes out of a list what is looked at again.
    pub(crate) fn forget(&self, list: &mut BTreeSet<String>) {
        match self {
            Due::All => list.clear(),
            Due::Named(names) => list.retain(|name| !names.contains(name)),
        }
    }
}
