//! Which images a lock file has to have.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::image::Reference;
use skep_schema::span::Span;
use skep_schema::spec::{Declared, Gateway, Spec};

use crate::lower::proxy_of;
use crate::proxy;

/// The images of a project, in all environments that were looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// As the spec has them; those that are pinned there need no lock.
    pub named: BTreeSet<String>,
    /// Whether there are others, whose names come from parameters that were not given.
    pub unclear: bool,
}

impl Images {
    pub(crate) fn add(&mut self, spec: &Spec) {
        self.named.extend(images(spec).into_keys());
        let mut services = spec.services.values();
        self.unclear |= services.any(|service| service.partial && service.node.image.is_none());
        self.unclear |= spec.gateways.values().any(is_unclear);
    }
}

/// Whether a gateway may have an image of its own that is not known: then it is not the edition's.
fn is_unclear(gateway: &Declared<Gateway>) -> bool {
    gateway.partial && gateway.node.image.is_none()
}

/// The images that the swarm is to start tasks from, and where the spec asks for each.
pub(crate) fn images(spec: &Spec) -> BTreeMap<String, Vec<Span>> {
    let services = spec
        .services
        .values()
        .filter(|service| service.node.external.is_none())
        .filter_map(|service| service.node.image.as_ref())
        .map(|image| (image.value.to_string(), image.span));
    let gateways = spec
        .gateways
        .values()
        .filter(|gateway| gateway.node.external.is_none() && !is_unclear(gateway))
        .map(|gateway| {
            let image = gateway.node.image.as_ref();
            let span = image.map_or(gateway.name, |image| image.span);
            (image_of_gateway(&gateway.node), span)
        });
    let mut all: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for (image, span) in services.chain(gateways) {
        if Reference::read(&image).digest().is_none() {
            all.entry(image).or_default().push(span);
        }
    }
    all
}

/// The image a gateway runs: its own, or the edition's.
pub(crate) fn image_of_gateway(gateway: &Gateway) -> String {
    gateway.image.as_ref().map_or_else(
        || proxy::default_image(proxy_of(gateway)).to_owned(),
        |image| image.value.to_string(),
    )
}
