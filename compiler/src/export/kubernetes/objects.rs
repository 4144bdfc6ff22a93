//! What services use: contents of configs, and secrets.

use skep_schema::address::Kind;
use skep_schema::plan::{Config, Content, Payload, Secret, SecretSource, SwarmNode};

use super::Export;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

/// The one key of a config map or a secret.
pub(super) const KEY: &str = "content";

impl Export<'_> {
    /// Config maps, claims, and what has to be there that no file can hold.
    pub(super) fn stored(&mut self) {
        for (address, node) in &self.plan.nodes {
            let about = About { address, node };
            match &node.payload {
                // The cluster's gateways have configs of their own.
                _ if address.kind == Kind::Gateway => {}
                Payload::Config(config) => self.config(about, config),
                Payload::Secret(secret) => self.secret(about, secret),
                Payload::Volume(volume) => self.volume(about, volume),
                Payload::Node(machine) => self.machine(about, machine),
                Payload::Network(_) | Payload::Service(_) | Payload::Declared(_) => {}
            }
        }
        self.undeclared();
    }

    fn config(&mut self, about: About<'_>, config: &Config) {
        let Config {
            name,
            content,
            labels,
            external,
        } = config;
        let called = self.config_name(name);
        let bytes = content.as_ref().map(Content::bytes);
        let Some(Ok(bytes)) = bytes else {
            let reason = if *external {
                "its content is not in the plan"
            } else {
                "the plan has no content for it, or none that can be read"
            };
            let namespace = &self.names.namespace;
            let next =
                format!("kubectl create configmap {called} -n {namespace} --from-file={KEY}=FILE");
            self.findings.near(about, "content", reason, &next);
            return;
        };
        let (section, text) = match Content::of(&bytes) {
            Content::Text(text) => ("data", text),
            Content::Base64(text) => ("binaryData", text),
        };
        let mut held = Map::default();
        held.put(KEY, text);
        let notes = self.notes(about, "label", labels);
        let mut map = self.noted("v1", "ConfigMap", &called, &notes);
        map.put("immutable", true);
        map.put(section, held);
        self.objects.push(map);
    }

    /// A config map is never changed: the name of one follows its content.
    pub(super) fn config_name(&self, physical: &str) -> String {
        let name = self.name(Kind::Config, physical);
        let nodes = self.plan.nodes.values();
        let mut configs = nodes.filter_map(|node| match &node.payload {
            Payload::Config(config) if config.name == physical => Some((node, config)),
            Payload::Config(_)
            | Payload::Node(_)
            | Payload::Network(_)
            | Payload::Volume(_)
            | Payload::Secret(_)
            | Payload::Service(_)
            | Payload::Declared(_) => None,
        });
        match configs.next() {
            Some((node, config)) if !config.external => {
                format!("{name}-{}", super::names::hash(node))
            }
            Some(_) | None => name,
        }
    }

    fn secret(&mut self, about: About<'_>, secret: &Secret) {
        let Secret {
            name,
            source,
            labels,
        } = secret;
        let called = self.name(Kind::Secret, name);
        let make = format!(
            "kubectl create secret generic {called} -n {}",
            self.names.namespace
        );
        let next = match source {
            SecretSource::Env(variable) => {
                format!("printf %s \"${variable}\" | {make} --from-file={KEY}=/dev/stdin")
            }
            SecretSource::File(path) => format!("{make} --from-file={KEY}={path}"),
            SecretSource::Command(words) => {
                format!("{} | {make} --from-file={KEY}=/dev/stdin", typed(words))
            }
            SecretSource::External | SecretSource::Unknown => {
                format!("{make} --from-file={KEY}=FILE")
            }
        };
        let reason = "no value is in the files, and pods read a new one only when they start";
        self.findings.near(about, "from", reason, &next);
        for key in labels.keys() {
            self.findings.dropped(
                about,
                &format!("label.{key}"),
                "the secret is made by hand",
                &format!("kubectl annotate secret {called} {key}=VALUE"),
            );
        }
    }

    fn machine(&mut self, about: About<'_>, machine: &SwarmNode) {
        let SwarmNode {
            host,
            assert,
            labels,
        } = machine;
        let reason = if *assert {
            "machines are the cluster's, and nobody looks whether this one has the label"
        } else {
            "machines are the cluster's, and no file says anything of them"
        };
        for (key, value) in labels {
            let property = format!("label.{key}");
            let next = format!("kubectl label node {host} {key}={value}");
            self.findings.dropped(about, &property, reason, &next);
        }
    }
}

/// A command as it is typed into a shell.
fn typed(words: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    let words = words.iter().map(|word| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A list of one map.
pub(super) fn one(map: Map) -> Vec<Yaml> {
    vec![Yaml::Map(map)]
}
