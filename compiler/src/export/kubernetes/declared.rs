//! Nodes without an object in a swarm.

use skep_schema::address::Kind;
use skep_schema::plan::Payload;

use super::Export;
use crate::export::finding::About;

impl Export<'_> {
    pub(super) fn declared(&mut self) {
        for (address, node) in &self.plan.nodes {
            if let Payload::Declared(_) = node.payload {
                self.by_hand(About { address, node });
            }
        }
    }

    fn by_hand(&mut self, about: About<'_>) {
        let namespace = &self.names.namespace;
        match about.address.kind {
            Kind::Certificate => {
                let name = self.name_of(Kind::Secret, about.address);
                let reason = "certificate and key are one secret of kubernetes, and in no file";
                let next = format!(
                    "kubectl create secret tls {name} -n {namespace} --cert=FILE --key=FILE"
                );
                self.findings.near(about, "", reason, &next);
            }
            Kind::Registry => {
                let host = &about.address.name;
                let name = self.name_of(Kind::Secret, about.address);
                let reason = "a login is a secret of kubernetes, and in no file";
                let next = format!(
                    "kubectl create secret docker-registry {name} -n {namespace} --docker-server={host} --docker-username=USER --docker-password=PASSWORD"
                );
                self.findings.near(about, "auth", reason, &next);
            }
            Kind::Service => {
                let reason = "another stack makes it, and no name of it is one in kubernetes";
                let next = "make a service for it in the namespace, of type ExternalName if it is elsewhere, and say its name to those who use it";
                self.findings.dropped(about, "", reason, next);
            }
            // They have modules of their own.
            Kind::Flow | Kind::Route | Kind::Gateway => {}
            Kind::Param
            | Kind::Node
            | Kind::Network
            | Kind::Volume
            | Kind::Secret
            | Kind::Config => {}
        }
    }
}
