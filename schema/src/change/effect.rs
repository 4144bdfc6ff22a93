//! What a change of each property does to what runs.
//!
//! The table of services says what Docker Engine 20.10 was measured to do; a test on a live engine
//! changes every property alone and holds the table to that. Swarm compares the whole task template
//! and the endpoint, whether or not a task could notice, so whatever is not known to be harmless
//! restarts tasks. What needs API 1.44 or later was not measured: its rows restart because they are
//! part of the task template.

use super::fields::Difference;
use super::{Effect, FieldChange};
use crate::plan::{Mode, MountSource, Order, Payload, Service};
use crate::value::Value;

/// How the effect of one property is found.
enum Rule {
    Always(Effect),
    /// None, unless nothing is left to run.
    Scale,
    /// Swarm leaves a task alone as long as its node meets the constraints, and nothing else of the
    /// template changes. A plan cannot know the node, so only what takes constraints away is sure
    /// not to restart; a restart that is told in advance for a new constraint may not come.
    /// Preferences, limits a node and platforms are looked at for new tasks only, even where the
    /// tasks that run break them.
    Placement,
    /// An existing volume keeps its options, whatever a mount asks for, and a task that asks for
    /// another driver waits for a node that has it. To get what is asked for, the volume has to go.
    Mount,
}

const RESTART: Rule = Rule::Always(Effect::RollingRestart);
const NONE: Rule = Rule::Always(Effect::NoRestart);
/// The engine refuses to change it in place.
const REFUSED: Rule = Rule::Always(Effect::Downtime);

/// Every property of a service, in the order of its type.
const SERVICE: &[(&str, Rule)] = &[
    ("name", REFUSED),
    ("image", RESTART),
    ("entrypoint", RESTART),
    ("command", RESTART),
    ("mode", REFUSED),
    ("replicas", Rule::Scale),
    ("env", RESTART),
    ("secret-env", RESTART),
    ("user", RESTART),
    ("groups", RESTART),
    ("workdir", RESTART),
    ("hostname", RESTART),
    ("domainname", RESTART),
    ("tty", RESTART),
    ("stdin", RESTART),
    ("init", RESTART),
    ("read-only", RESTART),
    ("hosts", RESTART),
    ("dns", RESTART),
    ("networks", RESTART),
    ("endpoint", RESTART),
    ("publish", RESTART),
    ("secrets", RESTART),
    ("configs", RESTART),
    ("mounts", Rule::Mount),
    ("health", RESTART),
    ("limits", RESTART),
    ("reserve", RESTART),
    ("placement", Rule::Placement),
    ("restart", RESTART),
    ("stop", RESTART),
    ("update", NONE),
    ("rollback", NONE),
    ("sysctls", RESTART),
    ("ulimits", RESTART),
    ("cap-add", RESTART),
    ("cap-drop", RESTART),
    ("security", RESTART),
    ("isolation", RESTART),
    ("oom-score", RESTART),
    ("log", RESTART),
    ("labels", NONE),
    ("container-labels", RESTART),
];

/// What a change of one property does, taken by itself.
pub(super) fn of_field(before: &Payload, after: &Payload, field: &Difference) -> Effect {
    let first = field.path.first().map_or("", String::as_str);
    match after {
        Payload::Service(service) => of_service(before.as_service().ok(), service, field),
        Payload::Volume(_) if matches!(first, "driver" | "options") => Effect::DataLoss,
        Payload::Node(_) | Payload::Volume(_) | Payload::Declared(_) => Effect::NoRestart,
        Payload::Secret(_) | Payload::Config(_) if matches!(first, "labels" | "source") => {
            Effect::NoRestart
        }
        Payload::Network(_) | Payload::Secret(_) | Payload::Config(_) => {
            of_immutable(before, after)
        }
    }
}

/// Content that cannot be written in place lives on under its old name; without a new name the
/// old object has to go first.
fn of_immutable(before: &Payload, after: &Payload) -> Effect {
    if before.physical_name() == after.physical_name() {
        Effect::Downtime
    } else {
        Effect::Replace
    }
}

fn of_service(before: Option<&Service>, after: &Service, field: &Difference) -> Effect {
    let path = field.path();
    let rule = path
        .first()
        .and_then(|name| SERVICE.iter().find(|(known, _)| known == name));
    if is_same_value(&path, field) {
        return Effect::NoRestart;
    }
    match rule.map_or(&RESTART, |(_, rule)| rule) {
        Rule::Always(effect) => *effect,
        Rule::Scale if field.after == Some(Value::Int(0)) => Effect::Downtime,
        Rule::Scale => Effect::NoRestart,
        Rule::Placement => of_placement(&path, field),
        Rule::Mount => of_mount(before, after, &path),
    }
}

/// Whether a variable that holds a secret says only where its value comes from in other words: that
/// the secret was renamed.
fn is_same_value(path: &[&str], field: &Difference) -> bool {
    let print = |value: &Option<Value>| value.as_ref()?.get("fingerprint").cloned();
    let prints = (print(&field.before), print(&field.after));
    matches!((path, prints), (["env", _], (Some(before), Some(after))) if before == after)
}

fn of_placement(path: &[&str], field: &Difference) -> Effect {
    match path {
        [_, "constraints"] if !is_subset(field.after.as_ref(), field.before.as_ref()) => {
            Effect::RollingRestart
        }
        _ => Effect::NoRestart,
    }
}

fn of_mount(before: Option<&Service>, after: &Service, path: &[&str]) -> Effect {
    let [_, place, "from", "volume", "driver" | "options", ..] = path else {
        return Effect::RollingRestart;
    };
    let volume = |service: &Service| match &service.mounts.get(*place)?.from {
        MountSource::Volume { name, .. } => (!name.is_empty()).then(|| name.clone()),
        MountSource::Bind { .. } | MountSource::Tmpfs { .. } | MountSource::Npipe { .. } => None,
    };
    match (before.and_then(volume), volume(after)) {
        (Some(old), Some(new)) if old == new => Effect::DataLoss,
        _ => Effect::RollingRestart,
    }
}

/// What a change of these properties does, taken together.
pub(super) fn of_change(fields: &[FieldChange], before: &Payload, after: &Payload) -> Effect {
    let worst = fields
        .iter()
        .map(|field| field.effect)
        .max()
        .unwrap_or(Effect::RollingRestart);
    match (worst, before.as_service(), after.as_service()) {
        (Effect::RollingRestart, Ok(old), Ok(_)) if old.replicas == Some(0) => Effect::NoRestart,
        (Effect::RollingRestart, Ok(old), Ok(new)) if interrupts(old, new) => Effect::Downtime,
        _ => worst,
    }
}

/// What a change of a global service does, once it is known how many tasks it has.
pub(super) fn of_global(effect: Effect, after: &Payload, running: u64) -> Effect {
    match (effect, after.as_service()) {
        (Effect::RollingRestart, Ok(service)) if stops_all(service, running) => Effect::Downtime,
        (effect, _) => effect,
    }
}

fn is_subset(part: Option<&Value>, whole: Option<&Value>) -> bool {
    items(part).iter().all(|item| items(whole).contains(item))
}

fn items(list: Option<&Value>) -> &[Value] {
    match list {
        Some(Value::List(items)) => items,
        Some(Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::Map(_))
        | None => &[],
    }
}

/// The tasks a service has, as far as a plan can tell: none for a global one.
pub(super) fn tasks(payload: &Payload) -> u64 {
    payload
        .as_service()
        .map_or(0, |service| match service.mode {
            Mode::Replicated | Mode::Once => u64::from(service.replicas.unwrap_or(1)),
            Mode::Global => 0,
        })
}

/// Whether a restart leaves a moment in which no task of the service runs. What runs once serves
/// nothing, and how many tasks a global service has is not known here.
fn interrupts(before: &Service, after: &Service) -> bool {
    let running = u64::from(before.replicas.unwrap_or(1));
    after.mode == Mode::Replicated && stops_all(after, running)
}

/// Whether all tasks stop before the first new one starts.
fn stops_all(after: &Service, running: u64) -> bool {
    let at_once = u64::from(after.update.parallelism.unwrap_or(1));
    match after.update.order.unwrap_or(Order::StopFirst) {
        Order::StopFirst => at_once == 0 || at_once >= running,
        Order::StartFirst => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::plan::{
        Dns, Endpoint, FileRef, Health, HealthTest, Limits, LogDriver, Mount, Placement,
        PublishMode, Published, Reserve, Restart, Rollout, SecretText, Security, Stop, Ulimit,
    };
    use crate::units::{Bytes, FileMode};

    #[test]
    fn the_table_has_every_property_of_a_service_once() {
        let payload = Payload::Service(Box::new(full()));
        let Value::Map(fields) = payload.value() else {
            unreachable!("a service is a map")
        };
        let known: BTreeSet<&str> = SERVICE.iter().map(|(name, _)| *name).collect();
        assert_eq!(known, fields.keys().map(String::as_str).collect());
        assert_eq!(known.len(), SERVICE.len());
    }

    fn one<T: Clone>(value: &T) -> BTreeMap<String, T> {
        BTreeMap::from([("a".to_owned(), value.clone())])
    }

    /// A service in which nothing is left out.
    #[expect(
        clippy::too_many_lines,
        reason = "every property by name, so that a new one is missed here"
    )]
    fn full() -> Service {
        let text = || "a".to_owned();
        let file = FileRef {
            source: text(),
            uid: text(),
            gid: text(),
            mode: FileMode(0),
        };
        Service {
            name: text(),
            image: text(),
            entrypoint: vec![text()],
            command: vec![text()],
            mode: Mode::Once,
            replicas: Some(1),
            env: one(&text()),
            secret_env: one(&SecretText {
                template: text(),
                fingerprint: None,
            }),
            user: Some(text()),
            groups: vec![text()],
            workdir: Some(text()),
            hostname: Some(text()),
            domainname: Some(text()),
            tty: true,
            stdin: true,
            init: true,
            read_only: true,
            hosts: one(&BTreeSet::new()),
            dns: Dns {
                servers: vec![text()],
                ..Dns::default()
            },
            networks: one(&BTreeSet::new()),
            endpoint: Endpoint::Dnsrr,
            publish: one(&Published {
                target: 1,
                mode: PublishMode::Host,
            }),
            secrets: one(&file),
            configs: one(&file),
            mounts: one(&Mount {
                from: MountSource::Npipe { path: text() },
                read_only: false,
            }),
            health: Some(Health {
                test: HealthTest::None,
                every: None,
                timeout: None,
                retries: None,
                start: None,
                start_every: None,
            }),
            limits: Limits {
                pids: Some(1),
                ..Limits::default()
            },
            reserve: Reserve {
                memory: Some(Bytes(1)),
                ..Reserve::default()
            },
            placement: Placement {
                max_per_node: Some(1),
                ..Placement::default()
            },
            restart: Restart {
                max: Some(1),
                ..Restart::default()
            },
            stop: Stop {
                signal: Some(text()),
                grace: None,
            },
            update: Rollout {
                parallelism: Some(1),
                ..Rollout::default()
            },
            rollback: Rollout {
                parallelism: Some(1),
                ..Rollout::default()
            },
            sysctls: one(&text()),
            ulimits: one(&Ulimit { soft: 1, hard: 1 }),
            cap_add: BTreeSet::from([text()]),
            cap_drop: BTreeSet::from([text()]),
            security: Security {
                no_new_privileges: true,
                ..Security::default()
            },
            isolation: Some(text()),
            oom_score: Some(1),
            log: Some(LogDriver {
                driver: text(),
                options: BTreeMap::new(),
            }),
            labels: one(&text()),
            container_labels: one(&text()),
        }
    }
}
