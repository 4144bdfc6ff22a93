//! Which names a spec declares.

use skep_schema::address::{Address, Kind};
use skep_schema::spec::{Route, Spec};

/// All addresses of a spec.
pub(crate) struct Names<'a> {
    spec: &'a Spec,
}

impl<'a> Names<'a> {
    pub(crate) fn of(spec: &'a Spec) -> Self {
        Self { spec }
    }

    pub(crate) fn addresses(&self) -> impl Iterator<Item = Address> {
        let services = self.spec.services.keys();
        let services = services.map(|name| Address::new(Kind::Service, name.as_str()));
        self.but_services().chain(services)
    }

    /// Whether the spec declares it.
    pub(crate) fn has(&self, address: &Address) -> bool {
        if address.kind == Kind::Service {
            return address.part.is_none() && self.spec.services.contains_key(&address.name);
        }
        self.but_services().any(|declared| declared == *address)
    }

    /// All but the services, of which there are most.
    pub(crate) fn but_services(&self) -> impl Iterator<Item = Address> {
        let Spec {
            project: _,
            environment: _,
            edition: _,
            nodes,
            moved: _,
            forget: _,
            adopt: _,
            exports: _,
            policies: _,
            tests: _,
            networks,
            volumes,
            secrets,
            configs,
            certificates,
            registries,
            services: _,
            gateways,
            routes,
            flows,
        } = self.spec;
        let all = [
            (Kind::Node, nodes.keys().collect::<Vec<_>>()),
            (Kind::Network, networks.keys().collect()),
            (Kind::Volume, volumes.keys().collect()),
            (Kind::Secret, secrets.keys().collect()),
            (Kind::Config, configs.keys().collect()),
            (Kind::Certificate, certificates.keys().collect()),
            (Kind::Registry, registries.keys().collect()),
            (Kind::Gateway, gateways.keys().collect()),
            (Kind::Route, routes.keys().collect()),
            (Kind::Flow, flows.keys().collect()),
        ];
        all.into_iter().flat_map(|(kind, names)| {
            names
                .into_iter()
                .map(move |n| Address::new(kind, n.as_str()))
        })
    }
}

/// The gateway a route belongs to: the one it names, the only one, or the one marked `default`.
pub(crate) fn gateway_of<'a>(spec: &'a Spec, route: &'a Route) -> Option<&'a str> {
    if let Some(gateway) = &route.gateway {
        return Some(gateway.value.as_str());
    }
    let marked = |name: &&'a String| {
        spec.gateways[*name]
            .node
            .default
            .as_ref()
            .is_some_and(|d| d.value)
    };
    let mut names = spec.gateways.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => Some(only),
        (_, _) => spec.gateways.keys().find(marked).map(String::as_str),
    }
}
