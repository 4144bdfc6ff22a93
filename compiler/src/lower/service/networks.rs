//! The networks a service joins, and its names there.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Kind;
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::{Attachment, Service};

use crate::lower::{Lower, network};
use crate::resolve::ENGINE_NETWORKS;

impl Lower<'_, '_, '_> {
    /// Physical network names with the names the service has there.
    pub(super) fn attachments(
        &mut self,
        name: &str,
        service: &Service,
    ) -> BTreeMap<String, BTreeSet<String>> {
        let mut networks = BTreeMap::new();
        let known = self.known_as(Kind::Service, name);
        for joined in network::of_service(service) {
            if ENGINE_NETWORKS.contains(&joined) {
                written(service, joined).for_each(|network| self.check_engine_network(network));
                networks.insert(joined.to_owned(), BTreeSet::new());
            } else if let Some(physical) = self.physical(Kind::Network, joined) {
                networks.insert(physical, aliases(&known, service, joined));
            }
        }
        networks
    }

    fn check_engine_network(&mut self, network: &Attachment) {
        let name = network.name.value.as_str();
        if name == "ingress" {
            self.error(
                Diagnostic::new(
                    Code::ReservedName,
                    network.span,
                    "no service can join the network `ingress`",
                )
                .help("`publish` a port to be reached through it"),
            );
        } else if let Some(alias) = &network.alias {
            let message = format!("the network `{name}` knows no aliases");
            self.error(
                Diagnostic::new(Code::Contradiction, alias.span, message).help("take `alias` away"),
            );
        }
    }
}

/// The short name, and whatever else was written.
fn aliases(name: &str, service: &Service, network: &str) -> BTreeSet<String> {
    let further = written(service, network)
        .flat_map(|network| network.alias.iter().flat_map(|list| &list.items));
    further
        .map(|alias| alias.value.to_string())
        .chain([name.to_owned()])
        .collect()
}

fn written<'s>(service: &'s Service, network: &'s str) -> impl Iterator<Item = &'s Attachment> {
    service
        .network
        .iter()
        .filter(move |attachment| attachment.name.value.as_str() == network)
}
