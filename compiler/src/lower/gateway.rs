//! Gateways: the routes that belong to each, its rendered config, and the service that runs the proxy.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::{
    Config, Content, FileRef, Health, HealthTest, Mode, Mount, MountSource, Need, Payload,
    Protocol, PublishMode, Published, Service, Target, Volume,
};
use skep_schema::spec::{AccessLog, Declared, Gateway, GatewayMode, Route};
use skep_schema::units::FileMode;

use super::claims::Claim;
use super::defaults::{GATEWAY_EVERY, GATEWAY_TIMEOUT, HEALTH_RETRIES};
use super::plain::{flag, value};
use super::route::{Places, Routed};
use super::service::{Way, key, limits};
use super::{Lower, health, network};
use crate::proxy::{self, Listen, LogFormat, Name, ProxyConfig, Rendered, SiteTls};
use crate::resolve::{ENGINE_NETWORKS, gateway_of};

/// Where Caddy keeps the certificates it got itself; without a volume every new task would ask again,
/// and the authorities count.
const CADDY_DATA: &str = "/data";
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
                &gateway.node,
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
        let proxy = super::route::proxy_of(gateway);
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
    ) -> BTreeMap<&'static str, (Address, String)> {
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
                name: self.content_name(&format!("{name}.{part}"), bytes),
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

    fn proxy_service(
        &mut self,
        name: &str,
        gateway: &Declared<Gateway>,
        rendered: &Rendered,
        files: &BTreeMap<&'static str, (Address, String)>,
        sites: &Routed,
        mut needs: BTreeMap<Address, Need>,
    ) {
        let node = &gateway.node;
        let mode = match value(node.mode.as_ref()) {
            Some(GatewayMode::Global) => Mode::Global,
            Some(GatewayMode::Replicated) | None => Mode::Replicated,
        };
        let placement = node
            .placement
            .as_ref()
            .map(|placement| self.placement(placement))
            .unwrap_or_default();
        let configs = files
            .iter()
            .map(|(target, (_, source))| ((*target).to_owned(), file_ref(source.clone())));
        let mut service = Service {
            name: self.names.plain(name),
            image: node.image.as_ref().map_or_else(
                || proxy::default_image(super::route::proxy_of(node)).to_owned(),
                |image| image.value.to_string(),
            ),
            command: rendered.command.clone(),
            mode,
            replicas: self.gateway_replicas(node, mode),
            networks: self.gateway_networks(name, node, &mut needs),
            publish: self.gateway_ports(name, node, !placement.constraints.is_empty()),
            secrets: self.gateway_secrets(sites),
            configs: configs.collect(),
            mounts: self.gateway_mounts(name, gateway, sites),
            health: gateway_health(node),
            limits: limits(node.limits.as_ref()),
            placement,
            labels: self.text_labels(&node.labels),
            ..Service::default()
        };
        self.check_service_name(&service.name, gateway.name);
        service.update = self.rollout(&service, None, Way::Forward);
        service.rollback = self.rollout(&service, None, Way::Back);
        let address = Address::new(Kind::Gateway, name);
        let added = self.put(
            address,
            Target::Swarm,
            Payload::Service(Box::new(service)),
            gateway,
        );
        added.needs = needs;
        added.protect = flag(node.protect.as_ref());
    }

    fn gateway_replicas(&mut self, gateway: &Gateway, mode: Mode) -> Option<u32> {
        if let (Mode::Global, Some(replicas)) = (mode, &gateway.replicas) {
            self.error(
                Diagnostic::new(
                    Code::Contradiction,
                    replicas.span,
                    "`replicas` means nothing with mode=global",
                )
                .help("one task runs on every node that fits; take `replicas` or the mode away"),
            );
        }
        (mode != Mode::Global).then(|| value(gateway.replicas.as_ref()).unwrap_or(1))
    }

    fn gateway_networks(
        &mut self,
        name: &str,
        gateway: &Gateway,
        needs: &mut BTreeMap<Address, Need>,
    ) -> BTreeMap<String, BTreeSet<String>> {
        let mut networks = BTreeMap::new();
        for joined in network::of_gateway(gateway) {
            if ENGINE_NETWORKS.contains(&joined) {
                networks.insert(joined.to_owned(), BTreeSet::new());
            } else if let Some(physical) = self.physical(Kind::Network, joined) {
                networks.insert(physical, BTreeSet::from([name.to_owned()]));
                needs.insert(Address::new(Kind::Network, joined), Need::Exists);
            }
        }
        networks
    }

    /// Host mode, so that the proxy sees its visitors' addresses.
    fn gateway_ports(
        &mut self,
        name: &str,
        gateway: &Gateway,
        placed: bool,
    ) -> BTreeMap<String, Published> {
        let mut ports = BTreeMap::new();
        for listen in &gateway.listen {
            let port = listen.port.value.0;
            let published = Published {
                target: port,
                mode: PublishMode::Host,
            };
            if ports.insert(key(port, Protocol::Tcp), published).is_none() {
                self.claims.push(Claim {
                    owner: Address::new(Kind::Gateway, name),
                    span: listen.span,
                    port,
                    protocol: Protocol::Tcp,
                    mode: PublishMode::Host,
                    placed,
                });
            }
        }
        ports
    }

    fn gateway_secrets(&mut self, sites: &Routed) -> BTreeMap<String, FileRef> {
        let mut secrets = BTreeMap::new();
        for (target, address) in &sites.secrets {
            let physical = self
                .nodes
                .get(address)
                .and_then(|node| node.payload.physical_name())
                .map(str::to_owned);
            secrets.insert(target.clone(), file_ref(self.known(physical)));
        }
        secrets
    }

    /// A place for the certificates that the proxy gets itself.
    fn gateway_mounts(
        &mut self,
        name: &str,
        gateway: &Declared<Gateway>,
        sites: &Routed,
    ) -> BTreeMap<String, Mount> {
        if !sites.sites.iter().any(|site| site.tls == SiteTls::Auto) {
            return BTreeMap::new();
        }
        let volume = Volume {
            name: self.names.plain(&format!("{name}.data")),
            ..Volume::default()
        };
        let from = MountSource::Volume {
            name: volume.name.clone(),
            driver: None,
            options: BTreeMap::new(),
            labels: BTreeMap::new(),
            no_copy: false,
            subpath: None,
        };
        let address = Address::new(Kind::Gateway, name).part("data");
        self.put(address, Target::Declared, Payload::Volume(volume), gateway);
        BTreeMap::from([(
            CADDY_DATA.to_owned(),
            Mount {
                from,
                read_only: false,
            },
        )])
    }

    fn report_clashes(&mut self, config: &ProxyConfig, places: &[Places]) {
        for clash in proxy::clashes(config) {
            // Hosts were shared out before, so only rules are left to clash.
            let proxy::Clash::Rule {
                site,
                first,
                second,
            } = clash
            else {
                continue;
            };
            let rules = &places[site].rules;
            let path = config.sites[site].rules[second].path.path();
            let message = format!(
                "`{path}` of `{}` is claimed twice",
                config.sites[site].hosts[0]
            );
            let fresh = places[..site]
                .iter()
                .all(|earlier| !earlier.rules.contains(&rules[second]));
            if fresh {
                self.error(
                    Diagnostic::new(Code::SameMatch, rules[second], message)
                        .label("again here")
                        .and(rules[first], "first here")
                        .help("keep one, or give one a longer path or kind=exact"),
                );
            }
        }
    }

    fn report_unsupported(&mut self, config: &ProxyConfig, places: &[Places]) {
        let mut told = BTreeSet::new();
        for missing in proxy::unsupported(config) {
            let places = &places[missing.site];
            let span = missing.rule.map_or(places.tls, |rule| places.rules[rule]);
            let message = format!("{} cannot do {}", config.proxy, missing.feature);
            let able: Vec<&str> = missing.able.iter().map(|proxy| proxy.as_str()).collect();
            let others = if able.is_empty() {
                "no proxy can".to_owned()
            } else {
                format!("{} can", able.join(", "))
            };
            if told.insert((span, message.clone())) {
                self.error(
                    Diagnostic::new(Code::ProxyCannot, span, message)
                        .help(format!("{}; {others}", missing.feature.why(config.proxy))),
                );
            }
        }
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

fn file_ref(source: String) -> FileRef {
    FileRef {
        source,
        uid: "0".to_owned(),
        gid: "0".to_owned(),
        mode: FileMode(0o444),
    }
}

/// Only for the edition's own images, which are known to have what the check needs.
fn gateway_health(gateway: &Gateway) -> Option<Health> {
    let port = gateway
        .listen
        .iter()
        .map(|listen| listen.port.value.0)
        .min()?;
    gateway.image.is_none().then(|| Health {
        test: HealthTest::Shell(health::connect(port, 2)),
        every: Some(GATEWAY_EVERY),
        timeout: Some(GATEWAY_TIMEOUT),
        retries: Some(HEALTH_RETRIES),
        start: None,
        start_every: None,
    })
}
