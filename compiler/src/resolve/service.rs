//! The references of a service.

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::Template;
use skep_schema::plan::Need;
use skep_schema::span::{At, Span};
use skep_schema::spec::{Declared, EnvValue, Needs, PortRef, Service, ServiceMode};

use super::{ENGINE_NETWORKS, Resolver};
use crate::graph::EdgeKind;

/// Whether a text may hold secret bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrets {
    Allowed,
    Refused,
}

impl Resolver<'_, '_> {
    pub(super) fn service(&mut self, name: &str, service: &Declared<Service>) {
        let from = Address::new(Kind::Service, name);
        self.attachments(&from, &service.node);
        self.placement(&from, service.node.placement.as_deref());
        self.files(&from, &service.node);
        self.texts(&from, &service.node);
        for needs in &service.node.needs {
            self.needs(&from, needs);
        }
        self.own_ports(&service.node);
    }

    fn attachments(&mut self, from: &Address, service: &Service) {
        for network in &service.network {
            if !ENGINE_NETWORKS.contains(&network.name.value.as_str()) {
                self.refer(
                    from,
                    Kind::Network,
                    network.name.value.as_str(),
                    network.name.span,
                    EdgeKind::Uses,
                );
            }
        }
        for volume in service.mount.iter().filter_map(|m| m.volume.as_ref()) {
            self.refer(
                from,
                Kind::Volume,
                volume.value.as_str(),
                volume.span,
                EdgeKind::Uses,
            );
        }
    }

    fn files(&mut self, from: &Address, service: &Service) {
        for secret in &service.secret {
            self.refer(
                from,
                Kind::Secret,
                secret.name.value.as_str(),
                secret.name.span,
                EdgeKind::Uses,
            );
        }
        for config in &service.config {
            self.refer(
                from,
                Kind::Config,
                config.name.value.as_str(),
                config.name.span,
                EdgeKind::Uses,
            );
        }
    }

    fn texts(&mut self, from: &Address, service: &Service) {
        for (_, value) in service.env.iter() {
            match &value.value {
                EnvValue::Text(template) => self.text(from, template, value.span, Secrets::Allowed),
                EnvValue::Secret(name) => {
                    self.refer(from, Kind::Secret, name, value.span, EdgeKind::Uses);
                }
            }
        }
        let words = service
            .command
            .iter()
            .chain(&service.entrypoint)
            .flat_map(|list| &list.items);
        let labels = service
            .labels
            .iter()
            .chain(service.container_labels.iter())
            .map(|(_, v)| v);
        for text in words.chain(labels) {
            self.text(from, &text.value.0, text.span, Secrets::Refused);
        }
    }

    /// Draws the references inside a text.
    fn text(&mut self, from: &Address, template: &Template, span: Span, secrets: Secrets) {
        for path in template.paths() {
            match path.value.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["secret", name] if secrets == Secrets::Allowed => {
                    self.refer(from, Kind::Secret, name, path.span, EdgeKind::Uses);
                }
                ["secret", ..] => self.cx.report(
                    Diagnostic::new(Code::SecretHere, span, "a secret cannot stand here")
                        .help("only values of `env` may hold a secret; elsewhere mount it with `secret NAME`"),
                ),
                ["service", name, "host"] => {
                    self.refer(from, Kind::Service, name, path.span, EdgeKind::Names);
                }
                ["service", name, "port", port] => {
                    if self.refer(from, Kind::Service, name, path.span, EdgeKind::Names) {
                        self.named_port(name, port, path);
                    }
                }
                _ => self.cx.report(
                    Diagnostic::new(Code::UnknownPath, path.span, format!("`{}` leads nowhere", path.value.join(".")))
                        .help("here fit service.NAME.host, service.NAME.port.PORT and, in `env`, secret.NAME"),
                ),
            }
        }
    }

    fn named_port(&mut self, service: &str, port: &str, path: &At<Vec<String>>) {
        if let Some(target) = self.spec.services.get(service) {
            let port = At::new(PortRef::Name(port.to_owned()), path.span);
            self.check_port(&target.node, Some(&port), path.span);
        }
    }

    fn needs(&mut self, from: &Address, needs: &Needs) {
        let when = needs.when.as_ref().map_or(Need::Started, |w| w.value);
        let name = needs.name.value.as_str();
        if !self.refer(
            from,
            Kind::Service,
            name,
            needs.name.span,
            EdgeKind::Needs(when),
        ) {
            return;
        }
        let Some(target) = self.spec.services.get(name) else {
            return;
        };
        let once = target
            .node
            .mode
            .as_ref()
            .is_some_and(|m| m.value == ServiceMode::Once);
        let diagnostic = match when {
            Need::Complete if !once => Diagnostic::new(
                Code::NeverComplete,
                needs.span,
                format!("service `{name}` never completes"),
            )
            .help("`when=complete` wants a service with mode=once"),
            Need::Healthy if target.node.health.is_none() && target.node.external.is_none() => {
                Diagnostic::new(
                    Code::NeverHealthy,
                    needs.span,
                    format!("service `{name}` has no health check"),
                )
                .help("add a `health` block to it, or wait with `when=started`")
            }
            Need::Exists | Need::Started | Need::Healthy | Need::Complete => return,
        };
        self.cx.report(diagnostic.and(target.name, "declared here"));
    }

    /// Ports of the service that it names itself: published ones and those its health check asks.
    fn own_ports(&mut self, service: &Service) {
        for publish in &service.publish {
            self.check_port(service, Some(&publish.to), publish.to.span);
        }
        let Some(health) = &service.health else {
            return;
        };
        if let Some(http) = &health.http {
            self.check_port(
                service,
                http.port.as_ref(),
                http.port.as_ref().map_or(http.span, |p| p.span),
            );
        }
        if let Some(tcp) = &health.tcp {
            self.check_port(
                service,
                tcp.port.as_ref(),
                tcp.port.as_ref().map_or(tcp.span, |p| p.span),
            );
        }
    }
}
