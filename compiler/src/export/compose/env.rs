//! The environment of a service, and the secrets in it.

use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Payload, Secret, SecretSource, SecretText, Service};

use super::Export;
use super::text::escaped;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

impl Export<'_> {
    pub(super) fn environment(&mut self, about: About<'_>, service: &Service) -> Map {
        let mut map = Map::default();
        map.put_full("environment", &service.env);
        let mut map = match escaped(map).0.pop() {
            Some((_, Yaml::Map(plain))) => plain,
            Some(_) | None => Map::default(),
        };
        for (name, text) in &service.secret_env {
            map.put(name, self.secret_text(about, name, text));
        }
        map.sort();
        map
    }

    /// A value with variables of the shell that deploys in the place of secrets.
    fn secret_text(&mut self, about: About<'_>, name: &str, text: &SecretText) -> String {
        let mut out = String::new();
        let mut parts = text.template.split("${secret.");
        out.push_str(&parts.next().unwrap_or_default().replace('$', "$$"));
        for part in parts {
            let (secret, rest) = part.split_once('}').unwrap_or((part, ""));
            let variable = self.variable(secret.trim_matches('"'));
            self.findings.near(
                about,
                &format!("env.{name}"),
                "the secret is taken from the environment of whoever deploys",
                &format!("set {variable} where `docker stack deploy` runs"),
            );
            out.push_str(&format!("${{{variable}?}}{}", rest.replace('$', "$$")));
        }
        out
    }

    /// The variable that brings a secret: the one it comes from, or one of its own name.
    fn variable(&self, secret: &str) -> String {
        let address = Address::new(Kind::Secret, secret);
        let node = self.plan.nodes.get(&address);
        match node.map(|node| &node.payload) {
            Some(Payload::Secret(Secret {
                source: SecretSource::Env(variable),
                ..
            })) => variable.clone(),
            Some(_) | None => secret.to_uppercase().replace(['-', '.'], "_"),
        }
    }
}
