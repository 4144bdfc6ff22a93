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
        address.part.is_none() && self.spec.declares(address.kind, &address.name)
    }

    /// All but the services, of which there are most.
    pub(crate) fn but_services(&self) -> impl Iterator<Item = Address> {
        let others = Kind::ALL.iter().filter(|kind| **kind != Kind::Service);
        others.flat_map(|kind| {
            let names = self.spec.names(*kind).into_iter();
            names.map(|name| Address::new(*kind, name))
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
