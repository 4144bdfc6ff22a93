//! The stack's own services, of which there may be thousands: lowered side by side, and only those
//! that anything changed for since the last time.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Payload, Volume};
use skep_schema::spec::{Declared, Service};

use super::claims::Claim;
use super::{Around, Lower, LoweredNode};
use crate::context::Said;
use crate::due::Due;
use crate::graph::Graph;
use crate::world::Aim;
use crate::{FEW, bulk};

/// Services of a portion: enough to be worth a turn of its own.
const PORTION: usize = 64;

/// What the stack's own services became.
#[derive(Debug, Default)]
pub(crate) struct Services {
    pub(crate) nodes: BTreeMap<Address, LoweredNode>,
    /// By who wants them.
    pub(super) claims: BTreeMap<String, Vec<Claim>>,
    /// Those that are not all they should be, by name.
    broken: BTreeSet<String>,
    /// Those that something was said of: it has to be said again, whatever changed.
    remarkable: BTreeSet<String>,
    /// What they can see of what they refer to.
    faces: BTreeMap<Address, Face>,
}

/// What a service sees of another node: the name in the swarm, and of a volume all, since it is the
/// mount that makes it.
#[derive(Debug, PartialEq)]
struct Face {
    name: String,
    volume: Option<Volume>,
}

/// What one service became.
struct Made {
    address: Address,
    node: LoweredNode,
    claims: Vec<Claim>,
    said: Said,
    whole: bool,
}

impl Services {
    pub(super) fn are_whole(&self) -> bool {
        self.broken.is_empty()
    }

    fn forget_all(&mut self) {
        self.nodes.clear();
        self.claims.clear();
        self.broken.clear();
        self.remarkable.clear();
    }

    fn forget(&mut self, name: &str) {
        self.nodes.remove(&Address::new(Kind::Service, name));
        self.claims.remove(name);
        self.broken.remove(name);
        self.remarkable.remove(name);
    }

    fn keep(&mut self, all: Vec<Made>) -> Said {
        let mut nodes = Vec::with_capacity(all.len());
        let mut claims = Vec::new();
        let mut said = Said::default();
        for made in all {
            let name = &made.address.name;
            if !made.whole {
                self.broken.insert(name.clone());
            }
            if !made.said.is_silent() {
                self.remarkable.insert(name.clone());
            }
            said.extend(made.said);
            if !made.claims.is_empty() {
                claims.push((name.clone(), made.claims));
            }
            nodes.push((made.address, made.node));
        }
        bulk::extend(&mut self.claims, claims);
        bulk::extend(&mut self.nodes, nodes);
        said
    }
}

impl Lower<'_, '_, '_> {
    /// Lowers the services that are due.
    pub(super) fn services(&mut self, graph: &Graph, due: Due, services: &mut Services, aim: Aim) {
        let mut due = self.with_dependents(graph, due, services);
        due.add(services.broken.union(&services.remarkable).cloned());
        match &due {
            Due::All => services.forget_all(),
            Due::Named(names) => names.iter().for_each(|name| services.forget(name)),
        }
        let mut wanted = due.of(&self.spec.services);
        wanted.retain(|(_, service)| service.node.external.is_none());
        self.number_env_files(&wanted);
        let said = services.keep(self.apart(&wanted, aim));
        self.cx.hear(said);
    }

    /// Gives each file of variables its number before they are read side by side.
    fn number_env_files(&mut self, services: &[(&String, &Declared<Service>)]) {
        for file in services.iter().flat_map(|(_, s)| &s.node.env_file) {
            let root = self.cx.root_of(file.span);
            let path = file.value.as_str();
            let bytes = self.cx.bytes_in(&root, path);
            if let Some(text) = bytes.as_deref().and_then(|b| std::str::from_utf8(b).ok()) {
                self.cx.add_aside(&root, path, text);
            }
        }
    }

    fn apart(&mut self, services: &[(&String, &Declared<Service>)], aim: Aim) -> Vec<Made> {
        let (cx, around) = (&*self.cx, self.around());
        let one = |(name, service): &(&String, &Declared<Service>)| {
            let mut cx = cx.apart();
            let mut lower = Lower::new(around, &mut cx);
            let address = Address::new(Kind::Service, name.as_str());
            let mut node = lower.own_service(&address, service);
            let (claims, whole) = (lower.claims, lower.whole);
            if aim == Aim::Plan {
                node.digest = Some(node.payload.digest(address.kind));
            }
            Made {
                address,
                node,
                claims,
                whole,
                said: cx.said(),
            }
        };
        if services.len() <= FEW {
            return services.iter().map(one).collect();
        }
        let side_by_side = services.par_iter().with_min_len(PORTION);
        side_by_side.map(one).collect()
    }

    fn around(&self) -> Around<'_> {
        Around {
            spec: self.spec,
            params: self.params,
            names: self.names,
            identity: self.identity,
            done: &self.nodes,
        }
    }

    /// Adds those that refer to something that looks different now.
    fn with_dependents(&self, graph: &Graph, due: Due, services: &mut Services) -> Due {
        let faces = self.nodes.iter().filter_map(face).collect();
        let before = std::mem::replace(&mut services.faces, faces);
        let Due::Named(mut due) = due else {
            return Due::All;
        };
        let same = |address: &&Address| services.faces.get(*address) == before.get(*address);
        let all: BTreeSet<&Address> = services.faces.keys().chain(before.keys()).collect();
        for changed in all.into_iter().filter(|address| !same(address)) {
            due.extend(graph.services_on(changed));
        }
        Due::Named(due)
    }
}

fn face((address, node): (&Address, &LoweredNode)) -> Option<(Address, Face)> {
    let face = Face {
        name: node.payload.physical_name()?.to_owned(),
        volume: match &node.payload {
            Payload::Volume(volume) => Some(volume.clone()),
            Payload::Node(_)
            | Payload::Network(_)
            | Payload::Secret(_)
            | Payload::Config(_)
            | Payload::Service(_)
            | Payload::Declared(_) => None,
        },
    };
    Some((address.clone(), face))
}
