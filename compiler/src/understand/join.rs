//! Specs put together out of the specs of parts of files, and taken apart again.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::{Address, Kind};
use skep_schema::spec::{Adopt, Declared, Export, Forget, Moved, Policy, Spec};

use crate::bulk;

/// What is said in a part of a file without declaring a node.
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

    /// Makes what all parts say what the spec says.
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

/// Takes in all of other specs. Whether no node was there before, or is in two of them.
pub(super) fn take(into: &mut Spec, mut from: Vec<Spec>) -> bool {
    for spec in &mut from {
        into.moved.append(&mut spec.moved);
        into.forget.append(&mut spec.forget);
        into.adopt.append(&mut spec.adopt);
        into.exports.append(&mut spec.exports);
        into.policies.append(&mut spec.policies);
    }
    let from = &mut from;
    put(&mut into.nodes, from, |spec| &mut spec.nodes)
        & put(&mut into.networks, from, |spec| &mut spec.networks)
        & put(&mut into.volumes, from, |spec| &mut spec.volumes)
        & put(&mut into.secrets, from, |spec| &mut spec.secrets)
        & put(&mut into.configs, from, |spec| &mut spec.configs)
        & put(&mut into.certificates, from, |spec| &mut spec.certificates)
        & put(&mut into.registries, from, |spec| &mut spec.registries)
        & put(&mut into.services, from, |spec| &mut spec.services)
        & put(&mut into.gateways, from, |spec| &mut spec.gateways)
        & put(&mut into.routes, from, |spec| &mut spec.routes)
        & put(&mut into.flows, from, |spec| &mut spec.flows)
}

fn put<T>(
    into: &mut BTreeMap<String, T>,
    from: &mut [Spec],
    of: impl Fn(&mut Spec) -> &mut BTreeMap<String, T>,
) -> bool {
    let mut all: Vec<_> = from
        .iter_mut()
        .map(|spec| std::mem::take(of(spec)))
        .collect();
    let together = into.len() + all.iter().map(BTreeMap::len).sum::<usize>();
    match all.as_mut_slice() {
        [one] if into.is_empty() => *into = std::mem::take(one),
        _ => bulk::extend(into, all.into_iter().flatten().collect()),
    }
    into.len() == together
}
