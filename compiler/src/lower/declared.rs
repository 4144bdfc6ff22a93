//! Nodes without an object of their own: they shape others, or the daemon acts on them.

use std::collections::BTreeMap;

use serde::Serialize;
use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Need, Payload, Target};
use skep_schema::span::At;
use skep_schema::spec::{Declared, Match, PathKind, Route, Service};
use skep_schema::value::Value;

use super::Lower;
use super::certificate::secrets_of;
use crate::neighbour::interface_of;

impl Lower<'_, '_, '_> {
    pub(super) fn declared(&mut self) {
        for (host, registry) in &self.spec.registries {
            let secret = registry
                .node
                .auth
                .as_ref()
                .map(|auth| auth.secret.value.as_str());
            let needs = secret.map(|name| Address::new(Kind::Secret, name));
            self.declare(
                Address::new(Kind::Registry, host),
                registry,
                &*registry.node,
                needs,
            );
        }
        for (name, certificate) in &self.spec.certificates {
            let needs = secrets_of(name, &certificate.node);
            self.declare(
                Address::new(Kind::Certificate, name),
                certificate,
                &*certificate.node,
                needs,
            );
        }
        for (name, service) in &self.spec.services {
            if service.node.external.is_some() {
                self.within(service, |lower| lower.external_service(name, service));
            }
        }
        for (host, route) in &self.spec.routes {
            let needs = targets(&route.node);
            self.declare(
                Address::new(Kind::Route, host),
                route,
                &in_order(&route.node),
                needs,
            );
        }
        for (name, flow) in &self.spec.flows {
            self.declare(Address::new(Kind::Flow, name), flow, &*flow.node, []);
        }
    }

    fn external_service(&mut self, name: &str, service: &Declared<Service>) {
        self.refuse_beside_external(Kind::Service, service, &["network", "port"]);
        let address = Address::new(Kind::Service, name);
        let mut node = Service::clone(&service.node);
        if interface_of(self.cx, &address).is_some() {
            // Where it can be met was looked at; that it joins another network is no change of ours.
            node.network.clear();
        }
        self.declare(address, service, &node, []);
    }

    /// Adds a node that is nothing but what was said of it.
    pub(super) fn declare<T>(
        &mut self,
        address: Address,
        from: &Declared<T>,
        node: &impl Serialize,
        needs: impl IntoIterator<Item = Address>,
    ) {
        let value = Value::of(node).expect("spec types hold no floats and only string keys");
        let node = self.put(address, Target::Declared, Payload::Declared(value), from);
        node.needs = needs
            .into_iter()
            .map(|needed| (needed, Need::Exists))
            .collect::<BTreeMap<_, _>>();
    }
}

/// What a route leads to.
fn targets(route: &Route) -> Vec<Address> {
    let services = route.matches.iter().flat_map(|rule| &rule.to);
    services
        .map(|to| Address::new(Kind::Service, to.service.value.as_str()))
        .collect()
}

/// The route in one order: the longest match wins, wherever it was written, and sets have none.
fn in_order(route: &Route) -> Route {
    let mut route = route.clone();
    if let Some((_, further)) = route.hosts.split_first_mut() {
        sort(further);
    }
    route.matches.sort_by(|a, b| path_of(a).cmp(&path_of(b)));
    route.matches.iter_mut().for_each(sort_match);
    route
        .redirect
        .sort_by(|a, b| a.from.value.cmp(&b.from.value));
    route
}

fn sort_match(rule: &mut Match) {
    rule.to
        .sort_by(|a, b| a.service.value.cmp(&b.service.value));
    sort(&mut rule.allow);
    sort(&mut rule.deny);
    for headers in rule.header.iter_mut().chain(&mut rule.request_header) {
        sort(&mut headers.remove);
    }
    if let Some(cors) = &mut rule.cors {
        sort(&mut cors.origin);
        sort(&mut cors.method);
        sort(&mut cors.header);
    }
}

fn sort<T: Ord>(set: &mut [At<T>]) {
    set.sort_by(|a, b| a.value.cmp(&b.value));
}

fn path_of(rule: &Match) -> (&str, PathKind) {
    (
        rule.path.value.as_str(),
        rule.kind
            .as_ref()
            .map_or(PathKind::Prefix, |kind| kind.value),
    )
}
