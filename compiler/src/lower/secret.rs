//! Secrets: where their values come from, and names that follow the values without telling them.

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::{Payload, Secret, SecretSource, Target};
use skep_schema::span::At;
use skep_schema::spec::{self, Declared, Scalar, SecretFrom};

use super::Lower;
use super::names::LONGEST_VERSION;
use super::plain::flag;

impl Lower<'_, '_, '_> {
    pub(super) fn secrets(&mut self) {
        for (name, secret) in &self.spec.secrets {
            self.within(secret, |lower| {
                let external = flag(secret.node.external.as_ref());
                let payload = if external {
                    lower.external_secret(name, secret)
                } else {
                    lower.own_secret(name, secret)
                };
                lower.put(
                    Address::new(Kind::Secret, name),
                    Target::Swarm,
                    Payload::Secret(payload),
                    secret,
                );
            });
        }
    }

    fn external_secret(&mut self, name: &str, secret: &Declared<spec::Secret>) -> Secret {
        self.refuse_beside_external(Kind::Secret, secret, &[]);
        let physical = secret
            .node
            .physical
            .as_ref()
            .map_or(name, |physical| physical.value.as_str());
        Secret {
            name: physical.to_owned(),
            source: SecretSource::External,
            labels: [].into(),
        }
    }

    fn own_secret(&mut self, name: &str, secret: &Declared<spec::Secret>) -> Secret {
        let spec::Secret {
            physical,
            version,
            from,
            label,
            ..
        } = &*secret.node;
        let known = self.known_as(Kind::Secret, name);
        let physical = match (physical, version) {
            (Some(physical), None) => physical.value.as_str().to_owned(),
            (None, Some(version)) => self.versioned(&known, version),
            (None, None) => self.names.open(&known),
            (Some(physical), Some(version)) => {
                self.error(
                    Diagnostic::new(
                        Code::Contradiction,
                        version.span,
                        "a secret with a `name` of its own has no version in it",
                    )
                    .and(physical.span, "the whole name is said here")
                    .help("put the version into the name, or take one of them away"),
                );
                physical.value.as_str().to_owned()
            }
        };
        if from.is_none() {
            self.lacks(
                Diagnostic::new(
                    Code::ExactlyOne,
                    secret.name,
                    format!("the secret `{name}` comes from nowhere"),
                )
                .help("write `from env=NAME`, `from file=\"path\"` or `from { command .. }`, or `external`"),
            );
        }
        let source = from
            .as_ref()
            .map_or(SecretSource::External, |from| self.source(from));
        Secret {
            name: physical,
            source,
            labels: self.labels(label),
        }
    }

    fn source(&mut self, from: &SecretFrom) -> SecretSource {
        let SecretFrom {
            span,
            env,
            file,
            command,
        } = from;
        let choices = [
            ("env", env.as_ref().map(|at| at.span)),
            ("file", file.as_ref().map(|at| at.span)),
            ("command", command.as_ref().map(|list| list.span)),
        ];
        self.exactly_one("from", *span, &choices);
        match (env, file, command) {
            (Some(env), _, _) => SecretSource::Env(env.value.0.clone()),
            (None, Some(file), _) => SecretSource::File(file.value.as_str().to_owned()),
            (None, None, Some(list)) => {
                SecretSource::Command(list.items.iter().map(|item| item.value.0.clone()).collect())
            }
            (None, None, None) => SecretSource::External,
        }
    }

    /// `shop_htpasswd-v7`
    fn versioned(&mut self, name: &str, version: &At<Scalar>) -> String {
        let text = &version.value.0;
        let inner = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        let fits = inner
            && text.ends_with(|c: char| c.is_ascii_alphanumeric())
            && text.len() <= LONGEST_VERSION;
        if !fits {
            let message = format!("`{text}` cannot be part of a name in the swarm");
            let help = format!(
                "use letters, digits, `.`, `_` and `-`, at most {LONGEST_VERSION}, with a letter or digit at the end"
            );
            self.error(Diagnostic::new(Code::BadValue, version.span, message).help(help));
            return self.names.plain(name);
        }
        self.names.tailed(name, &format!("v{text}"))
    }
}
