//! The `deploy` block of a service.

use skep_schema::plan::{
    Condition, Endpoint, FailureAction, Limits, Mode, Order, Placement, Reserve, Restart, Rollout,
    Service,
};

use super::Export;
use super::text::{size, time};
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

impl Export<'_> {
    pub(super) fn deploy(&mut self, about: About<'_>, service: &Service) -> Map {
        let mut map = Map::default();
        match service.mode {
            Mode::Global => map.put("mode", "global"),
            Mode::Replicated | Mode::Once => {
                map.put("mode", "replicated");
                map.put_some("replicas", service.replicas);
            }
        }
        if service.endpoint == Endpoint::Dnsrr {
            map.put("endpoint_mode", "dnsrr");
        }
        map.put_full("labels", &service.labels);
        map.put_full("placement", self.placement(about, &service.placement));
        map.put_full("resources", self.resources(about, service));
        map.put_full("restart_policy", restart(service.restart));
        map.put_full("update_config", rollout(service.update));
        map.put_full("rollback_config", rollout(service.rollback));
        map
    }

    fn placement(&mut self, about: About<'_>, placement: &Placement) -> Map {
        let Placement {
            constraints,
            spread,
            max_per_node,
            platforms,
        } = placement;
        let mut map = Map::default();
        map.put_full("constraints", constraints.iter().collect::<Vec<_>>());
        let preferences = spread.iter().map(|over| {
            let mut map = Map::default();
            map.put("spread", over);
            Yaml::Map(map)
        });
        map.put_full("preferences", preferences.collect::<Vec<_>>());
        map.put_some("max_replicas_per_node", *max_per_node);
        if !platforms.is_empty() {
            self.findings.dropped(
                about,
                "placement.platform",
                "docker asks the registry for the platforms of an image, and takes no others",
                "constrain `node.platform.arch` instead",
            );
        }
        map
    }

    fn resources(&mut self, about: About<'_>, service: &Service) -> Map {
        let mut map = Map::default();
        map.put_full("limits", self.limits(service.limits));
        map.put_full("reservations", self.reserve(about, &service.reserve));
        map
    }

    fn limits(&mut self, limits: Limits) -> Map {
        let Limits { cpu, memory, pids } = limits;
        let mut map = Map::default();
        map.put_some("cpus", cpu.map(|cpu| cpu.to_string()));
        map.put_some("memory", memory.map(size));
        if let Some(pids) = pids {
            self.version = self.version.max(9);
            map.put("pids", i64::try_from(pids).unwrap_or(i64::MAX));
        }
        map
    }

    fn reserve(&mut self, about: About<'_>, reserve: &Reserve) -> Map {
        let Reserve {
            cpu,
            memory,
            generic,
        } = reserve;
        let mut map = Map::default();
        map.put_some("cpus", cpu.map(|cpu| cpu.to_string()));
        map.put_some("memory", memory.map(size));
        let mut all = Vec::new();
        for (kind, value) in generic {
            match value.parse::<i64>() {
                Ok(count) => all.push(Yaml::Map(discrete(kind, count))),
                Err(_) => self.findings.dropped(
                    about,
                    &format!("reserve.generic.{kind}"),
                    "a stack file counts generic resources, and does not name them",
                    "reserve a count of them",
                ),
            }
        }
        map.put_full("generic_resources", all);
        map
    }
}

fn discrete(kind: &str, count: i64) -> Map {
    let mut spec = Map::default();
    spec.put("kind", kind);
    spec.put("value", count);
    let mut map = Map::default();
    map.put("discrete_resource_spec", spec);
    map
}

fn restart(restart: Restart) -> Map {
    let Restart {
        condition,
        delay,
        max,
        window,
    } = restart;
    let mut map = Map::default();
    map.put_some("condition", condition.map(Condition::word));
    map.put_some("delay", delay.map(time));
    map.put_some("max_attempts", max);
    map.put_some("window", window.map(time));
    map
}

fn rollout(rollout: Rollout) -> Map {
    let Rollout {
        parallelism,
        delay,
        order,
        on_failure,
        monitor,
        max_failure_ratio,
    } = rollout;
    let mut map = Map::default();
    map.put_some("parallelism", parallelism);
    map.put_some("delay", delay.map(time));
    map.put_some("order", order.map(Order::word));
    map.put_some("failure_action", on_failure.map(FailureAction::word));
    map.put_some("monitor", monitor.map(time));
    map.put_some("max_failure_ratio", max_failure_ratio);
    map
}
