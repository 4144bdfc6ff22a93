//! How kubernetes asks whether a pod is well.

use skep_schema::plan::{Health, HealthTest, Service};
use skep_schema::units::Duration;

use super::Export;
use super::text::seconds;
use crate::export::finding::About;
use crate::export::yaml::Map;
use crate::resolve::port_of;

/// What docker takes where nothing is said.
const USUAL: Duration = Duration::seconds(30);
const USUAL_RETRIES: u32 = 3;
/// How often docker asks while a task starts.
const USUAL_START: Duration = Duration::seconds(5);

impl Export<'_> {
    pub(super) fn probes(&mut self, about: About<'_>, service: &Service, map: &mut Map) {
        let Some(health) = &service.health else {
            return;
        };
        let Health {
            test,
            every,
            timeout,
            retries,
            start,
            start_every,
        } = health;
        let Some(how) = self.asked(about, test) else {
            return;
        };
        let timeout = timeout.unwrap_or(USUAL);
        let retries = retries.unwrap_or(USUAL_RETRIES);
        let every = every.unwrap_or(USUAL);
        for (property, time) in [
            ("health.every", Some(every)),
            ("health.timeout", Some(timeout)),
            ("health.start", *start),
            ("health.start-every", *start_every),
        ] {
            self.in_seconds(about, property, time);
        }
        if let Some(start) = start {
            let between = start_every.unwrap_or(USUAL_START.min(every));
            let tries = start.0.div_ceil(between.0.max(1));
            let tries = u32::try_from(tries).unwrap_or(u32::MAX);
            let tries = tries.saturating_add(retries);
            map.put("startupProbe", probe(&how, between, timeout, tries));
        }
        self.never_starting(about, *start, *start_every);
        map.put("readinessProbe", probe(&how, every, timeout, retries));
        map.put("livenessProbe", probe(&how, every, timeout, retries));
    }

    fn never_starting(
        &mut self,
        about: About<'_>,
        start: Option<Duration>,
        start_every: Option<Duration>,
    ) {
        if start.is_none() && start_every.is_some() {
            let reason = "without a time to start, nothing is asked more often";
            self.findings
                .dropped(about, "health.start-every", reason, "");
        }
    }

    /// What is asked; nothing where nothing is.
    fn asked(&self, about: About<'_>, test: &HealthTest) -> Option<Map> {
        let command = match test {
            HealthTest::None => return None,
            HealthTest::Command(words) => words.clone(),
            HealthTest::Shell(line) => match self.asked_from_outside(about) {
                Some(map) => return Some(map),
                None => ["/bin/sh", "-c", line.as_str()].map(str::to_owned).into(),
            },
        };
        let mut exec = Map::default();
        exec.put("command", command);
        let mut map = Map::default();
        map.put("exec", exec);
        Some(map)
    }

    /// The kubelet itself can ask a port, so that the image needs no program for it. In the plan it is a
    /// script, so the spec says what is meant.
    fn asked_from_outside(&self, about: About<'_>) -> Option<Map> {
        let service = self.spec.services.get(&about.address.name)?;
        let health = service.node.health.as_ref()?;
        let mut asked = Map::default();
        let (key, port) = match (&health.http, &health.tcp) {
            (Some(http), _) if http.status.is_none() && http.body.is_none() => {
                asked.put("path", http.path.value.as_str());
                ("httpGet", http.port.as_ref())
            }
            (None, Some(tcp)) => ("tcpSocket", tcp.port.as_ref()),
            (_, _) => return None,
        };
        let (ports, _) = port_of(&service.node, port.map(|at| &at.value)).ok()?;
        asked.put("port", ports.first);
        let mut map = Map::default();
        map.put(key, asked);
        Some(map)
    }

    /// Kubernetes counts whole seconds.
    pub(super) fn in_seconds(&mut self, about: About<'_>, property: &str, time: Option<Duration>) {
        let Some(time) = time else {
            return;
        };
        if !time.0.is_multiple_of(1_000_000_000) {
            let reason = format!("kubernetes counts whole seconds: {}", seconds(time));
            self.findings.near(about, property, &reason, "");
        }
    }
}

fn probe(how: &Map, every: Duration, timeout: Duration, tries: u32) -> Map {
    let mut map = how.clone();
    map.put("periodSeconds", seconds(every).max(1));
    map.put("timeoutSeconds", seconds(timeout).max(1));
    map.put("failureThreshold", tries.max(1));
    map
}
