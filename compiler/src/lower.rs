//! From the typed spec to what the swarm needs: names, payloads and what has to be there first.
//!
//! Kinds are lowered in an order in which every name is known before it is used: nodes, networks,
//! volumes, secrets, configs, services, gateways. References that lead nowhere were reported by
//! [`resolve`](crate::resolve); here they only keep the result from being whole.

mod certificate;
mod claims;
mod config;
mod declared;
pub(crate) mod defaults;
mod dotenv;
mod engine_template;
mod gateway;
mod health;
mod identity;
mod names;
pub(crate) mod network;
mod node;
mod place;
mod plain;
mod policy;
mod route;
mod secret;
mod service;
mod services;
mod template;
mod text;
mod volume;

use std::collections::BTreeMap;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::Diagnostic;
use skep_schema::digest::DigestText;
use skep_schema::plan::{Identity, Need, Payload, Policy, Target};
use skep_schema::spec::{Declared, Spec};
use skep_schema::value::Value;

use crate::context::Context;
use crate::due::Due;
use crate::edition::Edition;
use crate::graph::Graph;
use crate::neighbour;
use crate::proxy::Rendered;
use crate::world::Aim;
use claims::Claim;
pub(crate) use defaults::engine;
use names::Names;
use place::Place;
pub(crate) use route::proxy_of;
pub(crate) use services::Services;

/// What a spec became, but for its own services.
#[derive(Debug)]
pub(crate) struct Lowered {
    pub(crate) nodes: BTreeMap<Address, LoweredNode>,
    /// The rendered config of every gateway, by its name.
    pub(crate) proxies: BTreeMap<String, Rendered>,
    /// What is said of objects beside how they shall be.
    pub(crate) identity: Identity,
    /// The rules the plan has to keep.
    pub(crate) policies: Vec<Policy>,
    /// Whether nothing was left out. A plan of fewer nodes than were declared would delete the rest.
    pub(crate) whole: bool,
}

/// A node of a plan.
#[derive(Clone, Debug)]
pub(crate) struct LoweredNode {
    pub(crate) target: Target,
    pub(crate) needs: BTreeMap<Address, Need>,
    pub(crate) protect: bool,
    pub(crate) payload: Payload,
    pub(crate) place: Place,
    /// Taken early of what there are thousands of, for a plan: the payload is at hand then.
    pub(crate) digest: Option<DigestText>,
}

impl LoweredNode {
    const fn new(target: Target, payload: Payload, place: Place) -> Self {
        Self {
            target,
            needs: BTreeMap::new(),
            protect: false,
            payload,
            place,
            digest: None,
        }
    }
}

/// `params` are the values of the project's parameters, for templates; `services` what the stack's
/// own services became when they were lowered before, of which those that are `due` are lowered
/// again, with their digests where the aim is a plan.
pub(crate) fn lower(
    spec: &Spec,
    params: &BTreeMap<String, Value>,
    graph: &Graph,
    due: Due,
    services: &mut Services,
    aim: Aim,
    cx: &mut Context<'_>,
) -> Lowered {
    let names = Names::of(spec);
    let identity = identity::of(spec);
    let nothing = BTreeMap::new();
    let around = Around {
        spec,
        params,
        names: &names,
        identity: &identity,
        done: &nothing,
    };
    let mut lower = Lower::new(around, cx);
    lower.nodes();
    lower.networks();
    lower.volumes();
    lower.secrets();
    lower.certificates();
    lower.configs();
    lower.services(graph, due, services, aim);
    lower.gateways();
    lower.declared();
    lower.shared_objects(services);
    lower.shared_ports(services);
    lower.shared_addresses();
    let policies = lower.policies(services);
    Lowered {
        whole: lower.whole && services.are_whole(),
        nodes: lower.nodes,
        proxies: lower.proxies,
        policies,
        identity,
    }
}

/// The names that services and networks have in the swarm.
pub(crate) fn names_in_swarm(spec: &Spec, cx: &mut Context<'_>) -> BTreeMap<Address, String> {
    let nothing = (BTreeMap::new(), BTreeMap::new());
    let around = Around {
        spec,
        params: &nothing.0,
        names: &Names::of(spec),
        identity: &identity::of(spec),
        done: &nothing.1,
    };
    let mut lower = Lower::new(around, cx);
    lower.networks();
    let services = spec.services.keys().filter_map(|name| {
        let physical = lower.service_name(name)?;
        Some((Address::new(Kind::Service, name), physical))
    });
    let networks = lower.nodes.iter().filter_map(|(address, node)| {
        let physical = node.payload.physical_name()?;
        Some((address.clone(), physical.to_owned()))
    });
    services.chain(networks).collect()
}

/// What all parts of a spec are lowered with.
#[derive(Clone, Copy)]
struct Around<'s> {
    spec: &'s Spec,
    params: &'s BTreeMap<String, Value>,
    names: &'s Names,
    identity: &'s Identity,
    /// What was lowered before this part.
    done: &'s BTreeMap<Address, LoweredNode>,
}

struct Lower<'s, 'c, 'x> {
    spec: &'s Spec,
    params: &'s BTreeMap<String, Value>,
    names: &'s Names,
    identity: &'s Identity,
    done: &'s BTreeMap<Address, LoweredNode>,
    cx: &'c mut Context<'x>,
    edition: &'static Edition,
    nodes: BTreeMap<Address, LoweredNode>,
    /// Ports wanted of the swarm's machines.
    claims: Vec<Claim>,
    proxies: BTreeMap<String, Rendered>,
    /// Whether the node at hand could be read in part only, so that what it lacks may be there.
    partial: bool,
    whole: bool,
}

impl<'s, 'c, 'x> Lower<'s, 'c, 'x> {
    fn new(around: Around<'s>, cx: &'c mut Context<'x>) -> Self {
        let Around {
            spec,
            params,
            names,
            identity,
            done,
        } = around;
        Self {
            spec,
            params,
            names,
            identity,
            done,
            edition: Edition::of(spec.edition).unwrap_or_else(Edition::newest),
            cx,
            nodes: BTreeMap::new(),
            claims: Vec::new(),
            proxies: BTreeMap::new(),
            partial: false,
            whole: true,
        }
    }
}

impl Lower<'_, '_, '_> {
    /// Lowers one declaration: whatever is wrong with it points at the uses it came from.
    fn within<T, R>(&mut self, declared: &Declared<T>, lower: impl FnOnce(&mut Self) -> R) -> R {
        let from = self.cx.decoder.diagnostics.len();
        self.partial = declared.partial;
        self.whole &= !declared.partial;
        let lowered = lower(self);
        self.cx.used_at(from, &declared.uses);
        lowered
    }

    /// Adds a node that stands at the place of its declaration.
    fn put<T>(
        &mut self,
        address: Address,
        target: Target,
        payload: Payload,
        from: &Declared<T>,
    ) -> &mut LoweredNode {
        let node = self.placed(&address, target, payload, from);
        self.nodes.entry(address).insert_entry(node).into_mut()
    }

    /// A node that stands at the place of its declaration.
    fn placed<T>(
        &self,
        address: &Address,
        target: Target,
        payload: Payload,
        from: &Declared<T>,
    ) -> LoweredNode {
        let theirs = neighbour::interface_of(self.cx, address);
        let place = Place::of(from, theirs.map(|interface| interface.stack.clone()));
        LoweredNode::new(target, payload, place)
    }

    /// A node that was lowered before; none of the stack's own services.
    fn lowered(&self, kind: Kind, name: &str) -> Option<&LoweredNode> {
        let address = Address::new(kind, name);
        self.nodes.get(&address).or_else(|| self.done.get(&address))
    }

    /// The name in the swarm of a node that was lowered before.
    fn physical(&mut self, kind: Kind, name: &str) -> Option<String> {
        let found = self
            .lowered(kind, name)
            .and_then(|node| node.payload.physical_name())
            .map(str::to_owned);
        self.whole &= found.is_some();
        found
    }

    /// A value that was found, or an empty one in a result that is no longer whole.
    fn known<T: Default>(&mut self, found: Option<T>) -> T {
        self.whole &= found.is_some();
        found.unwrap_or_default()
    }

    /// Reports that something is missing, unless it may only be unknown.
    fn lacks(&mut self, diagnostic: Diagnostic) {
        self.whole = false;
        if !self.partial {
            self.cx.report(diagnostic);
        }
    }

    /// Reports an error, after which the result is not whole.
    fn error(&mut self, diagnostic: Diagnostic) {
        self.whole = false;
        self.cx.report(diagnostic);
    }
}
