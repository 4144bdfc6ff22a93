//! Networks, volumes, configs and secrets.

use std::collections::BTreeSet;

use skep_schema::address::Kind;
use skep_schema::plan::{
    Config, Content, Network, Payload, Secret, SecretSource, SwarmNode, Volume,
};

use super::Export;
use super::text::escaped;
use crate::export::finding::About;
use crate::export::text::whole;
use crate::export::yaml::{Map, Yaml};

/// The folder of the contents of configs.
const CONFIGS: &str = "configs";

impl Export<'_> {
    /// The sections of the file beside its services.
    pub(super) fn objects(&mut self) -> [(&'static str, Map); 4] {
        let mut sections = [
            ("networks", self.networks_elsewhere()),
            ("volumes", self.volumes_of_mounts()),
            ("configs", Map::default()),
            ("secrets", Map::default()),
        ];
        for (address, node) in &self.plan.nodes {
            let about = About { address, node };
            let (section, made) = match &node.payload {
                Payload::Network(network) => (0, self.network(about, network)),
                Payload::Volume(volume) => (1, self.volume(volume)),
                Payload::Config(config) => (2, Some(self.config(about, config))),
                Payload::Secret(secret) => (3, self.secret(about, secret)),
                Payload::Node(machine) => {
                    self.machine(about, machine);
                    continue;
                }
                Payload::Service(_) | Payload::Declared(_) => continue,
            };
            if let (Some(map), Some(kind), Some(name)) =
                (made, node.payload.object(), node.payload.physical_name())
            {
                let key = self.key(kind, name);
                sections[section].1.put(key, escaped(map));
            }
        }
        sections
    }

    /// Networks that services join and no node declares, such as `host`.
    fn networks_elsewhere(&self) -> Map {
        let declared = self.declared_names(Kind::Network);
        let used = self.used.iter();
        let elsewhere =
            used.filter(|(kind, name)| *kind == Kind::Network && !declared.contains(name));
        let mut map = Map::default();
        for (kind, name) in elsewhere {
            map.put(self.key(*kind, name), external(name));
        }
        map
    }

    fn declared_names(&self, kind: Kind) -> BTreeSet<&str> {
        let nodes = self.plan.nodes.values().map(|node| &node.payload);
        nodes
            .filter(|payload| payload.object() == Some(kind))
            .filter_map(|payload| payload.physical_name())
            .collect()
    }

    fn network(&mut self, about: About<'_>, network: &Network) -> Option<Map> {
        if !self.used.contains(&(Kind::Network, network.name.as_str())) {
            if !network.external {
                self.findings.dropped(
                    about,
                    "",
                    "docker makes no network that no service of the file joins",
                    "make it by hand with `docker network create`",
                );
            }
            return None;
        }
        if network.external {
            return Some(external(&network.name));
        }
        let mut map = Map::default();
        map.put("name", &network.name);
        map.put("driver", &network.driver);
        let mut options = network.options.clone();
        if network.encrypted {
            options.insert("encrypted".to_owned(), String::new());
        }
        map.put_full("driver_opts", &options);
        map.put_full("internal", network.internal);
        map.put_full("attachable", network.attachable);
        map.put_full("ipam", self.ranges(about, network));
        map.put_full("labels", &network.labels);
        Some(map)
    }

    fn ranges(&mut self, about: About<'_>, network: &Network) -> Map {
        let mut ranges = Vec::new();
        for range in &network.subnets {
            let mut map = Map::default();
            map.put("subnet", &range.subnet);
            ranges.push(Yaml::Map(map));
            if range.gateway.is_some() {
                self.findings.dropped(
                    about,
                    "gateway",
                    "a stack file has no gateway of a subnet; the engine takes the first address",
                    "make the network by hand and declare it external",
                );
            }
        }
        let mut map = Map::default();
        map.put_full("config", ranges);
        map
    }

    fn volume(&self, volume: &Volume) -> Option<Map> {
        if !self.used.contains(&(Kind::Volume, volume.name.as_str())) {
            return None;
        }
        if volume.external {
            return Some(external(&volume.name));
        }
        let mut map = Map::default();
        map.put("name", &volume.name);
        map.put_some("driver", volume.driver.as_ref());
        map.put_full("driver_opts", &volume.options);
        map.put_full("labels", &volume.labels);
        Some(map)
    }

    /// Volumes that services mount and no node declares.
    fn volumes_of_mounts(&self) -> Map {
        let declared = self.declared_names(Kind::Volume);
        let services = self.plan.nodes.values();
        let services = services.filter_map(|node| node.payload.as_service().ok());
        let mut map = Map::default();
        for mount in services.flat_map(|service| service.mounts.values()) {
            let made = Volume::of_mount(&mount.from);
            if let Some(volume) = made.filter(|volume| !declared.contains(&volume.name.as_str())) {
                let key = self.key(Kind::Volume, &volume.name);
                if let Some(made) = self.volume(&volume)
                    && !map.has(&key)
                {
                    map.put(key, escaped(made));
                }
            }
        }
        map
    }

    fn config(&mut self, about: About<'_>, config: &Config) -> Map {
        if config.external {
            return external(&config.name);
        }
        let bytes = config.content.as_ref().map(Content::bytes);
        let Some(Ok(bytes)) = bytes else {
            self.findings.dropped(
                about,
                "content",
                "the plan has no content for it, or none that can be read",
                "compile the plan anew, and export that",
            );
            return external(&config.name);
        };
        let path = format!("{CONFIGS}/{}", self.key(Kind::Config, &config.name));
        let mut map = Map::default();
        map.put("name", &config.name);
        map.put("file", format!("./{path}"));
        map.put_full("labels", &config.labels);
        self.files.insert(path, bytes);
        map
    }

    fn secret(&mut self, about: About<'_>, secret: &Secret) -> Option<Map> {
        if !self.used.contains(&(Kind::Secret, secret.name.as_str())) {
            return None;
        }
        let name = whole(&secret.name);
        let next = match &secret.source {
            SecretSource::File(path) => return Some(self.secret_file(about, secret, path)),
            SecretSource::External | SecretSource::Unknown => None,
            SecretSource::Env(variable) => Some(format!(
                "printenv {variable} | docker secret create {name} -"
            )),
            SecretSource::Command(_) => Some(format!("COMMAND | docker secret create {name} -")),
        };
        if let Some(next) = next {
            let reason = "a stack file takes values of secrets from files only, so it is external";
            self.findings.near(about, "from", reason, &next);
        }
        Some(external(name))
    }

    fn secret_file(&mut self, about: About<'_>, secret: &Secret, path: &str) -> Map {
        self.findings.near(
            about,
            "from",
            "docker reads the file beside the stack file, and never sees that it changed",
            &format!(
                "bring `{path}` there, and give the secret another name when its value changes"
            ),
        );
        let mut map = Map::default();
        map.put("name", whole(&secret.name));
        map.put("file", format!("./{path}"));
        map.put_full("labels", &secret.labels);
        map
    }

    fn machine(&mut self, about: About<'_>, machine: &SwarmNode) {
        let SwarmNode {
            host,
            assert: _,
            labels,
        } = machine;
        for (key, value) in labels {
            self.findings.dropped(
                about,
                &format!("label.{key}"),
                "a stack file says nothing of machines",
                &format!("docker node update --label-add {key}={value} {host}"),
            );
        }
    }
}

/// An object that is there already.
fn external(name: &str) -> Map {
    let mut map = Map::default();
    map.put("external", true);
    map.put("name", name);
    map
}
