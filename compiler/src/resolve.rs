//! Names become edges. A name that nothing declares is reported where it is written.

mod export;
mod flow;
mod identity;
mod names;
mod placement;
mod ports;
mod service;

use std::collections::BTreeSet;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::nearest;
use skep_schema::span::Span;
use skep_schema::spec::{Declared, Gateway, Route, Spec};

use crate::context::Context;
use crate::due::Due;
use crate::graph::{Edge, EdgeKind, Graph};
use crate::neighbour::{absent, interface_of};

pub(crate) use names::{Names, gateway_of};
pub(crate) use placement::nodes_of;
pub(crate) use ports::port_of;

/// Networks of the engine itself, which no project declares.
pub(crate) const ENGINE_NETWORKS: &[&str] = &["host", "none", "ingress"];

/// What was found out of a spec's names.
#[derive(Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) graph: Graph,
    /// Services with names that lead nowhere, or not where they should.
    broken: BTreeSet<String>,
}

/// Draws the graph, reporting what leads nowhere and what waits for itself. Of services, those that
/// are due. Those that were broken when they were looked at before are due as well: what they name
/// may be there now.
///
/// `poisoned` holds nodes that are declared but could not be read: references to them are not
/// mistakes of their own.
pub(crate) fn resolve(
    spec: &Spec,
    poisoned: &BTreeSet<(Kind, String)>,
    due: &mut Due,
    resolved: &mut Resolved,
    cx: &mut Context<'_>,
) {
    let Resolved { graph, broken } = resolved;
    due.add(std::mem::take(broken));
    name(spec, due, graph);
    let mut resolver = Resolver {
        spec,
        poisoned,
        cx,
        graph,
    };
    for (name, service) in due.of(&spec.services) {
        // What another stack's service refers to is that stack's affair.
        if interface_of(resolver.cx, &Address::new(Kind::Service, name)).is_some() {
            continue;
        }
        let from = resolver.cx.decoder.diagnostics.len();
        resolver.cx.about(&service.uses);
        resolver.service(name, service);
        if resolver.cx.decoder.diagnostics.len() > from {
            broken.insert(name.clone());
        }
    }
    for (name, gateway) in &spec.gateways {
        resolver.cx.about(&gateway.uses);
        resolver.gateway(name, gateway);
    }
    for (name, route) in &spec.routes {
        resolver.cx.about(&route.uses);
        resolver.route(name, route);
    }
    for (name, flow) in &spec.flows {
        resolver.cx.about(&flow.uses);
        resolver.flow(name, flow);
    }
    resolver.cx.about(&[]);
    resolver.certificates_and_registries();
    resolver.identity();
    resolver.exports();
    report_cycles(graph, cx);
}

/// Brings the graph's nodes up to date, and takes away the edges that are drawn again.
fn name(spec: &Spec, due: &Due, graph: &mut Graph) {
    let names = Names::of(spec);
    let Due::Named(due) = due else {
        *graph = Graph::of(names.addresses());
        return;
    };
    let others: BTreeSet<Address> = names.but_services().collect();
    let known = graph.addresses().filter(|a| a.kind != Kind::Service);
    let gone: Vec<Address> = known.filter(|a| !others.contains(a)).cloned().collect();
    for address in &gone {
        graph.remove(address);
    }
    for address in others {
        graph.clear(&address);
        graph.add(address);
    }
    for name in due {
        let address = Address::new(Kind::Service, name.as_str());
        if spec.services.contains_key(name) {
            graph.clear(&address);
            graph.add(address);
        } else {
            graph.remove(&address);
        }
    }
}

pub(crate) struct Resolver<'r, 'c> {
    spec: &'r Spec,
    poisoned: &'r BTreeSet<(Kind, String)>,
    cx: &'r mut Context<'c>,
    graph: &'r mut Graph,
}

impl Resolver<'_, '_> {
    /// Draws an edge to a named node, or says that there is none.
    fn refer(
        &mut self,
        from: &Address,
        kind: Kind,
        name: &str,
        span: Span,
        edge: EdgeKind,
    ) -> bool {
        let to = Address::new(kind, name);
        if self.graph.draw(from, &to, Edge { kind: edge, span }) {
            return true;
        }
        if !self.poisoned.contains(&(kind, name.to_owned())) {
            self.unknown(kind, name, span);
        }
        false
    }

    fn unknown(&mut self, kind: Kind, name: &str, span: Span) {
        if let Some(diagnostic) = absent(self.cx, kind, name, span) {
            self.cx.report(diagnostic);
            return;
        }
        let mut diagnostic = Diagnostic::new(
            Code::UnknownName,
            span,
            format!("no {kind} is called `{name}`"),
        );
        let known: Vec<&str> = self
            .graph
            .addresses()
            .filter(|a| a.kind == kind)
            .map(|a| a.name.as_str())
            .collect();
        let other = self
            .graph
            .addresses()
            .find(|a| a.name == name && a.part.is_none());
        if let Some(near) = nearest(name, known.iter().copied()) {
            diagnostic = diagnostic
                .label(format!("did you mean `{near}`?"))
                .help(format!("write `{near}`"));
        } else if let Some(other) = other {
            diagnostic = diagnostic.help(format!(
                "`{name}` is a {}, and a {kind} is wanted here",
                other.kind
            ));
        } else {
            diagnostic = diagnostic.help(format!("declare it: {kind} {name}"));
        }
        self.cx.report(diagnostic);
    }

    fn gateway(&mut self, name: &str, gateway: &Declared<Gateway>) {
        let from = Address::new(Kind::Gateway, name);
        self.placement(&from, gateway.node.placement.as_deref());
        for network in &gateway.node.network {
            if !ENGINE_NETWORKS.contains(&network.value.as_str()) {
                self.refer(
                    &from,
                    Kind::Network,
                    network.value.as_str(),
                    network.span,
                    EdgeKind::Uses,
                );
            }
        }
    }

    fn route(&mut self, name: &str, route: &Declared<Route>) {
        let from = Address::new(Kind::Route, name);
        let node = &route.node;
        match &node.gateway {
            Some(gateway) => {
                self.refer(
                    &from,
                    Kind::Gateway,
                    gateway.value.as_str(),
                    gateway.span,
                    EdgeKind::Routes,
                );
            }
            None => self.implied_gateway(&from, route),
        }
        if let Some(tls) = &node.tls
            && !matches!(tls.value.0.as_str(), "auto" | "off")
        {
            self.refer(
                &from,
                Kind::Certificate,
                &tls.value.0,
                tls.span,
                EdgeKind::Uses,
            );
        }
        for rule in &node.matches {
            for to in &rule.to {
                if self.refer(
                    &from,
                    Kind::Service,
                    to.service.value.as_str(),
                    to.service.span,
                    EdgeKind::Routes,
                ) {
                    self.target_port(to);
                }
            }
            if let Some(auth) = &rule.basic_auth {
                self.refer(
                    &from,
                    Kind::Secret,
                    auth.secret.value.as_str(),
                    auth.secret.span,
                    EdgeKind::Uses,
                );
            }
        }
    }

    fn implied_gateway(&mut self, from: &Address, route: &Declared<Route>) {
        match gateway_of(self.spec, &route.node) {
            Some(name) => {
                let to = Address::new(Kind::Gateway, name);
                self.graph.draw(
                    from,
                    &to,
                    Edge {
                        kind: EdgeKind::Routes,
                        span: route.node.span,
                    },
                );
            }
            None => self.cx.report(
                Diagnostic::new(
                    Code::NoGateway,
                    route.node.span,
                    format!("`{from}` belongs to no gateway"),
                )
                .help("write `gateway NAME` in the route, or mark one gateway as `default`"),
            ),
        }
    }

    fn certificates_and_registries(&mut self) {
        for (name, certificate) in &self.spec.certificates {
            let from = Address::new(Kind::Certificate, name.as_str());
            if let Some(secret) = &certificate.node.secret {
                for part in [&secret.cert, &secret.key] {
                    self.refer(
                        &from,
                        Kind::Secret,
                        part.value.as_str(),
                        part.span,
                        EdgeKind::Uses,
                    );
                }
            }
        }
        for (host, registry) in &self.spec.registries {
            let from = Address::new(Kind::Registry, host.as_str());
            if let Some(auth) = &registry.node.auth {
                self.refer(
                    &from,
                    Kind::Secret,
                    auth.secret.value.as_str(),
                    auth.secret.span,
                    EdgeKind::Uses,
                );
            }
        }
    }
}

fn report_cycles(graph: &Graph, cx: &mut Context<'_>) {
    for cycle in graph.cycles() {
        let round: Vec<String> = cycle
            .steps
            .iter()
            .chain(cycle.steps.first())
            .map(|(a, _)| a.to_string())
            .collect();
        let (first, edge) = &cycle.steps[0];
        let mut diagnostic = Diagnostic::new(
            Code::Cycle,
            edge.span,
            format!("these wait for each other: {}", round.join(" -> ")),
        )
        .label(format!("`{first}` waits here"))
        .help("take one `needs` away; a name in `${service.x.host}` orders nothing and may stay");
        for (address, edge) in &cycle.steps[1..] {
            diagnostic = diagnostic.and(edge.span, format!("`{address}` waits here"));
        }
        cx.report(diagnostic);
    }
}
