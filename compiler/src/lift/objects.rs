//! What services use: networks, volumes, secrets and configs.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Kind;
use skep_schema::inventory::Running;
use skep_schema::plan::{Config, Content, MountSource, Network, Payload, PoolRange, Service};

use super::names::{found, mentions};
use super::write::{block, flag, head, list, map, text};
use super::{Lift, meant};

/// Where the engine takes the addresses of networks from that name none: /24 of 10.0.0.0/8.
const ENGINE_POOL: &str = "10.";
const ENGINE_SIZE: &str = "/24";

impl Lift {
    /// One node for everything that services use, made by the stack or not.
    pub(super) fn objects(&mut self, running: &Running, services: &[&Service]) -> String {
        let found = found(running);
        let made = found
            .keys()
            .copied()
            .filter(|(kind, _)| *kind != Kind::Service);
        let used = running.objects.iter().flat_map(mentions);
        let all: BTreeSet<(Kind, &str)> = made.chain(used).collect();
        let nodes = all.into_iter().map(|(kind, physical)| {
            let name = self.names.of_object(kind, physical).to_owned();
            match found.get(&(kind, physical)) {
                Some(Payload::Network(network)) if !network.external => {
                    self.network(&name, network)
                }
                Some(Payload::Config(config)) if !config.external => self.config(&name, config),
                Some(_) | None if kind == Kind::Volume => self.volume(&name, physical, services),
                Some(_) | None => outside(kind, &name, physical),
            }
        });
        let mut nodes: Vec<String> = nodes.collect();
        nodes.retain(|node| !node.is_empty());
        nodes.join("\n")
    }

    fn network(&mut self, name: &str, network: &Network) -> String {
        let Network {
            name: _,
            driver,
            internal,
            attachable,
            encrypted,
            subnets,
            options,
            labels,
            external: _,
        } = network;
        let ranges: Vec<&PoolRange> = subnets.iter().filter(|range| is_chosen(range)).collect();
        let (subnets, gateways) = ranges_of(&ranges);
        if gateways.len() > 1 {
            let text = "its ranges have gateways of their own, and a spec can name one: the engine's first \
                        address of each is left to it";
            self.remark(Kind::Network, name, text);
        }
        let gateway = gateways.first().filter(|_| gateways.len() == 1);
        let children = [
            text("driver", (driver != "overlay").then_some(driver)),
            flag("internal", *internal),
            flag("attachable", *attachable),
            flag("encrypted", *encrypted),
            list("subnet", &subnets),
            text("gateway", gateway),
            map("option", options),
            map("label", &meant(labels)),
        ];
        let head = head("network", name);
        block(&head, children.into_iter().flatten()).unwrap_or(head)
    }

    fn config(&mut self, name: &str, config: &Config) -> String {
        let Config {
            name: _,
            content,
            labels,
            external: _,
        } = config;
        let bytes = match content {
            Some(Content::Text(text)) => text.clone().into_bytes(),
            Some(Content::Base64(text)) => Content::decode(text).unwrap_or_default(),
            None => Vec::new(),
        };
        let path = format!("configs/{name}");
        let children = [text("file", Some(&path)), map("label", &meant(labels))];
        self.lifted.files.insert(path, bytes);
        let head = head("config", name);
        block(&head, children.into_iter().flatten()).unwrap_or(head)
    }

    /// A volume as the first mount of it would make it.
    fn volume(&mut self, name: &str, physical: &str, services: &[&Service]) -> String {
        let mut mounts = services
            .iter()
            .flat_map(|service| service.mounts.values())
            .filter_map(|mount| Making::of(&mount.from, physical));
        let Some(first) = mounts.next() else {
            return String::new();
        };
        if mounts.any(|other| other != first) {
            let text = "services mount it with different drivers, options or labels; the first ones are \
                        in the spec, and the tasks of the others restart";
            self.remark(Kind::Volume, name, text);
        }
        let is_derived = self.names.is_derived(name, physical);
        let children = [
            text("driver", first.driver.as_ref()),
            map("option", first.options),
            map("label", &first.labels),
            text("name", (!is_derived).then(|| physical.to_owned()).as_ref()),
        ];
        let head = head("volume", name);
        block(&head, children.into_iter().flatten()).unwrap_or(head)
    }
}

/// How a mount makes its volume.
#[derive(PartialEq)]
struct Making<'m> {
    driver: Option<String>,
    options: &'m BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
}

impl<'m> Making<'m> {
    fn of(from: &'m MountSource, volume: &str) -> Option<Self> {
        match from {
            MountSource::Volume {
                name,
                driver,
                options,
                labels,
                no_copy: _,
                subpath: _,
            } if name == volume => Some(Self {
                driver: driver.clone(),
                options,
                labels: meant(labels),
            }),
            MountSource::Volume { .. }
            | MountSource::Bind { .. }
            | MountSource::Tmpfs { .. }
            | MountSource::Npipe { .. } => None,
        }
    }
}

/// What somebody else made.
fn outside(kind: Kind, name: &str, physical: &str) -> String {
    let physical = (name != physical).then(|| physical.to_owned());
    let children = [flag("external", true), text("name", physical.as_ref())];
    block(&head(kind.word(), name), children.into_iter().flatten()).unwrap_or_default()
}

/// Whether somebody chose a range, and not the engine.
fn is_chosen(range: &PoolRange) -> bool {
    !(range.subnet.starts_with(ENGINE_POOL) && range.subnet.ends_with(ENGINE_SIZE))
}

/// The ranges, and those of their gateways that are not the first address.
fn ranges_of(ranges: &[&PoolRange]) -> (Vec<String>, Vec<String>) {
    let subnets = ranges.iter().map(|range| range.subnet.clone()).collect();
    let gateways = ranges.iter().filter_map(|range| {
        let gateway = range.gateway.clone()?;
        (first_address(&range.subnet).as_ref() != Some(&gateway)).then_some(gateway)
    });
    (subnets, gateways.collect())
}

/// `10.1.0.1` of `10.1.0.0/16`; nothing for what ends otherwise.
fn first_address(subnet: &str) -> Option<String> {
    let (network, _) = subnet.split_once('/')?;
    network
        .strip_suffix(".0")
        .map(|network| format!("{network}.1"))
}
