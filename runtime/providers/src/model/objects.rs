//! The swarm's objects in the form plans have, whoever made them.

use skep_schema::address::{Address, Kind};
use skep_schema::plan::{self, Payload, SecretSource};

use super::world::{Config, Meta, Network, Secret, Service, World};
use crate::swarm::normal;

pub(super) use crate::swarm::labels::{
    ADDRESS, DIGEST, Labels, RECORD, RECORD_OF, STACK, VALUE, taken, theirs,
};
pub(super) use crate::swarm::survey::{not_as_written, respelled, spelled_like};

/// One object.
pub(super) struct Object<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    /// All of them, ours included.
    pub(super) labels: &'a Labels,
    pub(super) meta: &'a Meta,
    /// Normal, and without the labels that are ours.
    pub(super) payload: Payload,
}

impl Object<'_> {
    pub(super) fn is_of(&self, stack: &str) -> bool {
        is_of(self.labels, stack)
    }

    pub(super) fn address(&self) -> Option<Address> {
        self.labels.get(ADDRESS)?.parse().ok()
    }
}

pub(super) fn is_of(labels: &Labels, stack: &str) -> bool {
    labels.get(STACK).is_some_and(|owner| owner == stack)
}

/// The object of this name, if there is one.
pub(super) fn object<'a>(world: &'a World, kind: Kind, name: &str) -> Option<Object<'a>> {
    match kind {
        Kind::Network => world
            .networks
            .get_key_value(name)
            .map(|(name, network)| of_network(name, network)),
        Kind::Secret => world
            .secrets
            .get_key_value(name)
            .map(|(name, secret)| of_secret(name, secret)),
        Kind::Config => world
            .configs
            .get_key_value(name)
            .map(|(name, config)| of_config(name, config)),
        Kind::Service => world
            .services
            .get_key_value(name)
            .map(|(name, service)| of_service(name, service)),
        Kind::Param
        | Kind::Registry
        | Kind::Node
        | Kind::Volume
        | Kind::Certificate
        | Kind::Gateway
        | Kind::Route
        | Kind::Flow => None,
    }
}

/// The labels of what holds this name; service names are one in any case.
pub(super) fn holder<'a>(world: &'a World, kind: Kind, name: &str) -> Option<&'a Labels> {
    match kind {
        Kind::Network => world.networks.get(name).map(|network| &network.spec.labels),
        Kind::Secret => world.secrets.get(name).map(|secret| &secret.labels),
        Kind::Config => world.configs.get(name).map(|config| &config.labels),
        Kind::Service => {
            let taken = world
                .services
                .iter()
                .find(|(taken, _)| taken.eq_ignore_ascii_case(name));
            taken.map(|(_, service)| &service.spec.labels)
        }
        Kind::Param
        | Kind::Registry
        | Kind::Node
        | Kind::Volume
        | Kind::Certificate
        | Kind::Gateway
        | Kind::Route
        | Kind::Flow => None,
    }
}

/// All objects of a stack, in order of kind and name.
pub(super) fn objects<'a>(world: &'a World, stack: &str) -> Vec<Object<'a>> {
    let ours = |labels: &Labels| is_of(labels, stack);
    let networks = world
        .networks
        .iter()
        .filter(|(_, network)| ours(&network.spec.labels));
    let secrets = world
        .secrets
        .iter()
        .filter(|(_, secret)| ours(&secret.labels));
    let configs = world
        .configs
        .iter()
        .filter(|(_, config)| ours(&config.labels));
    let services = world
        .services
        .iter()
        .filter(|(_, service)| ours(&service.spec.labels));
    networks
        .map(|(name, network)| of_network(name, network))
        .chain(secrets.map(|(name, secret)| of_secret(name, secret)))
        .chain(configs.map(|(name, config)| of_config(name, config)))
        .chain(services.map(|(name, service)| of_service(name, service)))
        .collect()
}

fn of_network<'a>(name: &'a str, network: &'a Network) -> Object<'a> {
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
}

fn of_secret<'a>(name: &'a str, secret: &'a Secret) -> Object<'a> {
    let (labels, source) = (theirs(&secret.labels), SecretSource::Unknown);
    let payload = Payload::Secret(plan::Secret {
        name: name.to_owned(),
        source,
        labels,
    });
    Object {
        kind: Kind::Secret,
        name,
        labels: &secret.labels,
        meta: &secret.meta,
        payload,
    }
}

fn of_config<'a>(name: &'a str, config: &'a Config) -> Object<'a> {
    let spec = plan::Config {
        name: name.to_owned(),
        content: Some(config.content.clone()),
        labels: theirs(&config.labels),
        external: false,
    };
    Object {
        kind: Kind::Config,
        name,
        labels: &config.labels,
        meta: &config.meta,
        payload: Payload::Config(spec),
    }
}

fn of_service<'a>(name: &'a str, service: &'a Service) -> Object<'a> {
    let labels = &service.spec.labels;
    let spec = plan::Service {
        labels: theirs(labels),
        ..normal::service(&service.spec)
    };
    let payload = Payload::Service(Box::new(spec));
    Object {
        kind: Kind::Service,
        name,
        labels,
        meta: &service.meta,
        payload,
    }
}
