//! A stack file as `docker stack deploy` reads one.
//!
//! Physical names are written out wherever the format takes a name, so that the same objects are made.
//! The version is the lowest whose schema has every key that is used.

mod deploy;
mod env;
mod keys;
mod mounts;
mod network;
mod objects;
mod service;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Kind;
use skep_schema::plan::{Payload, Plan, name_prefix};

use super::Exported;
use super::finding::{About, Findings};
use super::keys::Keys;
use super::yaml::{Map, document};
use keys::keys;

/// The file that `docker stack deploy -c` takes.
pub const STACK_FILE: &str = "stack.yml";

/// Exports a plan to a stack file and the contents of its configs.
pub fn compose(plan: &Plan) -> Exported {
    let mut export = Export {
        plan,
        keys: keys(plan),
        used: used(plan),
        version: 8,
        findings: Findings::default(),
        files: BTreeMap::new(),
    };
    let text = export.stack_file();
    export.files.insert(STACK_FILE.to_owned(), text);
    Exported {
        files: export.files,
        findings: export.findings.all(),
    }
}

/// A stack file on its way.
struct Export<'p> {
    plan: &'p Plan,
    keys: Keys,
    used: BTreeSet<(Kind, &'p str)>,
    /// The second number of the file's version.
    version: u32,
    findings: Findings,
    files: BTreeMap<String, Vec<u8>>,
}

impl Export<'_> {
    fn stack_file(&mut self) -> Vec<u8> {
        let services = self.services();
        let objects = self.objects();
        self.beside();
        let mut file = Map::default();
        file.put("version", format!("3.{}", self.version));
        file.put("services", services);
        for (section, mut map) in objects {
            map.sort();
            file.put_full(section, map);
        }
        let stack = name_prefix(&self.plan.project, self.plan.environment.as_deref());
        let head = format!("# docker stack deploy -c {STACK_FILE} {stack}\n");
        (head + &document(&file)).into_bytes()
    }

    fn services(&mut self) -> Map {
        let mut services = Map::default();
        for (address, node) in &self.plan.nodes {
            if let Payload::Service(service) = &node.payload {
                let about = About { address, node };
                let key = self.key(Kind::Service, &service.name);
                services.put(key, self.service(about, service));
            }
        }
        services.sort();
        services
    }

    /// What an object is called in the file; its physical name, where a plan was written by hand
    /// and does not have it.
    fn key(&self, kind: Kind, physical: &str) -> String {
        let known = self.keys.of_object(kind, physical);
        known.unwrap_or(physical).to_owned()
    }

    /// What a plan has besides objects.
    fn beside(&mut self) {
        for (address, node) in &self.plan.nodes {
            let about = About { address, node };
            if node.protect {
                self.findings.dropped(
                    about,
                    "protect",
                    "docker removes whatever it is asked to",
                    "take care with `docker stack rm`",
                );
            }
            if let Payload::Declared(_) = node.payload {
                self.declared(about);
            }
        }
        if !self.plan.policies.is_empty() {
            self.findings.of_plan(
                self.plan,
                "policy",
                "docker knows no policies",
                "keep `skep check` in the pipeline that exports",
            );
        }
    }

    fn declared(&mut self, about: About<'_>) {
        let (reason, next) = match about.address.kind {
            Kind::Flow => (
                "docker runs no flows",
                "run their steps from a timer of a machine",
            ),
            Kind::Registry => (
                "a stack file holds no login",
                "docker login, then docker stack deploy --with-registry-auth",
            ),
            Kind::Certificate => (
                "docker neither gets nor renews certificates",
                "bring them as secrets, or let the proxy get them",
            ),
            // What routes say stands in the configs of gateways.
            Kind::Route
            | Kind::Param
            | Kind::Node
            | Kind::Network
            | Kind::Volume
            | Kind::Secret
            | Kind::Config
            | Kind::Service
            | Kind::Gateway => return,
        };
        self.findings.dropped(about, "", reason, next);
    }
}

/// The objects that services use.
fn used(plan: &Plan) -> BTreeSet<(Kind, &str)> {
    let payloads = plan.nodes.values().map(|node| &node.payload);
    payloads.flat_map(Payload::references).collect()
}
