//! What of a stack is in the swarm, in the form plans have.

use std::collections::BTreeMap;

use skep_schema::address::{Address, Kind};
use skep_schema::inventory::{Cluster, Inventory, Observed, Readiness, Taken};
use skep_schema::plan::{self, Payload, Plan, SecretSource};

use super::Model;
use super::world::{Meta, World};

pub(super) const STACK: &str = "skep.stack";
pub(super) const ADDRESS: &str = "skep.address";
pub(super) const DIGEST: &str = "skep.digest";

type Labels = BTreeMap<String, String>;

/// An object of the swarm, whoever made it.
pub(super) struct Object<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) labels: &'a Labels,
    pub(super) meta: &'a Meta,
    /// Without the labels that are ours.
    pub(super) payload: Payload,
}

/// The objects of one stack.
pub(super) struct Survey<'a> {
    /// The one object for each address that is or may still be wanted.
    pub(super) nodes: BTreeMap<Address, Object<'a>>,
    /// Other objects of the same addresses.
    pub(super) superseded: Vec<Object<'a>>,
}

impl Object<'_> {
    pub(super) fn is_of(&self, stack: &str) -> bool {
        self.labels.get(STACK).is_some_and(|owner| owner == stack)
    }

    pub(super) fn address(&self) -> Option<Address> {
        self.labels.get(ADDRESS)?.parse().ok()
    }

    /// Who made it, as far as labels tell.
    fn taken(&self) -> Taken {
        let owners = [
            (STACK, "stack"),
            ("com.docker.stack.namespace", "docker stack"),
            ("com.docker.compose.project", "docker compose project"),
        ];
        let owner = owners
            .iter()
            .find_map(|(label, what)| Some(format!("{what} {}", self.labels.get(*label)?)));
        Taken { owner }
    }
}

/// All objects, in order of kind and name.
pub(super) fn objects(world: &World) -> Vec<Object<'_>> {
    let networks = world.networks.iter().map(|(name, network)| {
        let labels = &network.spec.labels;
        let spec = plan::Network {
            labels: theirs(labels),
            ..network.spec.clone()
        };
        Object {
            kind: Kind::Network,
            name,
            labels,
            meta: &network.meta,
            payload: Payload::Network(spec),
        }
    });
    let secrets = world.secrets.iter().map(|(name, secret)| {
        let labels = theirs(&secret.labels);
        let spec = plan::Secret {
            name: name.clone(),
            source: SecretSource::Unknown,
            labels,
        };
        let payload = Payload::Secret(spec);
        Object {
            kind: Kind::Secret,
            name,
            labels: &secret.labels,
            meta: &secret.meta,
            payload,
        }
    });
    let configs = world.configs.iter().map(|(name, config)| {
        let content = Some(config.content.clone());
        let spec = plan::Config {
            name: name.clone(),
            content,
            labels: theirs(&config.labels),
            external: false,
        };
        let payload = Payload::Config(spec);
        Object {
            kind: Kind::Config,
            name,
            labels: &config.labels,
            meta: &config.meta,
            payload,
        }
    });
    let services = world.services.iter().map(|(name, service)| {
        let labels = &service.spec.labels;
        let spec = plan::Service {
            labels: theirs(labels),
            ..(*service.spec).clone()
        };
        let payload = Payload::Service(Box::new(spec));
        Object {
            kind: Kind::Service,
            name,
            labels,
            meta: &service.meta,
            payload,
        }
    });
    networks
        .chain(secrets)
        .chain(configs)
        .chain(services)
        .collect()
}

fn theirs(labels: &Labels) -> Labels {
    let others = labels.iter().filter(|(key, _)| !key.starts_with("skep."));
    others
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// `plan` is bound, so that names are whole as far as they can be.
pub(super) fn survey<'a>(world: &'a World, stack: &str, plan: &Plan) -> Survey<'a> {
    let mut found: BTreeMap<Address, Vec<Object<'_>>> = BTreeMap::new();
    for object in objects(world)
        .into_iter()
        .filter(|object| object.is_of(stack))
    {
        if let Some(address) = object.address() {
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
        let chosen = objects
            .pop()
            .filter(|object| wanted.is_some() || !is_kept_for_rollback(world, object));
        survey.superseded.extend(objects);
        survey.nodes.extend(chosen.map(|object| (address, object)));
    }
    survey
}

/// Whether nothing but a rollback could still want it. It is not wanted by the plan, so it would
/// be deleted, again and again.
fn is_kept_for_rollback(world: &World, object: &Object<'_>) -> bool {
    matches!(object.kind, Kind::Config | Kind::Secret)
        && is_used_before(world, object.kind, object.name)
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
        let fingerprints = world
            .key()
            .map(|key| self.secrets.fingerprints(&key, plan))
            .unwrap_or_default();
        let plan = plan.bind(&fingerprints);
        let Survey { nodes, superseded } = survey(world, &self.stack, &plan);
        let nodes = nodes
            .into_iter()
            .map(|(address, object)| (address, self.observed(world, object)))
            .collect();
        Inventory {
            cluster: cluster(world, name),
            nodes,
            taken: taken(world, &self.stack, &plan),
            fingerprints,
            superseded: superseded
                .into_iter()
                .map(|object| (object.kind, object.name.to_owned()))
                .collect(),
        }
    }

    fn observed(&self, world: &World, object: Object<'_>) -> Observed {
        let readiness = match object.kind {
            Kind::Service => self.readiness(world, object.name),
            Kind::Param
            | Kind::Registry
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
            payload: object.payload,
            digest,
            readiness,
        }
    }
}

fn cluster(world: &World, name: String) -> Cluster {
    let nodes = u32::try_from(world.nodes.len()).unwrap_or(u32::MAX);
    Cluster {
        name,
        id: world.swarm.clone(),
        api: "1.41".to_owned(),
        nodes,
    }
}

fn taken(world: &World, stack: &str, plan: &Plan) -> BTreeMap<(Kind, String), Taken> {
    let wanted = plan
        .nodes
        .values()
        .filter(|node| !node.payload.is_external())
        .filter_map(|node| Some((node.payload.object()?, node.payload.physical_name()?)));
    let objects = objects(world);
    wanted
        .filter_map(|(kind, name)| {
            let holds = |object: &&Object<'_>| {
                let same = if kind == Kind::Service {
                    object.name.eq_ignore_ascii_case(name)
                } else {
                    object.name == name
                };
                object.kind == kind && same
            };
            let holder = objects
                .iter()
                .find(holds)
                .filter(|object| !object.is_of(stack))?;
            Some(((kind, name.to_owned()), holder.taken()))
        })
        .collect()
}
