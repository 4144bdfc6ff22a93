//! Gateways: the routes that belong to each, its rendered config, and the service that runs the proxy.

mod faults;
mod service;

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::{Config, Content, Need, Payload, Target};
use skep_schema::spec::{AccessLog, Declared, Gateway, Route};

use super::Lower;
use super::plain::{flag, value};
use super::route::{Routed, proxy_of};
use crate::proxy::{self, Listen, LogFormat, Name, ProxyConfig, Rendered};
use crate::resolve::gateway_of;

/// What still shapes the config of a gateway that somebody else runs.
const OF_CONFIG: &[&str] = &[
    "proxy",
    "network",
    "listen",
    "default",
    "trusted-proxies",
    "access-log",
    "raw",
];
/// Says on a fragment of a config whose gateway it is for.
const FRAGMENT: &str = "skep.gateway";

/// The config objects of a gateway: where the proxy finds each, its address and its name in the swarm.
type Files = BTreeMap<&'static str, (Address, String)>;

impl Lower<'_, '_, '_> {
    pub(super) fn gateways(&mut self) {
        for (name, gateway) in &self.spec.gateways {
            let of_gateway =
                |route: &&Declared<Route>| gateway_of(self.spec, &route.node) == Some(name);
            let routes: Vec<&Declared<Route>> =
                self.spec.routes.values().filter(of_gateway).collect();
            let sites = self.sites(gateway, &routes);
            self.within(gateway, |lower| {
                lower.gateway(name, gateway, &routes, &sites);
            });
        }
    }

    fn gateway(
        &mut self,
        name: &str,
        gateway: &Declared<Gateway>,
        routes: &[&Declared<Route>],
        sites: &Routed,
    ) {
        let Some(config) = self.proxy_config(name, &gateway.node, sites) else {
            self.whole = false;
            return;
        };
        self.report_clashes(&config, &sites.places);
        self.report_unsupported(&config, &sites.places);
        let rendered = proxy::render(&config);
        let files = self.config_files(name, gateway, &rendered);
        let mut needs: BTreeMap<Address, Need> = files
            .values()
            .map(|(address, _)| (address.clone(), Need::Exists))
            .collect();
        needs.extend(
            sites
                .secrets
                .values()
                .map(|address| (address.clone(), Need::Exists)),
        );
        needs.extend(
            routes
                .iter()
                .map(|route| (route_address(route), Need::Exists)),
        );
        if gateway.node.external.is_some() {
            self.refuse_beside_external(Kind::Gateway, gateway, OF_CONFIG);
            self.declare(
                Address::new(Kind::Gateway, name),
                gateway,
                &*gateway.node,
                needs.into_keys(),
            );
        } else {
            self.proxy_service(name, gateway, &rendered, &files, sites, needs);
        }
        self.proxies.insert(name.to_owned(), rendered);
    }

    fn proxy_config(
        &mut self,
        name: &str,
        gateway: &Gateway,
        sites: &Routed,
    ) -> Option<ProxyConfig> {
        let parsed = self.fit(Name::parse(name), &name, gateway.name.span)?;
        let proxy = proxy_of(gateway);
        let mut config = ProxyConfig::new(proxy, parsed);
        config.listens = self.listens(gateway);
        config.trusted_proxies = self.ranges(&gateway.trusted_proxies);
        config.access_log = match value(gateway.access_log.as_ref()) {
            Some(AccessLog::Json) => Some(LogFormat::Json),
            Some(AccessLog::Common) => Some(LogFormat::Text),
            Some(AccessLog::Off) | None => None,
        };
        config.raw = self.raw(proxy, &gateway.raw);
        config.sites.clone_from(&sites.sites);
        Some(config)
    }

    fn listens(&mut self, gateway: &Gateway) -> Vec<Listen> {
        if gateway.listen.is_empty() {
            let message = format!("gateway `{}` listens nowhere", gateway.name.value.as_str());
            self.lacks(
                Diagnostic::new(Code::MissingValue, gateway.name.span, message)
                    .help("write listen 80, and listen 443 tls for routes with `tls`"),
            );
        }
        let mut listens: BTreeMap<u16, bool> = BTreeMap::new();
        for listen in &gateway.listen {
            let port = listen.port.value.0;
            if listens.insert(port, flag(listen.tls.as_ref())).is_some() {
                let message = format!("the gateway listens on {port} twice");
                self.error(
                    Diagnostic::new(Code::WrittenTwice, listen.span, message)
                        .help("keep one of them"),
                );
            }
        }
        let nonzero = |(port, tls)| NonZeroU16::new(port).map(|port| Listen { port, tls });
        listens.into_iter().filter_map(nonzero).collect()
    }

    /// One config object for each file, by the path at which the proxy finds it.
    fn config_files(
        &mut self,
        name: &str,
        gateway: &Declared<Gateway>,
        rendered: &Rendered,
    ) -> Files {
        let owner = gateway
            .node
            .external
            .as_ref()
            .and_then(|external| external.stack.as_ref());
        let labels = owner.map(|stack| (FRAGMENT.to_owned(), format!("{}/{name}", stack.value.0)));
        let mut files = BTreeMap::new();
        for (index, file) in rendered.files.iter().enumerate() {
            let part = if index == 0 { "config" } else { file.name };
            let bytes = file.text.as_bytes();
            let config = Config {
                // No name of the language has a dot, so no declared config can be called like this.
                name: self.content_name(
                    &format!("{}.{part}", self.known_as(Kind::Gateway, name)),
                    bytes,
                ),
                content: Some(Content::of(bytes)),
                labels: labels.clone().into_iter().collect(),
                external: false,
            };
            let address = Address::new(Kind::Gateway, name).part(part);
            files.insert(file.target, (address.clone(), config.name.clone()));
            self.put(address, Target::Swarm, Payload::Config(config), gateway);
        }
        files
    }
}

fn route_address(route: &Declared<Route>) -> Address {
    Address::new(
        Kind::Route,
        route
            .node
            .hosts
            .first()
            .map_or("", |host| host.value.as_str()),
    )
}
