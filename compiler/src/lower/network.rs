//! Networks. A network cannot be changed, so one that may have to be is named after its content.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::digest::Digest;
use skep_schema::plan::{Network, Payload, PoolRange, Target};
use skep_schema::spec::{self, Declared, NetworkDriver};
use skep_schema::value::Value;

use super::place::Place;
use super::plain::{flag, scalars};
use super::{Lower, LoweredNode, names};
use crate::proxy::Cidr;
use crate::resolve::ENGINE_NETWORKS;

/// The network of services that name none.
pub(super) const DEFAULT: &str = "default";
const MTU: &str = "com.docker.network.driver.mtu";

impl Lower<'_, '_, '_> {
    pub(super) fn networks(&mut self) {
        for (name, network) in &self.spec.networks {
            self.within(network, |lower| lower.network(name, network));
        }
        if wants_default(self.spec) {
            self.default_network();
        }
    }

    fn network(&mut self, name: &str, network: &Declared<spec::Network>) {
        self.refuse_engine_name(name, network);
        let external = flag(network.node.external.as_ref());
        let payload = if external {
            self.external_network(name, network)
        } else {
            self.own_network(name, &network.node)
        };
        self.put(
            Address::new(Kind::Network, name),
            Target::Swarm,
            Payload::Network(payload),
            network,
        );
    }

    fn refuse_engine_name(&mut self, name: &str, network: &Declared<spec::Network>) {
        if ENGINE_NETWORKS.contains(&name) {
            let message = format!("the network `{name}` belongs to the engine");
            self.error(
                Diagnostic::new(Code::ReservedName, network.name, message)
                    .help("leave the declaration out, or choose another name"),
            );
        }
    }

    fn external_network(&mut self, name: &str, network: &Declared<spec::Network>) -> Network {
        self.refuse_beside_external(Kind::Network, network, &[]);
        let physical = network
            .node
            .physical
            .as_ref()
            .map_or(name, |physical| physical.value.as_str());
        Network {
            name: physical.to_owned(),
            external: true,
            ..Network::default()
        }
    }

    fn own_network(&mut self, name: &str, network: &spec::Network) -> Network {
        let labels = self.labels(&network.label);
        let body = Network {
            driver: network
                .driver
                .as_ref()
                .map_or(NetworkDriver::Overlay, |d| d.value)
                .word()
                .to_owned(),
            internal: flag(network.internal.as_ref()),
            attachable: flag(network.attachable.as_ref()),
            encrypted: flag(network.encrypted.as_ref()),
            subnets: self.subnets(network),
            options: self.network_options(network),
            ..Network::default()
        };
        let written = network.physical.as_ref().map(|name| name.value.as_str());
        let chosen = self.chosen(Kind::Network, name, written);
        let physical = match chosen {
            Some(chosen) => chosen,
            None if body == plainest() => self.derived(Kind::Network, name),
            None => {
                let known = self.known_as(Kind::Network, name);
                self.names.tailed(&known, &names::brief(&content(&body)))
            }
        };
        Network {
            name: physical,
            labels,
            ..body
        }
    }

    fn network_options(&mut self, network: &spec::Network) -> BTreeMap<String, String> {
        let mut options = scalars(&network.option);
        let Some(mtu) = &network.mtu else {
            return options;
        };
        let twice = options.insert(MTU.to_owned(), mtu.value.to_string());
        if twice.is_some() {
            let message = format!("`mtu` and the option `{MTU}` say the same thing");
            self.error(Diagnostic::new(Code::Contradiction, mtu.span, message).help("keep `mtu`"));
        }
        options
    }

    fn subnets(&mut self, network: &spec::Network) -> BTreeSet<PoolRange> {
        let ranges: Vec<Cidr> = network
            .subnet
            .iter()
            .filter_map(|subnet| Cidr::parse(subnet.value.as_str()).ok())
            .collect();
        let gateway = network.gateway.as_ref();
        let home = gateway.and_then(|ip| {
            ranges
                .iter()
                .position(|range| lies_in(ip.value.as_str(), *range))
        });
        if let (Some(gateway), None) = (gateway, home) {
            let message = format!(
                "the gateway `{}` lies in no `subnet` of the network",
                gateway.value
            );
            self.lacks(
                Diagnostic::new(Code::Contradiction, gateway.span, message)
                    .help("write the subnet it lies in, or leave it out"),
            );
        }
        let numbered = ranges.iter().enumerate();
        let gateway_of = |index| {
            gateway
                .filter(|_| home == Some(index))
                .map(|ip| ip.value.as_str().to_owned())
        };
        numbered
            .map(|(index, range)| PoolRange {
                subnet: range.to_string(),
                gateway: gateway_of(index),
            })
            .collect()
    }

    fn default_network(&mut self) {
        let address = Address::new(Kind::Network, DEFAULT);
        let payload = Payload::Network(Network {
            name: self
                .chosen(Kind::Network, DEFAULT, None)
                .unwrap_or_else(|| self.derived(Kind::Network, DEFAULT)),
            ..plainest()
        });
        let node = LoweredNode::new(Target::Swarm, payload, Place::default());
        self.nodes.insert(address, node);
    }
}

/// Whether some node names no network, so that the default one is made without being declared.
pub(crate) fn wants_default(spec: &spec::Spec) -> bool {
    let services = spec.services.values().map(|s| &s.node);
    let gateways = spec.gateways.values().map(|g| &g.node);
    let homeless = services
        .filter(|s| s.external.is_none())
        .any(|s| s.network.is_empty())
        || gateways
            .filter(|g| g.external.is_none())
            .any(|g| g.network.is_empty());
    homeless && !spec.networks.contains_key(DEFAULT)
}

/// The networks a service joins, by their names in the project, in order and each once.
pub(crate) fn of_service(service: &spec::Service) -> Vec<&str> {
    let written = service.network.iter();
    or_default(written.map(|network| network.name.value.as_str()).collect())
}

pub(super) fn of_gateway(gateway: &spec::Gateway) -> Vec<&str> {
    let written = gateway.network.iter();
    or_default(written.map(|network| network.value.as_str()).collect())
}

fn or_default(mut written: Vec<&str>) -> Vec<&str> {
    if written.is_empty() {
        return vec![DEFAULT];
    }
    written.sort_unstable();
    written.dedup();
    written
}

fn lies_in(address: &str, range: Cidr) -> bool {
    let text = range.to_string();
    let prefix = text.rsplit('/').next().unwrap_or("");
    Cidr::parse(&format!("{address}/{prefix}")) == Ok(range)
}

/// A network that nothing was said about; it has nothing to change.
fn plainest() -> Network {
    Network {
        driver: NetworkDriver::Overlay.word().to_owned(),
        ..Network::default()
    }
}

/// Over everything that cannot be changed in place. Labels cannot either, but are not worth a new network.
fn content(body: &Network) -> Digest {
    let value = Value::of(body).expect("a network holds no floats and only string keys");
    Digest::of("network content", &value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_network_changes_what_it_is_called() {
        let secured = Network {
            encrypted: true,
            ..plainest()
        };
        assert_ne!(content(&secured), content(&plainest()));
    }
}
