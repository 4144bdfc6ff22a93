//! Gateways: the cluster's own, asked to listen where ours would.
//!
//! The Gateway API and no Ingress: an Ingress has words for hosts and paths alone, and all else is the
//! annotations of one controller.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Limits, Payload, Placement, Service};
use skep_schema::spec::{Gateway, Route};

use super::Export;
use super::names::label;
use super::objects::one;
use crate::export::finding::About;
use crate::export::keys::free;
use crate::export::yaml::{Map, Yaml};
use crate::resolve::gateway_of;

pub(super) const API: &str = "gateway.networking.k8s.io/v1";

/// So many listeners a Gateway takes.
const MOST: usize = 64;

/// What a gateway listens on, as routes speak of it.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    /// Those without TLS.
    pub(super) plain: Vec<String>,
    /// Those with TLS, by host.
    pub(super) tls: BTreeMap<String, Vec<String>>,
    /// The first port with TLS.
    pub(super) tls_port: Option<u16>,
    made: Vec<Yaml>,
}

impl Export<'_> {
    /// Gateways with the routes that belong to them.
    pub(super) fn gateways(&mut self) {
        let spec = self.spec;
        for (name, gateway) in &spec.gateways {
            let address = Address::new(Kind::Gateway, name);
            let Some(node) = self.plan.nodes.get(&address) else {
                continue;
            };
            let about = About {
                address: &address,
                node,
            };
            let routes: Vec<(&String, &Route)> = spec
                .routes
                .iter()
                .map(|(host, route)| (host, &*route.node))
                .filter(|(_, route)| gateway_of(spec, route) == Some(name))
                .collect();
            let listeners = self.listeners(&gateway.node, &routes);
            self.gateway(about, &gateway.node, &listeners);
            for (host, route) in routes {
                self.route(&address, &listeners, host, route);
            }
        }
    }

    fn listeners(&self, gateway: &Gateway, routes: &[(&String, &Route)]) -> Listeners {
        let mut all = Listeners::default();
        if gateway.external.is_some() {
            return all;
        }
        let mut taken = BTreeSet::new();
        for listen in &gateway.listen {
            let port = listen.port.value.0;
            if listen.tls.as_ref().is_none_or(|tls| !tls.value) {
                let name = format!("http-{port}");
                all.made.push(Yaml::Map(listener(&name, port, "HTTP")));
                all.plain.push(name);
                continue;
            }
            all.tls_port = all.tls_port.or(Some(port));
            for (host, secret) in self.certified(routes) {
                let wish = label(&format!("https-{port}-{host}"));
                let name = free(&wish, |name| taken.contains(name));
                taken.insert(name.clone());
                let mut made = listener(&name, port, "HTTPS");
                made.put("hostname", &host);
                let mut reference = Map::default();
                reference.put("name", secret);
                let mut tls = Map::default();
                tls.put("certificateRefs", one(reference));
                made.put("tls", tls);
                all.made.push(Yaml::Map(made));
                all.tls.entry(host).or_default().push(name);
            }
        }
        all
    }

    /// The hosts that are served with TLS, and the secret that holds the certificate of each.
    fn certified(&self, routes: &[(&String, &Route)]) -> BTreeMap<String, String> {
        let mut hosts = BTreeMap::new();
        for (first, route) in routes {
            let Some(secret) = self.certificate_of(first, route) else {
                continue;
            };
            for host in &route.hosts {
                hosts
                    .entry(host.value.as_str().to_owned())
                    .or_insert_with(|| secret.clone());
            }
        }
        hosts
    }

    /// The secret with the certificate of a route; nothing for one without TLS.
    pub(super) fn certificate_of(&self, first: &str, route: &Route) -> Option<String> {
        match route.tls.as_ref().map_or("off", |tls| tls.value.0.as_str()) {
            "off" => None,
            "auto" => Some(self.name_of(Kind::Secret, &Address::new(Kind::Route, first))),
            name => Some(self.name_of(Kind::Secret, &Address::new(Kind::Certificate, name))),
        }
    }

    fn gateway(&mut self, about: About<'_>, gateway: &Gateway, listeners: &Listeners) {
        let name = self.name_of(Kind::Gateway, about.address);
        if gateway.external.is_some() {
            let reason = "somebody else runs it, so the routes name a Gateway that is not here";
            let next = format!("make a Gateway called `{name}` in the namespace");
            self.findings.near(about, "external", reason, &next);
            return;
        }
        let class = gateway.proxy.value.word();
        let reason = "the cluster's own gateways take the place of the proxy that Skep would run";
        let next = format!("have a GatewayClass `{class}`, or write the name of another one");
        self.findings.near(about, "proxy", reason, &next);
        let reason = "the pods of the cluster's gateways are not known, so the ports that routes lead to are open to all";
        let next = "narrow the policies `open-...` to the namespace of the gateway";
        self.findings.near(about, "network", reason, next);
        let mut notes = BTreeMap::new();
        if let Payload::Service(service) = &about.node.payload {
            notes = self.notes(about, "label", &service.labels);
            self.not_run(about, service);
        }
        self.not_configured(about, gateway);
        self.unheard(about, gateway, listeners);
        if listeners.made.is_empty() {
            return;
        }
        let mut spec = Map::default();
        spec.put("gatewayClassName", class);
        spec.put("listeners", listeners.made.clone());
        let mut map = self.noted(API, "Gateway", &name, &notes);
        map.put("spec", spec);
        self.objects.push(map);
    }

    /// Ports with TLS for which there is no certificate, and listeners that are too many.
    fn unheard(&mut self, about: About<'_>, gateway: &Gateway, listeners: &Listeners) {
        let tls = gateway.listen.iter();
        let tls = tls.filter(|listen| listen.tls.as_ref().is_some_and(|tls| tls.value));
        for listen in tls.filter(|_| listeners.tls.is_empty()) {
            let property = format!("listen.{}", listen.port.value.0);
            let reason = "a listener with TLS has to have a certificate, and no route brings one";
            self.findings.dropped(about, &property, reason, "");
        }
        if listeners.made.len() > MOST {
            let reason = "a Gateway takes 64 listeners, and every host with TLS is one";
            let next = "serve hosts with one wildcard certificate, or declare another gateway";
            self.findings.near(about, "listen", reason, next);
        }
    }

    /// What is said of the proxy's tasks.
    fn not_run(&mut self, about: About<'_>, service: &Service) {
        let placement = &service.placement;
        let next = "say it where the cluster's gateway is set up";
        for (property, said) in [
            ("replicas", service.replicas.is_some_and(|count| count != 1)),
            ("mode", service.replicas.is_none()),
            ("placement", *placement != Placement::default()),
            ("limits", service.limits != Limits::default()),
        ] {
            if said {
                let reason = "the cluster runs the proxy, and decides where and how often";
                self.findings.dropped(about, property, reason, next);
            }
        }
    }

    /// What a proxy is told that the Gateway API has no words for.
    fn not_configured(&mut self, about: About<'_>, gateway: &Gateway) {
        let Gateway {
            trusted_proxies,
            access_log,
            raw,
            image,
            // Said by the object, or by the proxy's service.
            name: _,
            proxy: _,
            network: _,
            listen: _,
            replicas: _,
            mode: _,
            placement: _,
            limits: _,
            default: _,
            external: _,
            labels: _,
            protect: _,
            span: _,
        } = gateway;
        let next = "say it in the configuration of the cluster's gateway";
        for (property, said) in [
            ("trusted-proxies", !trusted_proxies.is_empty()),
            ("access-log", access_log.is_some()),
            ("raw", !raw.is_empty()),
            ("image", image.is_some()),
        ] {
            if said {
                let reason = "the Gateway API has no word for it";
                self.findings.dropped(about, property, reason, next);
            }
        }
    }
}

fn listener(name: &str, port: u16, protocol: &str) -> Map {
    let mut map = Map::default();
    map.put("name", name);
    map.put("port", port);
    map.put("protocol", protocol);
    map
}
