//! Published ports.

use std::collections::BTreeMap;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::{self, Endpoint, Protocol, PublishMode, Published};
use skep_schema::spec::{Declared, PortRef, Ports, Publish, Service};

use crate::lower::Lower;
use crate::lower::claims::Claim;
use crate::resolve::port_of;

impl Lower<'_, '_, '_> {
    /// What is published, for a service that is lowered but for this.
    pub(super) fn publish(
        &mut self,
        name: &str,
        declared: &Declared<Service>,
        lowered: &plan::Service,
    ) -> BTreeMap<String, Published> {
        let mut all = BTreeMap::new();
        for publish in &declared.node.publish {
            let Ok((inside, protocol)) = port_of(&declared.node, Some(&publish.to.value)) else {
                self.whole = false;
                continue;
            };
            let protocol = self.protocol(publish, protocol);
            let mode = publish
                .mode
                .as_ref()
                .map_or(PublishMode::Ingress, |mode| mode.value);
            self.check_endpoint(publish, mode, lowered.endpoint);
            let claim = Claim {
                owner: Address::new(Kind::Service, name),
                span: publish.span,
                port: 0,
                protocol,
                mode,
                placed: !lowered.placement.constraints.is_empty(),
            };
            let pairs = self.pairs(publish, inside);
            self.claims.reserve_exact(pairs.len());
            for (outside, target) in pairs {
                self.claims.push(Claim {
                    port: outside,
                    ..claim.clone()
                });
                all.insert(key(outside, protocol), Published { target, mode });
            }
        }
        all
    }

    fn pairs(&mut self, publish: &Publish, inside: Ports) -> Vec<(u16, u16)> {
        let outside = publish.port.value;
        if outside.last - outside.first != inside.last - inside.first {
            let message = format!("`{outside}` and `{inside}` are ranges of different lengths");
            self.error(
                Diagnostic::new(Code::SwarmCannot, publish.to.span, message)
                    .and(publish.port.span, "the ports outside")
                    .help("each port outside leads to one inside: write two ranges of one length"),
            );
            return Vec::new();
        }
        (outside.first..=outside.last)
            .zip(inside.first..=inside.last)
            .collect()
    }

    /// A named port brings its protocol; a number has the one that is written, or tcp.
    fn protocol(&mut self, publish: &Publish, declared: Protocol) -> Protocol {
        let Some(written) = &publish.protocol else {
            return declared;
        };
        if let PortRef::Name(name) = &publish.to.value
            && written.value != declared
        {
            let message = format!("the port `{name}` is declared with another protocol");
            self.error(
                Diagnostic::new(Code::Contradiction, written.span, message)
                    .help("take `protocol` away: it comes with the port's name"),
            );
        }
        written.value
    }

    fn check_endpoint(&mut self, publish: &Publish, mode: PublishMode, endpoint: Endpoint) {
        if (mode, endpoint) == (PublishMode::Ingress, Endpoint::Dnsrr) {
            self.error(
                Diagnostic::new(
                    Code::Contradiction,
                    publish.span,
                    "a service with `endpoint dnsrr` cannot publish through the mesh",
                )
                .help("add mode=host, or take `endpoint dnsrr` away"),
            );
        }
    }
}

/// `443/tcp`
pub(crate) fn key(port: u16, protocol: Protocol) -> String {
    let protocol = match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    };
    [&port.to_string(), "/", protocol].concat()
}
