//! Texts with references to other nodes, filled in.

use skep_schema::address::{Kind, Segment};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Part, Template};
use skep_schema::plan::SecretText;
use skep_schema::span::{At, Span};
use skep_schema::spec::{PortRef, Service};

use super::{Lower, names};
use crate::resolve::port_of;

/// A value of an environment variable.
pub(super) enum Filled {
    Plain(String),
    /// Secret bytes are missing in it and in every plan.
    Secret(SecretText),
}

impl Lower<'_, '_, '_> {
    /// A text in which no secret can stand.
    pub(super) fn text(&mut self, template: &Template) -> String {
        if let [Part::Text(plain)] = template.parts.as_slice() {
            return plain.as_str().to_owned();
        }
        let mut text = String::new();
        for part in &template.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Path(path) => text.push_str(&self.filled_path(path)),
            }
        }
        text
    }

    pub(super) fn filled(&mut self, template: &Template, span: Span) -> Filled {
        if !template.paths().any(|path| secret_of(path).is_some()) {
            return Filled::Plain(self.text(template));
        }
        self.refuse_slots(template, span);
        let slots = template.parts.iter().map(|part| match part {
            Part::Path(path) => secret_of(path).map_or_else(|| self.filled_path(path), slot),
            Part::Text(text) => text.to_string(),
        });
        Filled::Secret(SecretText {
            template: slots.collect(),
            fingerprint: None,
        })
    }

    /// Where bytes are filled in at apply, text must not look like a place for them.
    fn refuse_slots(&mut self, template: &Template, span: Span) {
        let looks_like_one = |part: &Part| match part {
            Part::Text(text) => text.contains(SLOT),
            Part::Path(_) => false,
        };
        if template.parts.iter().any(looks_like_one) {
            let message = format!("`{SLOT}` cannot stand as text beside a secret");
            self.error(
                Diagnostic::new(Code::Contradiction, span, message)
                    .help("put the text and the secret into variables of their own"),
            );
        }
    }

    fn filled_path(&mut self, path: &At<Vec<String>>) -> String {
        let found = self.reference(path);
        self.known(found)
    }

    fn reference(&self, path: &At<Vec<String>>) -> Option<String> {
        let segments: Vec<&str> = path.value.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["service", name, "host"] => self.host_of(name),
            ["service", name, "port", port] => self.port_number(name, port),
            _ => None,
        }
    }

    /// The name under which services reach a service: its short name, which is an alias on all its
    /// networks, and stays what it was when the service is moved; one of another stack by the name it has in the swarm, which is nobody else's.
    pub(super) fn host_of(&self, name: &str) -> Option<String> {
        let service = self.spec.services.get(name)?;
        match service.node.external {
            Some(_) => self.service_name(name),
            None => Some(self.known_as(Kind::Service, name)),
        }
    }

    /// The name of a service in the swarm.
    pub(super) fn service_name(&self, name: &str) -> Option<String> {
        Some(self.name_of_service(name, &self.spec.services.get(name)?.node))
    }

    /// The same of one that is at hand.
    pub(super) fn name_of_service(&self, name: &str, service: &Service) -> String {
        let written = service.physical.as_ref().map(|name| name.value.as_str());
        if let Some(chosen) = self.chosen(Kind::Service, name, written) {
            return chosen;
        }
        let stack = service
            .external
            .as_ref()
            .map(|external| external.stack.as_ref());
        match stack {
            None => self.derived(Kind::Service, name),
            Some(Some(stack)) => names::foreign(&stack.value.0, name),
            Some(None) => name.to_owned(),
        }
    }

    fn port_number(&self, service: &str, port: &str) -> Option<String> {
        let service = &self.spec.services.get(service)?.node;
        let (ports, _) = port_of(service, Some(&PortRef::Name(port.to_owned()))).ok()?;
        Some(ports.first.to_string())
    }
}

/// The secret a path leads to.
pub(super) fn secret_of(path: &At<Vec<String>>) -> Option<&str> {
    match path.value.as_slice() {
        [kind, name] if kind == "secret" => Some(name),
        _ => None,
    }
}

/// How a place for the bytes of a secret begins.
const SLOT: &str = "${secret.";

/// Where the bytes of a secret belong when a plan is applied.
pub(super) fn slot(name: &str) -> String {
    format!("{SLOT}{}}}", Segment(name))
}
