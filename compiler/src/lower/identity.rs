//! Names that stay what they were: of nodes that were renamed, and of objects that are taken over.

use skep_schema::address::{Address, Kind};
use skep_schema::plan::Identity;
use skep_schema::spec::Spec;

use super::Lower;
use crate::resolve::Names;

/// What a spec says of objects beside how they shall be.
pub(super) fn of(spec: &Spec) -> Identity {
    let names = Names::of(spec);
    let moved = spec.moved.iter().map(|moved| &moved.node);
    // What is still declared did not move; that is reported, and nothing follows from it.
    let moved = moved.filter(|moved| !names.has(&moved.from.value.0));
    let forget = spec.forget.iter().map(|forget| &forget.node.node.value.0);
    let adopt = spec.adopt.iter().map(|adopt| &adopt.node.node.value.0);
    let same = spec.adopt.iter().map(|adopt| &adopt.node);
    let same = same.filter_map(|adopt| {
        let name = adopt.same.as_ref()?.value.as_str().to_owned();
        Some((adopt.node.value.0.clone(), name))
    });
    Identity {
        same: same.collect(),
        moved: moved
            .map(|moved| (moved.from.value.0.clone(), moved.to.value.0.clone()))
            .collect(),
        forget: forget.cloned().collect(),
        adopt: adopt.cloned().collect(),
    }
}

impl Lower<'_, '_, '_> {
    /// The name that a node had when it was first declared: what is derived from it does not
    /// change by a move.
    pub(super) fn known_as(&self, kind: Kind, name: &str) -> String {
        if self.identity.moved.is_empty() {
            return name.to_owned();
        }
        self.identity.first(&Address::new(kind, name)).name
    }

    /// The name in the swarm of a node that says nothing of it.
    pub(super) fn derived(&self, kind: Kind, name: &str) -> String {
        self.names.plain(&self.known_as(kind, name))
    }

    /// The name in the swarm that is written down: by the node, or for what it takes over.
    pub(super) fn chosen(&self, kind: Kind, name: &str, physical: Option<&str>) -> Option<String> {
        let is_it = |address: &Address| {
            address.kind == kind && address.name == name && address.part.is_none()
        };
        let adopted = self.spec.adopt.iter().map(|adopt| &adopt.node);
        let adopted = adopted
            .filter(|adopt| is_it(&adopt.node.value.0))
            .find_map(|adopt| adopt.name.as_ref())
            .map(|name| name.value.as_str());
        adopted.or(physical).map(str::to_owned)
    }
}
