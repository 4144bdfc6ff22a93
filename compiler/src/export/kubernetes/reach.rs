//! The names by which pods are reached, and the ports that lead to them from outside.

use std::collections::BTreeSet;

use skep_schema::address::Kind;
use skep_schema::plan::{Endpoint, Protocol, PublishMode, Service};

use super::Export;
use super::names::{is_label, label};
use super::object::selected;
use super::workload::Workload;
use crate::export::finding::About;
use crate::export::keys::free;
use crate::export::yaml::{Map, Yaml};
use crate::resolve::ENGINE_NETWORKS;

/// A port that a service says it has.
pub(super) struct Port {
    pub(super) name: String,
    pub(super) number: u16,
    pub(super) protocol: &'static str,
}

impl Export<'_> {
    /// The ports that a service says it has: a plan knows only those that are published.
    pub(super) fn ports_of(&self, about: About<'_>) -> Vec<Port> {
        let Some(service) = self.spec.services.get(&about.address.name) else {
            return Vec::new();
        };
        let mut taken = BTreeSet::new();
        let ports = service.node.port.iter().map(|port| {
            let name = free(&label(port.name.value.as_str()), |name| {
                taken.contains(name)
            });
            taken.insert(name.clone());
            let protocol = port.protocol.as_ref().map(|at| at.value);
            Port {
                name,
                number: port.number.value.0,
                protocol: match protocol.unwrap_or_default() {
                    Protocol::Tcp => "TCP",
                    Protocol::Udp => "UDP",
                    Protocol::Sctp => "SCTP",
                },
            }
        });
        ports.collect()
    }

    /// Services of kubernetes for one of the plan.
    pub(super) fn reached(&mut self, about: About<'_>, service: &Service) {
        let name = self.name(Kind::Service, &service.name);
        let ports = self.ports_of(about);
        if self.has_name(service, &ports) {
            self.by_name(about, service, &name, &ports);
            self.by_alias(about, service, &name, &ports);
        } else {
            self.nameless(about, service);
        }
        self.published(about, service, &name);
    }

    /// Whether something can count on the name: others in its networks, or names of pods.
    fn has_name(&self, service: &Service, ports: &[Port]) -> bool {
        let workload = self.kind_of(service);
        let mut networks = service.networks.keys();
        let is_met = networks.any(|network| !ENGINE_NETWORKS.contains(&network.as_str()));
        match workload {
            Workload::Job => is_met && !ports.is_empty(),
            Workload::StatefulSet => true,
            Workload::Deployment | Workload::DaemonSet => is_met || !ports.is_empty(),
        }
    }

    fn by_name(&mut self, about: About<'_>, service: &Service, name: &str, ports: &[Port]) {
        let is_headless = service.endpoint == Endpoint::Dnsrr || ports.is_empty();
        if ports.is_empty() && service.endpoint == Endpoint::Vip {
            let reason = "a service of kubernetes has to know its ports, and this one declares none: its name leads to the addresses of its pods";
            let next = "declare its ports with `port`";
            self.findings.near(about, "endpoint", reason, next);
        }
        let map = self.service(name, name, ports, is_headless);
        self.objects.push(map);
    }

    fn service(&self, name: &str, pods: &str, ports: &[Port], is_headless: bool) -> Map {
        let mut spec = Map::default();
        if is_headless {
            spec.put("clusterIP", "None");
        }
        spec.put("selector", selected(pods));
        let ports = ports.iter().map(|port| {
            let mut map = Map::default();
            map.put("name", &port.name);
            map.put("port", port.number);
            map.put("protocol", port.protocol);
            Yaml::Map(map)
        });
        spec.put_full("ports", ports.collect::<Vec<_>>());
        let mut map = self.object("v1", "Service", name);
        map.put("spec", spec);
        map
    }

    /// Names besides its own, which in kubernetes are names for the whole namespace.
    fn by_alias(&mut self, about: About<'_>, service: &Service, name: &str, ports: &[Port]) {
        let is_headless = service.endpoint == Endpoint::Dnsrr || ports.is_empty();
        let mut made = BTreeSet::from([name]);
        for (network, aliases) in &service.networks {
            for alias in aliases {
                let is_own = *alias == about.address.name || !made.insert(alias);
                if is_own {
                    continue;
                }
                if is_label(alias) && self.names.take(Kind::Service, alias) {
                    let map = self.service(alias, name, ports, is_headless);
                    self.objects.push(map);
                } else {
                    let reason =
                        "a name in kubernetes is one plain label, and belongs to one service";
                    let next = format!("reach it as `{name}`");
                    let property = format!("network.{network}.alias.{alias}");
                    self.findings.dropped(about, &property, reason, &next);
                }
            }
        }
    }

    /// Names of pods that have none.
    fn nameless(&mut self, about: About<'_>, service: &Service) {
        for (network, aliases) in &service.networks {
            for alias in aliases.iter().filter(|alias| **alias != about.address.name) {
                let reason = "pods that declare no port have no name";
                let next = "declare a port with `port`";
                let property = format!("network.{network}.alias.{alias}");
                self.findings.dropped(about, &property, reason, next);
            }
        }
    }

    fn published(&mut self, about: About<'_>, service: &Service, name: &str) {
        let mut ports = Vec::new();
        for (published, to) in &service.publish {
            match to.mode {
                // It is a port of the container.
                PublishMode::Host => continue,
                PublishMode::Ingress => {}
            }
            let (number, protocol) = published.split_once('/').unwrap_or((published, "tcp"));
            let mut map = Map::default();
            map.put("name", format!("p{number}-{protocol}"));
            map.put(
                "port",
                i64::from(number.parse::<u16>().unwrap_or(to.target)),
            );
            map.put("targetPort", to.target);
            map.put("protocol", protocol.to_uppercase());
            ports.push(Yaml::Map(map));
            let reason = "it is a port of a load balancer, and not of every machine";
            let next = "see that the cluster has load balancers, or make it a NodePort";
            let property = format!("publish.\"{published}\"");
            self.findings.near(about, &property, reason, next);
        }
        if ports.is_empty() {
            return;
        }
        let called = self
            .names
            .take_near(Kind::Service, &format!("{name}-published"));
        let mut spec = Map::default();
        spec.put("type", "LoadBalancer");
        spec.put("selector", selected(name));
        spec.put("ports", ports);
        let mut map = self.object("v1", "Service", &called);
        map.put("spec", spec);
        self.objects.push(map);
    }
}
