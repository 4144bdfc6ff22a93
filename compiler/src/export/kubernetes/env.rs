//! Variables of a container.
//!
//! What kubernetes alone knows gets a variable of its own, which others then speak of as `$(NAME)`; so a
//! secret in the middle of a text stays a secret.

use std::collections::BTreeMap;

use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Payload, SecretText, Service};

use super::Export;
use super::objects::KEY;
use super::template::{Filled, Piece, filled, literal, literal_before, pieces};
use crate::export::finding::About;
use crate::export::keys::free;
use crate::export::yaml::{Map, Yaml};

/// Variables of a container on their way.
struct Variables<'s> {
    service: &'s Service,
    /// Those that others speak of, by what they hold.
    sources: BTreeMap<Source, String>,
}

/// Where a value comes from that is not in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Field(&'static str),
    /// By the name of the secret.
    Secret(String),
}

/// A part of a value.
enum Part {
    Text(String),
    From(Source),
}

impl Export<'_> {
    pub(super) fn environment(&mut self, about: About<'_>, service: &Service) -> Vec<Yaml> {
        let mut variables = Variables {
            service,
            sources: BTreeMap::new(),
        };
        let mut all = BTreeMap::new();
        for (name, text) in &service.env {
            let parts = self.parts(about, service, name, text);
            all.insert(name, variables.entry(name, parts));
        }
        for (name, text) in &service.secret_env {
            let parts = self.secret_parts(about, service, name, text);
            all.insert(name, variables.entry(name, parts));
        }
        for name in all.keys() {
            self.odd_name(about, name);
        }
        let sources = variables.sources.into_iter();
        let sources = sources.map(|(source, name)| Yaml::Map(from(&name, &source)));
        sources.chain(all.into_values().map(Yaml::Map)).collect()
    }

    fn odd_name(&mut self, about: About<'_>, name: &str) {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !name.chars().all(plain) || name.starts_with(|c: char| c.is_ascii_digit()) {
            let reason = "versions of kubernetes before 1.32 take no such name";
            self.findings
                .near(about, &format!("env.{name}"), reason, "");
        }
    }

    fn parts(&mut self, about: About<'_>, service: &Service, name: &str, text: &str) -> Vec<Part> {
        let mut parts = Vec::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => parts.push(Part::Text(text.to_owned())),
                Piece::Action(action) => match filled(action, service) {
                    Filled::Text(text) => parts.push(Part::Text(text)),
                    Filled::Field { path, differs } => {
                        if !differs.is_empty() {
                            self.findings
                                .near(about, &format!("env.{name}"), differs, "");
                        }
                        parts.push(Part::From(Source::Field(path)));
                    }
                    Filled::Unknown => self.findings.dropped(
                        about,
                        &format!("env.{name}"),
                        &format!(
                            "kubernetes does not tell a pod `{{{{{action}}}}}`, so it is empty"
                        ),
                        "let the program find it out",
                    ),
                },
            }
        }
        parts
    }

    fn secret_parts(
        &mut self,
        about: About<'_>,
        service: &Service,
        name: &str,
        text: &SecretText,
    ) -> Vec<Part> {
        // A fingerprint is of a plan that is bound to a swarm.
        let SecretText {
            template,
            fingerprint: _,
        } = text;
        let mut pieces = template.split("${secret.");
        let mut parts = self.parts(about, service, name, pieces.next().unwrap_or_default());
        for piece in pieces {
            let (secret, rest) = piece.split_once('}').unwrap_or((piece, ""));
            let address = Address::new(Kind::Secret, secret.trim_matches('"'));
            parts.push(Part::From(Source::Secret(self.secret_name(&address))));
            parts.extend(self.parts(about, service, name, rest));
        }
        parts
    }

    /// The secret of a node.
    pub(super) fn secret_name(&self, address: &Address) -> String {
        let node = self.plan.nodes.get(address);
        match node.map(|node| &node.payload) {
            Some(Payload::Secret(secret)) => self.name(Kind::Secret, &secret.name),
            Some(_) | None => super::names::label(&address.name),
        }
    }
}

impl Variables<'_> {
    fn entry(&mut self, name: &str, parts: Vec<Part>) -> Map {
        if let [Part::From(source)] = parts.as_slice() {
            return from(name, source);
        }
        let mut value = String::new();
        let last = parts.len().saturating_sub(1);
        for (at, part) in parts.into_iter().enumerate() {
            match part {
                Part::Text(text) if at == last => value.push_str(&literal(&text)),
                Part::Text(text) => value.push_str(&literal_before(&text)),
                Part::From(source) => value.push_str(&format!("$({})", self.variable(source))),
            }
        }
        let mut map = Map::default();
        map.put("name", name);
        map.put("value", value);
        map
    }

    /// The variable that holds what comes from elsewhere.
    fn variable(&mut self, source: Source) -> String {
        if let Some(known) = self.sources.get(&source) {
            return known.clone();
        }
        let wish = match &source {
            Source::Field(path) => format!("SKEP_{path}"),
            Source::Secret(name) => format!("SKEP_SECRET_{name}"),
        };
        let wish = wish.to_uppercase().replace(['.', '-'], "_");
        let is_taken = |name: &str| {
            self.service.env.contains_key(name)
                || self.service.secret_env.contains_key(name)
                || self.sources.values().any(|taken| taken == name)
        };
        let name = free(&wish, is_taken);
        self.sources.insert(source, name.clone());
        name
    }
}

/// A variable that kubernetes fills.
fn from(name: &str, source: &Source) -> Map {
    let mut reference = Map::default();
    let kind = match source {
        Source::Field(path) => {
            reference.put("fieldPath", *path);
            "fieldRef"
        }
        Source::Secret(secret) => {
            reference.put("name", secret);
            reference.put("key", KEY);
            "secretKeyRef"
        }
    };
    let mut origin = Map::default();
    origin.put(kind, reference);
    let mut map = Map::default();
    map.put("name", name);
    map.put("valueFrom", origin);
    map
}
