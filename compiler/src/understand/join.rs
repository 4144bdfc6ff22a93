//! Specs put together out of the specs of files, and taken apart again.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::{Address, Kind};
use skep_schema::spec::{Adopt, Declared, Export, Forget, Moved, Policy, Spec};

/// What is said in a file without declaring a node.
#[derive(Debug, Default)]
pub(super) struct Sayings {
    moved: Vec<Declared<Moved>>,
    forget: Vec<Declared<Forget>>,
    adopt: Vec<Declared<Adopt>>,
    exports: Vec<Declared<Export>>,
    policies: Vec<Declared<Policy>>,
}

impl Sayings {
    pub(super) fn of(spec: &Spec) -> Self {
        Self {
            moved: spec.moved.clone(),
            forget: spec.forget.clone(),
            adopt: spec.adopt.clone(),
            exports: spec.exports.clone(),
            policies: spec.policies.clone(),
        }
    }

    pub(super) const fn are_none(&self) -> bool {
        self.moved.is_empty()
            && self.forget.is_empty()
            && self.adopt.is_empty()
            && self.exports.is_empty()
            && self.policies.is_empty()
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.moved.extend(other.moved);
        self.forget.extend(other.forget);
        self.adopt.extend(other.adopt);
        self.exports.extend(other.exports);
        self.policies.extend(other.policies);
    }

    /// Makes what all files say what the spec says.
    pub(super) fn gather<'s>(all: impl Iterator<Item = &'s Self> + Clone, spec: &mut Spec) {
        spec.moved = all.clone().flat_map(|s| &s.moved).cloned().collect();
        spec.forget = all.clone().flat_map(|s| &s.forget).cloned().collect();
        spec.adopt = all.clone().flat_map(|s| &s.adopt).cloned().collect();
        spec.exports = all.clone().flat_map(|s| &s.exports).cloned().collect();
        spec.policies = all.flat_map(|s| &s.policies).cloned().collect();
    }
}

/// The addresses a spec declares.
pub(super) fn names(spec: &Spec) -> Vec<Address> {
    let of_kind = |kind: &Kind| {
        let names = spec.names(*kind).into_iter();
        names
            .map(|name| Address::new(*kind, name))
            .collect::<Vec<_>>()
    };
    Kind::ALL.iter().flat_map(of_kind).collect()
}

/// Whether none of the names stands for a node of the spec.
pub(super) fn are_apart(spec: &Spec, names: &BTreeSet<(Kind, String)>) -> bool {
    !names.iter().any(|(kind, name)| spec.declares(*kind, name))
}

/// Takes in all of another spec. Whether no node was there before.
pub(super) fn take(into: &mut Spec, from: Spec) -> bool {
    into.moved.extend(from.moved);
    into.forget.extend(from.forget);
    into.adopt.extend(from.adopt);
    into.exports.extend(from.exports);
    into.policies.extend(from.policies);
    put(&mut into.nodes, from.nodes)
        & put(&mut into.networks, from.networks)
        & put(&mut into.volumes, from.volumes)
        & put(&mut into.secrets, from.secrets)
        & put(&mut into.configs, from.configs)
        & put(&mut into.certificates, from.certificates)
        & put(&mut into.registries, from.registries)
        & put(&mut into.services, from.services)
        & put(&mut into.gateways, from.gateways)
        & put(&mut into.routes, from.routes)
        & put(&mut into.flows, from.flows)
}

fn put<T>(into: &mut BTreeMap<String, T>, from: BTreeMap<String, T>) -> bool {
    let together = into.len() + from.len();
    into.extend(from);
    into.len() == together
}
