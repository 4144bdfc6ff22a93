//! The one container of a pod.

use skep_schema::plan::{PublishMode, Service};

use super::Export;
use super::template::literal;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

impl Export<'_> {
    pub(super) fn container(
        &mut self,
        about: About<'_>,
        service: &Service,
        name: &str,
        volumes: &mut Vec<Yaml>,
    ) -> Map {
        let mut map = Map::default();
        map.put("name", name);
        map.put("image", &service.image);
        map.put_full("command", words(&service.entrypoint));
        map.put_full("args", words(&service.command));
        map.put_some("workingDir", service.workdir.as_ref());
        map.put_full("stdin", service.stdin);
        map.put_full("tty", service.tty);
        map.put_full("env", self.environment(about, service));
        map.put_full("ports", self.container_ports(about, service));
        self.probes(about, service, &mut map);
        map.put_full("resources", self.resources(about, service));
        map.put_full("securityContext", self.of_container(about, service));
        let mut mounts = self.files(about, service, volumes);
        mounts.extend(self.mounts(about, service, volumes));
        map.put_full("volumeMounts", mounts);
        map
    }

    /// Ports that services know, and those that are open on the machine.
    fn container_ports(&mut self, about: About<'_>, service: &Service) -> Vec<Yaml> {
        let mut all: Vec<(u16, String, Option<u16>)> = Vec::new();
        for (published, to) in &service.publish {
            let (number, protocol) = published.split_once('/').unwrap_or((published, "tcp"));
            let on_machine = match to.mode {
                PublishMode::Host => number.parse().ok(),
                PublishMode::Ingress => None,
            };
            all.push((to.target, protocol.to_uppercase(), on_machine));
        }
        for port in self.ports_of(about) {
            let known = |(number, protocol, _): &(u16, String, Option<u16>)| {
                *number == port.number && *protocol == port.protocol
            };
            if !all.iter().any(known) {
                all.push((port.number, port.protocol.to_owned(), None));
            }
        }
        all.sort();
        let ports = all.into_iter().map(|(number, protocol, on_machine)| {
            let mut map = Map::default();
            map.put("containerPort", number);
            map.put_some("hostPort", on_machine);
            map.put("protocol", protocol);
            Yaml::Map(map)
        });
        ports.collect()
    }
}

/// Kubernetes looks for variables in words, as docker does not.
fn words(all: &[String]) -> Vec<String> {
    all.iter().map(|word| literal(word)).collect()
}
