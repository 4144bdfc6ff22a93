//! A pod of a service.

use skep_schema::plan::{Dns, Service};
use std::collections::BTreeMap;

use skep_schema::units::Duration;

use super::Export;
use super::object::selected;
use super::objects::one;
use super::template::is_template;
use super::text::seconds;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

/// What docker takes where nothing is said; kubernetes would take 30 seconds.
const USUAL_GRACE: Duration = Duration::seconds(10);

impl Export<'_> {
    /// The template of pods; they are started again unless it is said when.
    pub(super) fn template(
        &mut self,
        about: About<'_>,
        service: &Service,
        name: &str,
        restart: Option<&str>,
    ) -> Map {
        let mut labels = selected(name);
        labels.0.extend(self.joined(service).0);
        let mut meta = Map::default();
        meta.put("labels", labels);
        let notes = self.notes(about, "container-label", &service.container_labels);
        meta.put_full("annotations", &notes);
        let mut map = Map::default();
        map.put("metadata", meta);
        map.put("spec", self.pod(about, service, name, restart));
        map
    }

    fn pod(
        &mut self,
        about: About<'_>,
        service: &Service,
        name: &str,
        restart: Option<&str>,
    ) -> Map {
        let mut volumes = Vec::new();
        let container = self.container(about, service, name, &mut volumes);
        let mut pod = Map::default();
        // Tasks of a swarm have no token of it, and no variables about other services.
        pod.put("automountServiceAccountToken", false);
        pod.put("enableServiceLinks", false);
        pod.put_some("restartPolicy", restart);
        let grace = service.stop.grace.unwrap_or(USUAL_GRACE);
        pod.put("terminationGracePeriodSeconds", seconds(grace));
        self.named(about, service, &mut pod);
        self.resolving(about, service, &mut pod);
        if service.init {
            pod.put("shareProcessNamespace", true);
            let reason = "the pod's own first process collects what is left of others";
            self.findings.near(about, "init", reason, "");
        }
        pod.put_full("securityContext", self.of_pod(about, service));
        pod.put_full("imagePullSecrets", self.logins(&service.image));
        self.placement(about, service, name, &mut pod);
        pod.put("containers", one(container));
        pod.put_full("volumes", volumes);
        pod
    }

    fn named(&mut self, about: About<'_>, service: &Service, pod: &mut Map) {
        if service.networks.contains_key("host") {
            pod.put("hostNetwork", true);
            pod.put("dnsPolicy", "ClusterFirstWithHostNet");
        }
        let Some(hostname) = &service.hostname else {
            return;
        };
        if is_template(hostname) || !super::names::is_label(hostname) {
            let reason = "the host name of a pod is one plain label, the same for all";
            let next = "take it from a variable where the program starts";
            self.findings.dropped(about, "hostname", reason, next);
        } else {
            pod.put("hostname", hostname);
        }
    }

    fn resolving(&mut self, about: About<'_>, service: &Service, pod: &mut Map) {
        let mut names: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
        for (name, addresses) in &service.hosts {
            for address in addresses {
                names.entry(address).or_default().push(name);
            }
        }
        let lines = names.into_iter().map(|(address, names)| {
            let mut line = Map::default();
            line.put("ip", address);
            line.put("hostnames", names);
            Yaml::Map(line)
        });
        pod.put_full("hostAliases", lines.collect::<Vec<_>>());
        let Dns {
            servers,
            search,
            options,
        } = &service.dns;
        let mut config = Map::default();
        config.put_full("nameservers", servers.clone());
        config.put_full("searches", search.clone());
        config.put_full(
            "options",
            options.iter().map(|o| dns_option(o)).collect::<Vec<_>>(),
        );
        if !servers.is_empty() {
            let reason = "the servers stand behind the cluster's own, and not behind docker's";
            self.findings.near(about, "dns.server", reason, "");
        }
        pod.put_full("dnsConfig", config);
    }

    /// The logins at the registry of an image.
    fn logins(&self, image: &str) -> Vec<Yaml> {
        let registries = self.spec.registries.iter();
        let of_image = registries.filter(|(host, registry)| {
            let at = image.strip_prefix(host.as_str());
            registry.node.auth.is_some() && at.is_some_and(|rest| rest.starts_with('/'))
        });
        let all = of_image.map(|(host, _)| {
            let mut map = Map::default();
            map.put("name", super::names::label(host));
            Yaml::Map(map)
        });
        all.collect()
    }
}

fn dns_option(option: &str) -> Map {
    let (name, value) = match option.split_once(':') {
        Some((name, value)) => (name, Some(value)),
        None => (option, None),
    };
    let mut map = Map::default();
    map.put("name", name);
    map.put_some("value", value);
    map
}
