//! A service as the engine takes it.
//!
//! Only what the plan says is written, and defaults are left out: the engine restarts tasks when a
//! default appears in a spec that did not name it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skep_schema::plan::{
    Condition, Endpoint, FailureAction, FileRef, Health, HealthTest, Limits, LogDriver, Mode,
    Order, Placement, PublishMode, Published, Reserve, Restart, Rollout, Security, Service,
};
use skep_schema::units::Duration;

use super::json::prune;
use super::labels::{Labels, MODE, SECRET_ENV};
use super::write_mount;

/// From names to the ids by which the engine refers to objects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids {
    pub(crate) networks: BTreeMap<String, String>,
    pub(crate) configs: BTreeMap<String, String>,
    pub(crate) secrets: BTreeMap<String, String>,
}

/// What a plan leaves to the moment of writing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Completion {
    pub(crate) ids: Ids,
    /// Owner and digest.
    pub(crate) labels: Labels,
    /// Values of the variables that hold secrets.
    pub(crate) secret_env: BTreeMap<String, String>,
}

/// The name itself where there is no id: the engine knows its own networks by name.
fn id<'a>(ids: &'a BTreeMap<String, String>, name: &'a str) -> &'a str {
    ids.get(name).map_or(name, String::as_str)
}

/// The whole spec.
pub(crate) fn write(service: &Service, with: &Completion) -> Value {
    let mut spec = json!({
        "Name": service.name,
        "Labels": labels(service, with),
        "TaskTemplate": {
            "ContainerSpec": container(service, with),
            "Resources": {"Limits": limits(service.limits), "Reservations": reservations(&service.reserve)},
            "RestartPolicy": restart(service.restart),
            "Placement": placement(&service.placement),
            "Networks": networks(service, with),
            "LogDriver": service.log.as_ref().map(log),
        },
        "Mode": mode(service),
        "UpdateConfig": rollout(service.update),
        "RollbackConfig": rollout(service.rollback),
        "EndpointSpec": {"Mode": endpoint(service.endpoint), "Ports": ports(service)},
    });
    prune(&mut spec);
    spec
}

/// The labels of the author, and ours.
fn labels(service: &Service, with: &Completion) -> Labels {
    let mut labels = service.labels.clone();
    labels.extend(with.labels.clone());
    if !service.secret_env.is_empty() {
        let templates: BTreeMap<_, _> = service
            .secret_env
            .iter()
            .map(|(variable, text)| (variable, &text.template))
            .collect();
        labels.insert(SECRET_ENV.to_owned(), json!(templates).to_string());
    }
    if service.mode == Mode::Once {
        labels.insert(MODE.to_owned(), "once".to_owned());
    }
    labels
}

fn container(service: &Service, with: &Completion) -> Value {
    json!({
        "Image": service.image,
        "Labels": service.container_labels,
        "Command": service.entrypoint,
        "Args": service.command,
        "Hostname": hostname(service),
        "Env": env(service, with),
        "Dir": service.workdir,
        "User": service.user,
        "Groups": service.groups,
        "Privileges": privileges(&service.security, with),
        "TTY": yes(service.tty),
        "OpenStdin": yes(service.stdin),
        "ReadOnly": yes(service.read_only),
        "Init": yes(service.init),
        "Mounts": write_mount::all(&service.mounts),
        "StopSignal": service.stop.signal,
        "StopGracePeriod": service.stop.grace.map(nanoseconds),
        "Healthcheck": service.health.as_ref().map(health),
        "Hosts": hosts(service),
        "DNSConfig": {
            "Nameservers": service.dns.servers,
            "Search": service.dns.search,
            "Options": service.dns.options,
        },
        "Secrets": files(&service.secrets, &with.ids.secrets, ["SecretID", "SecretName"]),
        "Configs": configs(service, with),
        "Isolation": service.isolation,
        "Sysctls": service.sysctls,
        "Ulimits": ulimits(service),
        "CapabilityAdd": service.cap_add,
        "CapabilityDrop": service.cap_drop,
        "OomScoreAdj": service.oom_score,
    })
}

/// Swarm has no domain name of its own, so the whole name is the host's.
pub(crate) fn hostname(service: &Service) -> Option<String> {
    let host = service.hostname.as_ref()?;
    Some(
        service
            .domainname
            .as_ref()
            .map_or_else(|| host.clone(), |domain| format!("{host}.{domain}")),
    )
}

fn yes(flag: bool) -> Option<bool> {
    flag.then_some(true)
}

pub(crate) const fn nanoseconds(duration: Duration) -> u64 {
    duration.0
}

fn env(service: &Service, with: &Completion) -> Vec<String> {
    let mut all = service.env.clone();
    all.extend(
        service.secret_env.keys().filter_map(|variable| {
            Some((variable.clone(), with.secret_env.get(variable)?.clone()))
        }),
    );
    all.into_iter()
        .map(|(variable, value)| format!("{variable}={value}"))
        .collect()
}

fn privileges(security: &Security, with: &Completion) -> Value {
    let Security {
        no_new_privileges,
        seccomp,
        apparmor,
        selinux,
        credential_spec,
    } = security;
    let disable = selinux.get("disable").map(|text| text == "true");
    json!({
        "CredentialSpec": credential_spec.as_ref().map(|text| credentials(text, with)),
        "SELinuxContext": {
            "Disable": disable.and_then(yes),
            "User": selinux.get("user"),
            "Role": selinux.get("role"),
            "Type": selinux.get("type"),
            "Level": selinux.get("level"),
        },
        "Seccomp": seccomp.as_ref().map(|profile| match profile.as_str() {
            mode @ ("default" | "unconfined") => json!({"Mode": mode}),
            json => json!({"Mode": "custom", "Profile": skep_schema::plan::Content::encode(json.as_bytes())}),
        }),
        "AppArmor": {"Mode": apparmor},
        "NoNewPrivileges": yes(*no_new_privileges),
    })
}

/// `config:NAME` is a config that the engine reads itself, so it is referred to by id.
fn credentials(text: &str, with: &Completion) -> Value {
    match text.split_once(':') {
        Some(("config", name)) => json!({"Config": id(&with.ids.configs, name)}),
        Some(("registry", key)) => json!({"Registry": key}),
        Some(("file", name)) => json!({"File": name}),
        Some(_) | None => json!({"File": text}),
    }
}

fn configs(service: &Service, with: &Completion) -> Vec<Value> {
    let mut all = files(
        &service.configs,
        &with.ids.configs,
        ["ConfigID", "ConfigName"],
    );
    let spec = service.security.credential_spec.as_deref();
    if let Some(name) = spec.and_then(|text| text.strip_prefix("config:")) {
        all.push(
            json!({"Runtime": {}, "ConfigID": id(&with.ids.configs, name), "ConfigName": name}),
        );
    }
    all
}

fn files(
    files: &BTreeMap<String, FileRef>,
    ids: &BTreeMap<String, String>,
    keys: [&str; 2],
) -> Vec<Value> {
    let one = |(path, file): (&String, &FileRef)| {
        let FileRef {
            source,
            uid,
            gid,
            mode,
        } = file;
        let mut reference = json!({"File": {"Name": path, "UID": uid, "GID": gid, "Mode": mode.0}});
        reference[keys[0]] = json!(id(ids, source));
        reference[keys[1]] = json!(source);
        reference
    };
    files.iter().map(one).collect()
}

/// Lines of a hosts file: the address first.
fn hosts(service: &Service) -> Vec<String> {
    let lines = service.hosts.iter().flat_map(|(name, addresses)| {
        addresses
            .iter()
            .map(move |address| format!("{address} {name}"))
    });
    lines.collect()
}

fn ulimits(service: &Service) -> Vec<Value> {
    let one = |(name, limit): (&String, &skep_schema::plan::Ulimit)| json!({"Name": name, "Soft": limit.soft, "Hard": limit.hard});
    service.ulimits.iter().map(one).collect()
}

fn health(health: &Health) -> Value {
    let Health {
        test,
        every,
        timeout,
        retries,
        start,
        start_every,
    } = health;
    let test = match test {
        HealthTest::None => vec!["NONE"],
        HealthTest::Command(words) => ["CMD"]
            .into_iter()
            .chain(words.iter().map(String::as_str))
            .collect(),
        HealthTest::Shell(line) => vec!["CMD-SHELL", line],
    };
    json!({
        "Test": test,
        "Interval": every.map(nanoseconds),
        "Timeout": timeout.map(nanoseconds),
        "Retries": retries,
        "StartPeriod": start.map(nanoseconds),
        "StartInterval": start_every.map(nanoseconds),
    })
}

fn limits(limits: Limits) -> Value {
    let Limits { cpu, memory, pids } = limits;
    json!({"NanoCPUs": cpu.map(|cpu| cpu.0), "MemoryBytes": memory.map(|memory| memory.0), "Pids": pids})
}

fn reservations(reserve: &Reserve) -> Value {
    let Reserve {
        cpu,
        memory,
        generic,
    } = reserve;
    let one = |(kind, value): (&String, &String)| match value.parse::<u64>() {
        Ok(count) => json!({"DiscreteResourceSpec": {"Kind": kind, "Value": count}}),
        Err(_) => json!({"NamedResourceSpec": {"Kind": kind, "Value": value}}),
    };
    let generic: Vec<Value> = generic.iter().map(one).collect();
    json!({
        "NanoCPUs": cpu.map(|cpu| cpu.0),
        "MemoryBytes": memory.map(|memory| memory.0),
        "GenericResources": generic,
    })
}

fn restart(restart: Restart) -> Value {
    let Restart {
        condition,
        delay,
        max,
        window,
    } = restart;
    let condition = condition.map(|condition| match condition {
        Condition::Any => "any",
        Condition::OnFailure => "on-failure",
        Condition::None => "none",
    });
    json!({
        "Condition": condition,
        "Delay": delay.map(nanoseconds),
        "MaxAttempts": max,
        "Window": window.map(nanoseconds),
    })
}

fn placement(placement: &Placement) -> Value {
    let Placement {
        constraints,
        spread,
        max_per_node,
        platforms,
    } = placement;
    let spread: Vec<Value> = spread
        .iter()
        .map(|by| json!({"Spread": {"SpreadDescriptor": by}}))
        .collect();
    let platform = |text: &String| {
        let (os, arch) = text.split_once('/').unwrap_or((text, ""));
        json!({"OS": os, "Architecture": arch})
    };
    let platforms: Vec<Value> = platforms.iter().map(platform).collect();
    json!({
        "Constraints": constraints,
        "Preferences": spread,
        "MaxReplicas": max_per_node,
        "Platforms": platforms,
    })
}

fn networks(service: &Service, with: &Completion) -> Vec<Value> {
    let one = |(name, aliases): (&String, &std::collections::BTreeSet<String>)| json!({"Target": id(&with.ids.networks, name), "Aliases": aliases});
    service.networks.iter().map(one).collect()
}

fn log(log: &LogDriver) -> Value {
    let LogDriver { driver, options } = log;
    json!({"Name": driver, "Options": options})
}

fn mode(service: &Service) -> Value {
    match service.mode {
        Mode::Global => json!({"Global": {}}),
        Mode::Replicated | Mode::Once => {
            json!({"Replicated": {"Replicas": service.replicas.unwrap_or(1)}})
        }
    }
}

/// Always written, and always with its parallelism: where the others stand without it, the engine
/// takes it for 0 and updates all tasks at once.
fn rollout(rollout: Rollout) -> Value {
    let Rollout {
        parallelism,
        delay,
        order,
        on_failure,
        monitor,
        max_failure_ratio,
    } = rollout;
    let order = order.map(|order| match order {
        Order::StartFirst => "start-first",
        Order::StopFirst => "stop-first",
    });
    let action = on_failure.map(|action| match action {
        FailureAction::Pause => "pause",
        FailureAction::Continue => "continue",
        FailureAction::Rollback => "rollback",
    });
    json!({
        "Parallelism": parallelism.unwrap_or(1),
        "Delay": delay.map(nanoseconds),
        "Order": order,
        "FailureAction": action,
        "Monitor": monitor.map(nanoseconds),
        "MaxFailureRatio": max_failure_ratio.map(|ratio| f64::from(ratio.0) / 1e6),
    })
}

fn endpoint(endpoint: Endpoint) -> Option<&'static str> {
    match endpoint {
        Endpoint::Vip => None,
        Endpoint::Dnsrr => Some("dnsrr"),
    }
}

fn ports(service: &Service) -> Vec<Value> {
    let one = |(outside, published): (&String, &Published)| {
        let (port, protocol) = outside.split_once('/').unwrap_or((outside, "tcp"));
        let mode = match published.mode {
            PublishMode::Ingress => "ingress",
            PublishMode::Host => "host",
        };
        json!({
            "PublishedPort": port.parse::<u16>().ok(),
            "Protocol": protocol,
            "TargetPort": published.target,
            "PublishMode": mode,
        })
    };
    service.publish.iter().map(one).collect()
}
