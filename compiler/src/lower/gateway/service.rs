//! The service that runs a gateway's proxy.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::{
    FileRef, Health, HealthTest, Mode, Mount, MountSource, Need, Payload, Protocol, PublishMode,
    Published, Service, Target, Volume,
};
use skep_schema::spec::{Declared, Gateway, GatewayMode};
use skep_schema::units::FileMode;

use super::Files;
use crate::edition::Watch;
use crate::lock::image_of_gateway;
use crate::lower::claims::Claim;
use crate::lower::plain::{flag, value};
use crate::lower::route::Routed;
use crate::lower::service::{Way, key, limits};
use crate::lower::{Lower, health, network};
use crate::proxy::{Rendered, SiteTls};
use crate::resolve::{ENGINE_NETWORKS, nodes_of};

/// Where Caddy keeps the certificates it got itself; without a volume every new task would ask again,
/// and the authorities count.
const CADDY_DATA: &str = "/data";

impl Lower<'_, '_, '_> {
    pub(super) fn proxy_service(
        &mut self,
        name: &str,
        gateway: &Declared<Gateway>,
        rendered: &Rendered,
        files: &Files,
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
            name: self.derived(Kind::Gateway, name),
            image: self.pinned(&image_of_gateway(node)),
            command: rendered.command.clone(),
            mode,
            replicas: self.gateway_replicas(node, mode),
            networks: self.gateway_networks(name, node, &mut needs),
            publish: self.gateway_ports(name, node, !placement.constraints.is_empty()),
            secrets: self.gateway_secrets(sites),
            configs: configs.collect(),
            mounts: self.gateway_mounts(name, gateway, sites),
            health: gateway_health(node, &self.edition.values.gateway_health),
            limits: limits(node.limits.as_deref()),
            placement,
            labels: self.text_labels(&node.labels),
            ..Service::default()
        };
        self.check_service_name(&service.name, gateway.name);
        service.update = self.rollout(&service, None, Way::Forward);
        service.rollback = self.rollout(&service, None, Way::Back);
        let machines = nodes_of(self.spec, node.placement.as_deref()).into_iter();
        needs.extend(machines.map(|(name, _)| (Address::new(Kind::Node, name), Need::Exists)));
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
            name: format!("{}.data", self.derived(Kind::Gateway, name)),
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
fn gateway_health(gateway: &Gateway, watch: &Watch) -> Option<Health> {
    let port = gateway
        .listen
        .iter()
        .map(|listen| listen.port.value.0)
        .min()?;
    gateway.image.is_none().then(|| Health {
        test: HealthTest::Shell(health::connect(port, 2)),
        every: Some(watch.every),
        timeout: Some(watch.timeout),
        retries: Some(watch.retries),
        start: None,
        start_every: None,
    })
}
