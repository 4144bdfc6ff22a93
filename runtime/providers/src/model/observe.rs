//! What of a stack is in the swarm, in the form plans have.

use std::collections::BTreeMap;

use skep_schema::address::{Address, Kind};
use skep_schema::inventory::{
    Absent, Cluster, Foreign, Inventory, Observed, Readiness, Taken, absent, labelled,
};
use skep_schema::plan::{self, Fingerprints, Payload, Plan};

use super::Model;
use super::calls::PREDEFINED;
use super::objects::{DIGEST, Object, holder, is_of, object, objects, spelled_like, taken};
use super::world::World;
use crate::swarm::adopt;
use crate::swarm::same::{self, Candidate};

/// The objects of one stack.
pub(super) struct Survey<'a> {
    /// The one object for each address that is or may still be wanted.
    pub(super) nodes: BTreeMap<Address, Object<'a>>,
    /// Other objects of the same addresses.
    pub(super) superseded: Vec<Object<'a>>,
}

/// `plan` is bound, so that names are whole as far as they can be.
pub(super) fn survey<'a>(world: &'a World, stack: &str, plan: &Plan) -> Survey<'a> {
    let mut found: BTreeMap<Address, Vec<Object<'_>>> = BTreeMap::new();
    let all = objects(world, stack);
    let settled = settle(&all, plan);
    for object in all {
        if let Some(address) = object.address() {
            let address = settled.get(&address).cloned().unwrap_or(address);
            found.entry(address).or_default().push(object);
        }
    }
    let mut survey = Survey {
        nodes: BTreeMap::new(),
        superseded: Vec::new(),
    };
    for (address, mut objects) in found {
        let wanted = plan
            .nodes
            .get(&address)
            .and_then(|node| node.payload.physical_name());
        // What the plan names comes last, after the newest.
        objects.sort_by_key(|object| {
            (
                Some(object.name) == wanted,
                object.meta.created,
                object.meta.version,
            )
        });
        let Some(chosen) = objects.pop() else {
            continue;
        };
        survey.superseded.extend(objects);
        if wanted.is_none() && is_kept_for_rollback(world, &chosen) {
            survey.superseded.push(chosen);
        } else {
            survey.nodes.insert(address, chosen);
        }
    }
    survey
}

/// The plan's addresses of objects that carry others.
pub(super) fn settle(objects: &[Object<'_>], plan: &Plan) -> BTreeMap<Address, Address> {
    let addresses: Vec<(Address, &Object<'_>)> = objects
        .iter()
        .filter_map(|object| Some((object.address()?, object)))
        .collect();
    let carried: Vec<plan::Carried<'_>> = addresses
        .iter()
        .map(|(address, object)| (address, object.kind, object.name))
        .collect();
    plan.settle(&carried)
}

/// Whether nothing but a rollback could still want it. It is not wanted by the plan, so it would
/// be deleted, again and again.
fn is_kept_for_rollback(world: &World, object: &Object<'_>) -> bool {
    is_used_before(world, object.kind, object.name)
        && !world
            .services
            .values()
            .any(|service| refers(&service.spec, object.kind, object.name))
}

/// Whether some service would need it to go back.
pub(super) fn is_used_before(world: &World, kind: Kind, name: &str) -> bool {
    let previous = world
        .services
        .values()
        .filter_map(|service| service.previous.as_deref());
    previous.into_iter().any(|spec| refers(spec, kind, name))
}

pub(super) fn refers(service: &plan::Service, kind: Kind, name: &str) -> bool {
    match kind {
        Kind::Network => service.networks.contains_key(name),
        Kind::Secret => service.secrets.values().any(|file| file.source == name),
        Kind::Config => service.configs.values().any(|file| file.source == name),
        Kind::Param
        | Kind::Registry
        | Kind::Node
        | Kind::Volume
        | Kind::Certificate
        | Kind::Service
        | Kind::Gateway
        | Kind::Route
        | Kind::Flow => false,
    }
}

impl Model {
    pub(super) fn inventory(&self, world: &World, plan: &Plan, name: String) -> Inventory {
        let mut fingerprints = world
            .key()
            .map(|key| self.secrets.fingerprints(&key, plan))
            .unwrap_or_default();
        fingerprints.same = same_in(world, plan, &fingerprints);
        let plan = plan.bind(&fingerprints);
        let Survey { nodes, superseded } = survey(world, &self.stack, &plan);
        let machines = world.machines();
        let labelled = labelled(&machines, &self.stack, &plan);
        let nodes = nodes
            .into_iter()
            .map(|(address, object)| {
                let wanted = plan.nodes.get(&address).map(|node| &node.payload);
                let observed = self.observed(world, object, &address, wanted);
                (address, observed)
            })
            .chain(labelled)
            .collect();
        let adoptable = adoptable(world, &plan, &nodes);
        let mut taken = names_taken(world, &self.stack, &plan);
        taken.retain(|(kind, name), _| !adopt::holds(&adoptable, *kind, name));
        Inventory {
            cluster: Cluster {
                machines,
                foreign: world.foreign(&self.stack),
                ..cluster(world, name)
            },
            nodes,
            releases: adopt::released(
                adopt::stacks(&adoptable),
                world.configs.keys().map(String::as_str),
            ),
            adoptable,
            taken,
            absent: not_there(world, &plan),
            fingerprints,
            superseded: superseded
                .into_iter()
                .map(|object| (object.kind, object.name.to_owned()))
                .collect(),
        }
    }

    fn observed(
        &self,
        world: &World,
        object: Object<'_>,
        address: &Address,
        wanted: Option<&Payload>,
    ) -> Observed {
        let readiness = match object.kind {
            Kind::Service => self.readiness(world, object.name),
            Kind::Param
            | Kind::Registry
            | Kind::Node
            | Kind::Network
            | Kind::Volume
            | Kind::Secret
            | Kind::Config
            | Kind::Certificate
            | Kind::Gateway
            | Kind::Route
            | Kind::Flow => Readiness::Ready {
                running: 0,
                desired: 0,
            },
        };
        let digest = object.labels.get(DIGEST).and_then(|text| text.parse().ok());
        Observed {
            was: object.address().filter(|carried| carried != address),
            payload: spelled_like(object.payload, wanted),
            digest,
            readiness,
        }
    }
}

fn adoptable(
    world: &World,
    plan: &Plan,
    ours: &BTreeMap<Address, Observed>,
) -> BTreeMap<Address, Observed> {
    let found = adopt::open(plan, ours).filter_map(|(address, wanted)| {
        let object = object(world, wanted.object()?, wanted.physical_name()?)?;
        let seen = adopt::is_nobodys(object.labels).then_some(object.payload)?;
        Some((address.clone(), adopt::observed(seen, wanted)))
    });
    found.collect()
}

/// The plan's configs and secrets for which an object of another name stands now.
fn same_in(world: &World, plan: &Plan, prints: &Fingerprints) -> BTreeMap<Address, String> {
    let standing = same::candidates(plan).filter(|(address, name)| {
        let found = object(world, address.kind, name);
        found.is_some_and(|found| {
            let content = found.payload.content();
            let labels = found.labels;
            same::stands(plan, prints, address, &Candidate { labels, content })
        })
    });
    let standing = standing.map(|(address, name)| (address.clone(), name.to_owned()));
    standing.collect()
}

fn cluster(world: &World, name: String) -> Cluster {
    let nodes = u32::try_from(world.nodes.len()).unwrap_or(u32::MAX);
    Cluster {
        name,
        id: world.swarm.clone(),
        api: "1.41".to_owned(),
        nodes,
        machines: Vec::new(),
        foreign: Foreign::default(),
    }
}

fn names_taken(world: &World, stack: &str, plan: &Plan) -> BTreeMap<(Kind, String), Taken> {
    let wanted = plan
        .nodes
        .values()
        .filter(|node| !node.payload.is_external());
    let names =
        wanted.filter_map(|node| Some((node.payload.object()?, node.payload.physical_name()?)));
    names
        .filter_map(|(kind, name)| {
            let labels = holder(world, kind, name).filter(|labels| !is_of(labels, stack))?;
            Some(((kind, name.to_owned()), taken(labels)))
        })
        .collect()
}

/// External objects of the plan that nobody has made.
fn not_there(world: &World, plan: &Plan) -> Absent {
    let networks = world.networks.keys().map(String::as_str).chain(PREDEFINED);
    let configs = world.configs.keys().map(String::as_str);
    let secrets = world.secrets.keys().map(String::as_str);
    let mut found = absent(plan, Kind::Network, &networks.collect::<Vec<_>>());
    found.extend(absent(plan, Kind::Config, &configs.collect::<Vec<_>>()));
    found.extend(absent(plan, Kind::Secret, &secrets.collect::<Vec<_>>()));
    found
}
