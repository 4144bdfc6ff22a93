//! Who may talk to whom: what networks keep apart in a swarm, policies keep apart in a namespace.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Kind;
use skep_schema::plan::{Network, Payload, PoolRange, Service};

use super::Export;
use super::object::{matching, selected};
use super::objects::one;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};
use crate::resolve::{ENGINE_NETWORKS, port_of};

const API: &str = "networking.k8s.io/v1";
/// Tells that a pod is in a network.
const NETWORK: &str = "network.skep";
const DNS: u16 = 53;

/// Ports of pods, with their protocols.
type Ports = BTreeSet<(u16, String)>;

impl Export<'_> {
    pub(super) fn policies(&mut self) {
        self.closed();
        let mut declared = BTreeSet::new();
        for (address, node) in &self.plan.nodes {
            if let Payload::Network(network) = &node.payload {
                declared.insert(network.name.as_str());
                self.network(About { address, node }, network);
            }
        }
        let payloads = self.plan.nodes.values().map(|node| &node.payload);
        let used: BTreeSet<&str> = payloads
            .flat_map(Payload::references)
            .filter(|(kind, name)| *kind == Kind::Network && !ENGINE_NETWORKS.contains(name))
            .map(|(_, name)| name)
            .collect();
        for name in used.difference(&declared) {
            let policy = self.policy_of(name, Reach::Everywhere, &BTreeMap::new());
            self.objects.push(policy);
        }
        self.open();
    }

    /// The labels by which pods are in networks.
    pub(super) fn joined(&self, service: &Service) -> Map {
        let networks = service.networks.keys();
        let networks = networks.filter(|name| !ENGINE_NETWORKS.contains(&name.as_str()));
        let mut map = Map::default();
        for network in networks {
            map.put(self.network_label(network), "joined");
        }
        map.sort();
        map
    }

    fn network_label(&self, physical: &str) -> String {
        format!("{NETWORK}/{}", self.name(Kind::Network, physical))
    }

    /// Nothing reaches a pod but what another policy lets in.
    fn closed(&mut self) {
        let mut spec = Map::default();
        spec.put("podSelector", Map::default());
        spec.put("policyTypes", vec!["Ingress"]);
        let mut map = self.object(API, "NetworkPolicy", "closed");
        map.put("spec", spec);
        self.objects.push(map);
    }

    fn network(&mut self, about: About<'_>, network: &Network) {
        let Network {
            name,
            driver,
            internal,
            attachable,
            encrypted,
            subnets,
            options,
            labels,
            external,
        } = network;
        self.unnetworked(about, driver, *encrypted, subnets, options);
        let label = self.network_label(name);
        if *attachable {
            let reason = "any pod of the namespace with its label is in it";
            self.findings.near(about, "attachable", reason, "");
        }
        let reach = match (*external, *internal) {
            (true, _) => {
                let reason = "pods of other namespaces are in it when they have its label";
                let next =
                    format!("give them the label {label}=joined, and a policy that lets ours in");
                self.findings.near(about, "external", reason, &next);
                Reach::Namespaces
            }
            (false, true) => Reach::Inside,
            (false, false) => Reach::Everywhere,
        };
        let notes = self.notes(about, "label", labels);
        let policy = self.policy_of(name, reach, &notes);
        self.objects.push(policy);
    }

    /// What of a network is up to the one network of the cluster.
    fn unnetworked(
        &mut self,
        about: About<'_>,
        driver: &str,
        encrypted: bool,
        subnets: &BTreeSet<PoolRange>,
        options: &BTreeMap<String, String>,
    ) {
        let next = "look at what the cluster's network plugin can do";
        for (property, said, reason) in [
            (
                "driver",
                driver != "overlay",
                "pods are in the one network of the cluster",
            ),
            (
                "encrypted",
                encrypted,
                "whether traffic between machines is encrypted is up to the network plugin",
            ),
        ] {
            if said {
                self.findings.dropped(about, property, reason, next);
            }
        }
        for PoolRange { subnet, gateway } in subnets {
            let reason = "pods have addresses of the one network of the cluster";
            let of_gateway = gateway.iter().map(|at| format!("gateway.{at}"));
            for property in of_gateway.chain([format!("subnet.{subnet}")]) {
                self.findings.dropped(about, &property, reason, next);
            }
        }
        for option in options.keys() {
            let reason = "it is an option of docker's driver";
            self.findings
                .dropped(about, &format!("option.{option}"), reason, next);
        }
    }

    fn policy_of(&self, physical: &str, reach: Reach, notes: &BTreeMap<String, String>) -> Map {
        let mut member = Map::default();
        member.put(self.network_label(physical), "joined");
        let mut peer = Map::default();
        if reach == Reach::Namespaces {
            peer.put("namespaceSelector", Map::default());
        }
        peer.put("podSelector", matching(member.clone()));
        let mut from = Map::default();
        from.put("from", one(peer.clone()));
        let outward = if reach == Reach::Inside {
            let mut to = Map::default();
            to.put("to", one(peer));
            let mut names = Map::default();
            let dns = ["TCP", "UDP"].map(|protocol| (DNS, protocol.to_owned()));
            names.put("ports", ports(&dns.into()));
            vec![Yaml::Map(to), Yaml::Map(names)]
        } else {
            one(Map::default())
        };
        let mut spec = Map::default();
        spec.put("podSelector", matching(member));
        spec.put("policyTypes", vec!["Ingress", "Egress"]);
        spec.put("ingress", one(from));
        spec.put("egress", outward);
        let name = format!("network-{}", self.name(Kind::Network, physical));
        let mut map = self.noted(API, "NetworkPolicy", &name, notes);
        map.put("spec", spec);
        map
    }

    /// Ports that are reached from outside: those that are published, and those that routes lead to.
    fn open(&mut self) {
        let mut open = self.routed();
        for node in self.plan.nodes.values() {
            if let Ok(service) = node.payload.as_service()
                && !service.publish.is_empty()
            {
                let ports = open.entry(service.name.clone()).or_default();
                for (published, to) in &service.publish {
                    let protocol = published.split_once('/').map_or("tcp", |(_, after)| after);
                    ports.insert((to.target, protocol.to_uppercase()));
                }
            }
        }
        for (address, node) in &self.plan.nodes {
            let Ok(service) = node.payload.as_service() else {
                continue;
            };
            let Some(open) = open
                .get(&service.name)
                .filter(|_| address.kind == Kind::Service)
            else {
                continue;
            };
            let name = self.name(Kind::Service, &service.name);
            let mut rule = Map::default();
            rule.put("ports", ports(open));
            let mut spec = Map::default();
            spec.put("podSelector", matching(selected(&name)));
            spec.put("policyTypes", vec!["Ingress"]);
            spec.put("ingress", one(rule));
            let mut map = self.object(API, "NetworkPolicy", &format!("open-{name}"));
            map.put("spec", spec);
            self.objects.push(map);
        }
    }

    /// Ports that routes lead to, by the physical name of the service.
    fn routed(&self) -> BTreeMap<String, Ports> {
        let mut all: BTreeMap<String, Ports> = BTreeMap::new();
        let routes = self.spec.routes.values();
        for to in routes
            .flat_map(|route| &route.node.matches)
            .flat_map(|rule| &rule.to)
        {
            let name = to.service.value.as_str();
            let Some(declared) = self.spec.services.get(name) else {
                continue;
            };
            let address = skep_schema::address::Address::new(Kind::Service, name);
            let node = self.plan.nodes.get(&address);
            let port = port_of(&declared.node, to.port.as_ref().map(|at| &at.value));
            if let (Some(Payload::Service(service)), Ok((number, _))) =
                (node.map(|node| &node.payload), port)
            {
                let ports = all.entry(service.name.clone()).or_default();
                ports.insert((number.first, "TCP".to_owned()));
            }
        }
        all
    }
}

/// How far pods of a network may speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Among themselves.
    Inside,
    /// To whoever lets them in.
    Everywhere,
    /// The same, and pods of other namespaces are in it.
    Namespaces,
}

fn ports(all: &Ports) -> Vec<Yaml> {
    let ports = all.iter().map(|(port, protocol)| {
        let mut map = Map::default();
        map.put("port", *port);
        map.put("protocol", protocol);
        Yaml::Map(map)
    });
    ports.collect()
}
