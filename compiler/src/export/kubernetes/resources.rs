//! What a pod may use, and what has to be free for it.

use skep_schema::plan::{Limits, Reserve, Service};

use super::Export;
use super::text::{cpu, size};
use crate::export::finding::About;
use crate::export::yaml::Map;

impl Export<'_> {
    pub(super) fn resources(&mut self, about: About<'_>, service: &Service) -> Map {
        let Limits {
            cpu: most,
            memory,
            pids,
        } = service.limits;
        let mut limits = Map::default();
        limits.put_some("cpu", most.map(cpu));
        limits.put_some("memory", memory.map(size));
        if pids.is_some() {
            let reason = "the most processes of a pod is a setting of the machine";
            let next = "set `podPidsLimit` of the kubelet";
            self.findings.dropped(about, "limits.pids", reason, next);
        }
        let mut requests = self.requests(about, &service.reserve, &mut limits);
        // What is limited and not asked for, kubernetes takes as asked for; docker as nothing.
        for (key, _) in &limits.0 {
            if !requests.has(key) && matches!(key.as_str(), "cpu" | "memory") {
                requests.put(key, "0");
            }
        }
        requests.sort();
        let mut map = Map::default();
        map.put_full("limits", limits);
        map.put_full("requests", requests);
        map
    }

    fn requests(&mut self, about: About<'_>, reserve: &Reserve, limits: &mut Map) -> Map {
        let Reserve {
            cpu: least,
            memory,
            generic,
        } = reserve;
        let mut requests = Map::default();
        requests.put_some("cpu", least.map(cpu));
        requests.put_some("memory", memory.map(size));
        for (kind, value) in generic {
            match value.parse::<i64>() {
                // What a machine's plugin counts has a domain in its name.
                Ok(count) if kind.contains('/') => limits.put(kind, count.to_string()),
                Ok(_) | Err(_) => self.findings.dropped(
                    about,
                    &format!("reserve.generic.{kind}"),
                    "kubernetes counts what plugins of machines offer, by names such as example.com/gpu",
                    "reserve it by that name, and set the limit by hand",
                ),
            }
        }
        requests
    }
}
