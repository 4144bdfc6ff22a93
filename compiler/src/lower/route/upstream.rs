//! The services behind a match, and whether the proxy can reach them.

use std::collections::BTreeSet;
use std::num::NonZeroU16;

use skep_schema::address::Kind;
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::Protocol;
use skep_schema::spec::{Declared, Gateway, Match, Service, ServiceMode, To};

use crate::lower::plain::value;
use crate::lower::{Lower, network};
use crate::proxy::{DnsName, Upstream, Upstreams, Weight};
use crate::resolve::{ENGINE_NETWORKS, port_of};

/// How many tasks to make room for where a spec does not say.
const UNKNOWN_REPLICAS: u32 = 32;

impl Lower<'_, '_, '_> {
    pub(super) fn upstreams(
        &mut self,
        gateway: &Declared<Gateway>,
        rule: &Match,
        to: &[To],
    ) -> Option<Upstreams> {
        let mut all: Vec<&To> = to.iter().collect();
        all.sort_by(|a, b| a.service.value.cmp(&b.service.value));
        let found: Vec<Upstream> = all
            .into_iter()
            .filter_map(|to| self.upstream(gateway, to))
            .collect();
        if to.is_empty() || to.len() > 16 {
            let message = if to.is_empty() {
                "this match leads nowhere"
            } else {
                "this match leads to more than 16 services"
            };
            self.lacks(
                Diagnostic::new(Code::MissingValue, rule.span, message)
                    .help("write `to SERVICE port=NAME`, up to 16 times"),
            );
        }
        Upstreams::new(found)
    }

    fn upstream(&mut self, gateway: &Declared<Gateway>, to: &To) -> Option<Upstream> {
        let name = to.service.value.as_str();
        let found = self.spec.services.get(name);
        let port = found.and_then(|service| {
            port_of(&service.node, to.port.as_ref().map(|port| &port.value)).ok()
        });
        let (Some(service), Some((ports, protocol))) = (found, port) else {
            self.whole = false;
            return None;
        };
        self.check_reach(gateway, service, to);
        if protocol != Protocol::Tcp || ports.first != ports.last {
            let place = to.port.as_ref().map_or(to.span, |port| port.span);
            self.error(
                Diagnostic::new(
                    Code::Contradiction,
                    place,
                    "a route needs one port that speaks TCP",
                )
                .help("name a port without `protocol=udp`"),
            );
        }
        let physical = self.service_name(name)?;
        let tasks = format!("tasks.{physical}");
        let weight = u64::from(value(to.weight.as_ref()).unwrap_or(1));
        let place = to.weight.as_ref().map_or(to.span, |weight| weight.span);
        Some(Upstream {
            name: self.fit(DnsName::parse(&tasks), &tasks, to.service.span)?,
            port: NonZeroU16::new(ports.first)?,
            weight: self.fit(Weight::new(weight), &weight, place)?,
            slots: Upstream::slots_for(replicas(&service.node)),
        })
    }

    /// Proxy and service have to meet on a network; where somebody else looks after one, there is
    /// nothing to check unless networks are written.
    fn check_reach(&mut self, gateway: &Declared<Gateway>, service: &Declared<Service>, to: &To) {
        let free = service.node.external.is_some() && service.node.network.is_empty()
            || gateway.node.external.is_some() && gateway.node.network.is_empty();
        let service_on = self.reachable_on(network::of_service(&service.node));
        let gateway_on = self.reachable_on(network::of_gateway(&gateway.node));
        if free || service.partial || !service_on.is_disjoint(&gateway_on) {
            return;
        }
        let (one, other) = (gateway.node.name.value.as_str(), to.service.value.as_str());
        let message = format!("gateway `{one}` shares no network with service `{other}`");
        self.lacks(
            Diagnostic::new(Code::OutOfReach, to.service.span, message)
                .and(gateway.name, "the gateway")
                .and(service.name, "the service")
                .help("let one of them join a network of the other"),
        );
    }

    /// The physical names of networks on which others can be met.
    fn reachable_on(&self, joined: Vec<&str>) -> BTreeSet<&str> {
        let ours = joined
            .into_iter()
            .filter(|name| !ENGINE_NETWORKS.contains(name));
        ours.filter_map(|name| self.lowered(Kind::Network, name)?.payload.physical_name())
            .collect()
    }
}

fn replicas(service: &Service) -> u32 {
    let global = value(service.mode.as_ref()) == Some(ServiceMode::Global);
    let unknown = global || service.external.is_some();
    if unknown {
        UNKNOWN_REPLICAS
    } else {
        value(service.replicas.as_ref()).unwrap_or(1)
    }
}
