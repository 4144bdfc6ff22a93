//! Moves, adoptions and what is forgotten: whether they can be.

use std::collections::BTreeMap;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::{At, Span};
use skep_schema::spec::{Adopt, Forget, Moved, NodeAddress, ObjectName};

use super::Resolver;
use crate::lower::network::wants_default;

impl Resolver<'_, '_> {
    /// Reports what is said of nodes and cannot be.
    pub(super) fn identity(&mut self) {
        let spec = self.spec;
        for moved in &spec.moved {
            let from = self.cx.decoder.diagnostics.len();
            self.moved(&moved.node);
            self.cx.used_at(from, &moved.uses);
        }
        self.clear_moves();
        for forget in &spec.forget {
            let from = self.cx.decoder.diagnostics.len();
            self.forget(&forget.node);
            self.cx.used_at(from, &forget.uses);
        }
        for adopt in &spec.adopt {
            let from = self.cx.decoder.diagnostics.len();
            self.adopt(&adopt.node);
            self.cx.used_at(from, &adopt.uses);
        }
        self.adopted_twice();
    }

    fn moved(&mut self, moved: &Moved) {
        let (from, to) = (&moved.from, &moved.to);
        if !self.has_object(from, "be moved") || !self.has_object(to, "be moved") {
            return;
        }
        let (old, new) = (&from.value.0, &to.value.0);
        if old.kind != new.kind {
            let message = format!("a {} cannot become a {}", old.kind, new.kind);
            self.cx.report(
                Diagnostic::new(Code::OtherKind, to.span, message)
                    .and(from.span, "it was this")
                    .help("take the line away: the old one is deleted, the new one made"),
            );
            return;
        }
        self.refuse_declared(
            from,
            "moved away",
            "keep one of the two names; to give a new node the old name, take the line away and \
             write `name \"...\"` in the one that moved",
        );
        let is_passed = |other: &Moved| other.from.value.0 == *new;
        if !self.spec.moved.iter().any(|other| is_passed(&other.node)) {
            self.declared(to);
        }
    }

    fn forget(&mut self, forget: &Forget) {
        if self.has_object(&forget.node, "be forgotten") {
            self.refuse_declared(
                &forget.node,
                "forgotten",
                "take the node away to leave its object behind, or this line to keep it",
            );
        }
    }

    fn adopt(&mut self, adopt: &Adopt) {
        if !self.has_object(&adopt.node, "be adopted") || !self.declared(&adopt.node) {
            return;
        }
        let address = &adopt.node.value.0;
        if let Some(same) = &adopt.same {
            self.only_content(address, same.span, adopt.name.as_ref());
        }
        let is_judged = address.kind != Kind::Secret || adopt.same.is_none();
        let refused = self.unadoptable(address).filter(|_| is_judged);
        if let Some((message, help)) = refused {
            let span = adopt.node.span;
            self.cx
                .report(Diagnostic::new(Code::CannotAdopt, span, message).help(help));
        }
        let written = self.physical(&adopt.node.value.0);
        if let (Some(name), Some((written, place))) = (&adopt.name, written)
            && name.value.as_str() != written
        {
            let message = "the name in the swarm is said twice, and differently";
            self.cx.report(
                Diagnostic::new(Code::Contradiction, name.span, message)
                    .and(place, "the node has this name")
                    .help("keep one of them"),
            );
        }
    }

    /// Refuses `while-same` where there is no content to compare, or where another name is said.
    fn only_content(&mut self, address: &Address, span: Span, name: Option<&At<ObjectName>>) {
        if !matches!(address.kind, Kind::Secret | Kind::Config) {
            let message = format!("`{address}` has no content that could be the same");
            self.cx.report(
                Diagnostic::new(Code::CannotAdopt, span, message)
                    .help("write `name=` to take over an object of another name"),
            );
        }
        if let Some(name) = name {
            let message = "`name` and `while-same` say two things of one object";
            self.cx.report(
                Diagnostic::new(Code::Contradiction, name.span, message).help("keep one of them"),
            );
        }
    }

    /// Why nothing can be taken over by this node, and what to do instead.
    fn unadoptable(&self, address: &Address) -> Option<(String, String)> {
        let name = &address.name;
        let external = match address.kind {
            Kind::Secret => {
                return Some((
                    "a secret cannot be taken over: nobody can read what is in it".to_owned(),
                    format!(
                        "declare it `external`, let it be made anew: secret \"{name}\" {{ from .. }}, or trust \
                         that it holds what is meant: while-same=\"..\""
                    ),
                ));
            }
            Kind::Gateway => {
                return Some((
                    "a gateway cannot take over a service that it did not make".to_owned(),
                    "let it be made, and remove the old one when it works".to_owned(),
                ));
            }
            Kind::Service => self.spec.services.get(name)?.node.external.is_some(),
            Kind::Network => self.spec.networks.get(name)?.node.external.is_some(),
            Kind::Volume => self.spec.volumes.get(name)?.node.external.is_some(),
            Kind::Config => self.spec.configs.get(name)?.node.external.is_some(),
            Kind::Node
            | Kind::Param
            | Kind::Registry
            | Kind::Certificate
            | Kind::Route
            | Kind::Flow => false,
        };
        external.then(|| {
            (
                format!("`{address}` is external, so it is never ours"),
                "take `external` away, or this line".to_owned(),
            )
        })
    }

    /// The name in the swarm that a node is written with.
    fn physical(&self, address: &Address) -> Option<(String, Span)> {
        let (spec, name) = (self.spec, &address.name);
        let text = |at: &'_ At<ObjectName>| (at.value.as_str().to_owned(), at.span);
        match address.kind {
            Kind::Service => {
                let service = &spec.services.get(name)?.node;
                service
                    .physical
                    .as_ref()
                    .map(|at| (at.value.as_str().to_owned(), at.span))
            }
            Kind::Network => spec.networks.get(name)?.node.physical.as_ref().map(text),
            Kind::Volume => spec.volumes.get(name)?.node.physical.as_ref().map(text),
            Kind::Config => spec.configs.get(name)?.node.physical.as_ref().map(text),
            Kind::Secret
            | Kind::Gateway
            | Kind::Node
            | Kind::Param
            | Kind::Registry
            | Kind::Certificate
            | Kind::Route
            | Kind::Flow => None,
        }
    }

    fn has_object(&mut self, address: &At<NodeAddress>, what: &str) -> bool {
        let kind = address.value.0.kind;
        if !kind.has_object() {
            let message = format!("a {kind} has no object that could {what}");
            self.cx.report(
                Diagnostic::new(Code::NoObject, address.span, message)
                    .help("take the line away: nothing of it is in the swarm to be kept"),
            );
        }
        kind.has_object()
    }

    fn refuse_declared(&mut self, address: &At<NodeAddress>, what: &str, help: &str) {
        let known = &address.value.0;
        let key = (known.kind, known.name.clone());
        if self.graph.contains(known) || self.poisoned.contains(&key) {
            let message = format!("`{known}` is {what}, and is declared");
            self.cx
                .report(Diagnostic::new(Code::StillDeclared, address.span, message).help(help));
        }
    }

    /// Whether a node is declared; reported if not.
    fn declared(&mut self, address: &At<NodeAddress>) -> bool {
        let Address { kind, name, .. } = &address.value.0;
        let is_default = *kind == Kind::Network && name == "default" && wants_default(self.spec);
        if is_default || self.graph.contains(&address.value.0) {
            return true;
        }
        if !self.poisoned.contains(&(*kind, name.clone())) {
            self.unknown(*kind, name, address.span);
        }
        false
    }

    /// Refuses moves that lead one node to two places, two to one, or around.
    fn clear_moves(&mut self) {
        let all: Vec<&Moved> = self.spec.moved.iter().map(|moved| &*moved.node).collect();
        let (mut left, mut reached) = (BTreeMap::new(), BTreeMap::new());
        for moved in &all {
            let (from, to) = (&moved.from, &moved.to);
            let twice = first(&mut left, from).map(|at| (from, at, "moves away twice"));
            let onto = first(&mut reached, to).map(|at| (to, at, "is where two nodes move to"));
            for (address, at, what) in twice.into_iter().chain(onto) {
                self.unclear(address, at, what);
            }
        }
        let next: BTreeMap<&Address, &Address> = all
            .iter()
            .map(|moved| (&moved.from.value.0, &moved.to.value.0))
            .collect();
        for moved in &all {
            if comes_back(&next, &moved.from.value.0) {
                self.unclear(&moved.from, moved.to.span, "moves around in a circle");
                return;
            }
        }
    }

    fn unclear(&mut self, address: &At<NodeAddress>, other: Span, what: &str) {
        let message = format!("`{}` {what}", address.value.0);
        self.cx.report(
            Diagnostic::new(Code::UnclearMove, address.span, message)
                .and(other, "see here")
                .help("keep one line for each rename: old name, new name"),
        );
    }

    fn adopted_twice(&mut self) {
        let mut seen = BTreeMap::new();
        for adopt in &self.spec.adopt {
            let address = &adopt.node.node;
            if let Some(at) = first(&mut seen, address) {
                let message = format!("`{}` is adopted twice", address.value.0);
                self.cx.report(
                    Diagnostic::new(Code::WrittenTwice, address.span, message)
                        .and(at, "first here")
                        .help("keep one of them"),
                );
            }
        }
    }
}

/// Where an address was met first; nothing when this is the first time.
fn first<'a>(seen: &mut BTreeMap<&'a Address, Span>, address: &'a At<NodeAddress>) -> Option<Span> {
    let before = seen.get(&address.value.0).copied();
    seen.entry(&address.value.0).or_insert(address.span);
    before
}

fn comes_back(next: &BTreeMap<&Address, &Address>, from: &Address) -> bool {
    let mut at = from;
    for _ in 0..next.len() {
        match next.get(at) {
            Some(to) if *to == from => return true,
            Some(to) => at = to,
            None => return false,
        }
    }
    false
}
