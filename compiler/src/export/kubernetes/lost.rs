//! What kubernetes has no words for.

use std::collections::BTreeMap;

use skep_schema::plan::{LogDriver, Payload, Service, Stop, Ulimit};

use super::Export;
use crate::export::finding::About;
use crate::export::text::awaited;

/// A property, why a pod has nothing of it, and what to do instead.
struct Lost(&'static str, &'static str, &'static str);

const STOP_SIGNAL: Lost = Lost(
    "stop.signal",
    "pods are stopped with the signal that the image names",
    "set STOPSIGNAL in the image",
);
const DOMAIN: Lost = Lost("domainname", "the domain of a pod is the cluster's", "");
const ISOLATION: Lost = Lost(
    "isolation",
    "the isolation of containers is a setting of the machine",
    "name a `runtimeClassName`",
);
const OOM_SCORE: Lost = Lost(
    "oom-score",
    "kubernetes works it out from what a pod asks for",
    "reserve as much memory as it may use",
);

impl Export<'_> {
    /// Every property of a service is taken apart here, so that a new one has to be thought of.
    pub(super) fn lost(&mut self, about: About<'_>, service: &Service) {
        let Service {
            ulimits,
            domainname,
            isolation,
            oom_score,
            log,
            stop,
            // Others say these.
            name: _,
            image: _,
            entrypoint: _,
            command: _,
            mode: _,
            replicas: _,
            env: _,
            secret_env: _,
            user: _,
            groups: _,
            workdir: _,
            hostname: _,
            tty: _,
            stdin: _,
            init: _,
            read_only: _,
            hosts: _,
            dns: _,
            networks: _,
            endpoint: _,
            publish: _,
            secrets: _,
            configs: _,
            mounts: _,
            health: _,
            limits: _,
            reserve: _,
            placement: _,
            restart: _,
            update: _,
            rollback: _,
            sysctls: _,
            cap_add: _,
            cap_drop: _,
            security: _,
            labels: _,
            container_labels: _,
        } = service;
        self.ulimits(about, ulimits);
        let Stop { signal, grace } = stop;
        self.in_seconds(about, "stop.grace", *grace);
        let said = [
            (&STOP_SIGNAL, signal.is_some()),
            (&DOMAIN, domainname.is_some()),
            (&ISOLATION, isolation.is_some()),
            (&OOM_SCORE, oom_score.is_some()),
        ];
        for (lost, _) in said.into_iter().filter(|(_, said)| *said) {
            let Lost(property, reason, next) = lost;
            self.findings.dropped(about, property, reason, next);
        }
        self.log(about, log.as_ref());
        self.order(about);
    }

    fn ulimits(&mut self, about: About<'_>, ulimits: &BTreeMap<String, Ulimit>) {
        for (name, Ulimit { soft, hard }) in ulimits {
            let property = format!("ulimit.{name}");
            let reason = "a pod has the limits of the machine's container runtime";
            let next = format!("set {soft} and at most {hard} where the program starts");
            self.findings.dropped(about, &property, reason, &next);
        }
    }

    fn log(&mut self, about: About<'_>, log: Option<&LogDriver>) {
        let Some(LogDriver { driver, options }) = log else {
            return;
        };
        let reason = "where output goes is a setting of the machine";
        let next = "collect the logs of pods with an agent on every machine";
        let property = match driver.as_str() {
            "" => "log".to_owned(),
            named => format!("log.{named}"),
        };
        self.findings.dropped(about, &property, reason, next);
        for option in options.keys() {
            let property = format!("{property}.{option}");
            self.findings.dropped(about, &property, reason, next);
        }
    }

    fn order(&mut self, about: About<'_>) {
        for (address, need) in &about.node.needs {
            let needed = self.plan.nodes.get(address).map(|node| &node.payload);
            let Some(Payload::Service(_)) = needed else {
                continue;
            };
            let meant = awaited(*need);
            self.findings.dropped(
                about,
                &format!("needs.{address}"),
                &format!("kubernetes starts all pods at once, and not when `{address}` {meant}"),
                "let the program try again until what it needs is there",
            );
        }
    }
}
