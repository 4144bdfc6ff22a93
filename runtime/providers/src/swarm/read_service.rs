//! A service as the engine has it, in the form plans have.
//!
//! What equals the engine's default reads as absent, whoever wrote it there: see [`super::normal`],
//! which does the same to plans before they are compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use skep_schema::plan::{
    Condition, Content, Dns, Endpoint, FailureAction, FileRef, Health, HealthTest, Limits,
    LogDriver, Mode, Order, Placement, PublishMode, Published, Reserve, Restart, Rollout,
    SecretText, Security, Service, Stop, Ulimit,
};
use skep_schema::units::{Bytes, Cpu, Duration, FileMode, Ratio};

use super::json::{at, flag, list, number, text, texts, words};
use super::labels::{self, Labels, MODE, SECRET_ENV};
use super::{normal, read_mount};

/// Whatever a spec alone does not tell.
pub(crate) struct Reading<'a> {
    /// Network ids to names.
    pub(crate) networks: &'a BTreeMap<String, String>,
    /// The fingerprint of a variable's value; nothing where there is no key.
    pub(crate) fingerprint: &'a dyn Fn(&str, &str) -> Option<String>,
}

const CONTAINER: &str = "/TaskTemplate/ContainerSpec";

/// Normalised. Values of secret variables leave this function as fingerprints only.
pub(crate) fn read(spec: &Value, with: &Reading<'_>) -> Service {
    let empty = Value::Null;
    let task = at(spec, "/TaskTemplate").unwrap_or(&empty);
    let container = at(spec, CONTAINER).unwrap_or(&empty);
    let labels = texts(spec, "/Labels");
    let (mode, replicas) = mode(spec, &labels);
    let (env, secret_env) = env(container, &labels, with);
    let owned = |pointer| text(container, pointer).map(str::to_owned);
    let service = Service {
        name: text(spec, "/Name").unwrap_or_default().to_owned(),
        image: owned("/Image").unwrap_or_default(),
        entrypoint: words(container, "/Command"),
        command: words(container, "/Args"),
        mode,
        replicas,
        env,
        secret_env,
        user: owned("/User"),
        groups: words(container, "/Groups"),
        workdir: owned("/Dir"),
        hostname: owned("/Hostname"),
        domainname: None,
        tty: flag(container, "/TTY"),
        stdin: flag(container, "/OpenStdin"),
        init: flag(container, "/Init"),
        read_only: flag(container, "/ReadOnly"),
        hosts: hosts(container),
        dns: Dns {
            servers: words(container, "/DNSConfig/Nameservers"),
            search: words(container, "/DNSConfig/Search"),
            options: words(container, "/DNSConfig/Options"),
        },
        networks: networks(spec, with.networks),
        endpoint: endpoint(spec),
        publish: list(spec, "/EndpointSpec/Ports")
            .iter()
            .filter_map(port)
            .collect(),
        secrets: files(container, "/Secrets", "/SecretName", "/run/secrets/"),
        configs: files(container, "/Configs", "/ConfigName", "/"),
        mounts: read_mount::all(list(container, "/Mounts")),
        health: container.get("Healthcheck").and_then(health),
        limits: limits(task),
        reserve: reserve(task),
        placement: placement(task),
        restart: restart(task),
        stop: stop(container),
        update: rollout(spec.get("UpdateConfig")),
        rollback: rollout(spec.get("RollbackConfig")),
        sysctls: texts(container, "/Sysctls"),
        ulimits: list(container, "/Ulimits")
            .iter()
            .filter_map(ulimit)
            .collect(),
        cap_add: words(container, "/CapabilityAdd").into_iter().collect(),
        cap_drop: words(container, "/CapabilityDrop").into_iter().collect(),
        security: security(container),
        isolation: owned("/Isolation"),
        oom_score: container.get("OomScoreAdj").and_then(Value::as_i64),
        log: task.get("LogDriver").map(|log| LogDriver {
            driver: text(log, "/Name").unwrap_or_default().to_owned(),
            options: texts(log, "/Options"),
        }),
        labels: labels::theirs(&labels),
        container_labels: texts(container, "/Labels"),
    };
    normal::service(&service)
}

fn duration(value: &Value, pointer: &str) -> Option<Duration> {
    number(value, pointer).map(Duration)
}

fn count(value: &Value, pointer: &str) -> Option<u32> {
    number(value, pointer).and_then(|number| u32::try_from(number).ok())
}

fn mode(spec: &Value, labels: &Labels) -> (Mode, Option<u32>) {
    if at(spec, "/Mode/Global").is_some_and(|global| !global.is_null()) {
        return (Mode::Global, None);
    }
    let once = labels.get(MODE).is_some_and(|mode| mode == "once");
    let replicas = at(spec, "/Mode/Replicated/Replicas").and_then(Value::as_u64);
    let replicas = replicas.map_or(1, |replicas| u32::try_from(replicas).unwrap_or(u32::MAX));
    (
        if once { Mode::Once } else { Mode::Replicated },
        Some(replicas),
    )
}

type Env = BTreeMap<String, String>;

fn env(
    container: &Value,
    labels: &Labels,
    with: &Reading<'_>,
) -> (Env, BTreeMap<String, SecretText>) {
    let templates: Env = labels
        .get(SECRET_ENV)
        .and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_default();
    let (mut plain, mut secret) = (Env::new(), BTreeMap::new());
    for entry in list(container, "/Env").iter().filter_map(Value::as_str) {
        let (variable, value) = entry.split_once('=').unwrap_or((entry, ""));
        match templates.get(variable) {
            Some(template) => {
                let fingerprint = (with.fingerprint)(variable, value);
                secret.insert(
                    variable.to_owned(),
                    SecretText {
                        template: template.clone(),
                        fingerprint,
                    },
                );
            }
            None => {
                plain.insert(variable.to_owned(), value.to_owned());
            }
        }
    }
    (plain, secret)
}

fn hosts(container: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut hosts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in words(container, "/Hosts") {
        let mut parts = line.split_whitespace();
        let address = parts.next().unwrap_or_default();
        for name in parts {
            hosts
                .entry(name.to_owned())
                .or_default()
                .insert(address.to_owned());
        }
    }
    hosts
}

/// Old command lines wrote networks beside the task template.
fn networks(spec: &Value, names: &BTreeMap<String, String>) -> BTreeMap<String, BTreeSet<String>> {
    let all = list(spec, "/TaskTemplate/Networks")
        .iter()
        .chain(list(spec, "/Networks"));
    let one = |network: &Value| {
        let target = text(network, "/Target")?;
        let name = names.get(target).map_or(target, String::as_str);
        Some((
            name.to_owned(),
            words(network, "/Aliases").into_iter().collect(),
        ))
    };
    all.filter_map(one).collect()
}

fn endpoint(spec: &Value) -> Endpoint {
    match text(spec, "/EndpointSpec/Mode") {
        Some("dnsrr") => Endpoint::Dnsrr,
        Some(_) | None => Endpoint::Vip,
    }
}

fn port(port: &Value) -> Option<(String, Published)> {
    let outside = number(port, "/PublishedPort").unwrap_or(0);
    let protocol = text(port, "/Protocol").unwrap_or("tcp");
    let mode = match text(port, "/PublishMode") {
        Some("host") => PublishMode::Host,
        Some(_) | None => PublishMode::Ingress,
    };
    let target = u16::try_from(number(port, "/TargetPort")?).ok()?;
    Some((format!("{outside}/{protocol}"), Published { target, mode }))
}

/// References without a file are for the engine itself, such as a credential spec.
fn files(container: &Value, pointer: &str, name: &str, folder: &str) -> BTreeMap<String, FileRef> {
    let one = |reference: &Value| {
        let path = normal::path(folder, text(reference, "/File/Name")?);
        let owner = |pointer| text(reference, pointer).unwrap_or("0").to_owned();
        let mode = at(reference, "/File/Mode")
            .and_then(Value::as_u64)
            .and_then(|mode| u32::try_from(mode).ok());
        let file = FileRef {
            source: text(reference, name).unwrap_or_default().to_owned(),
            uid: owner("/File/UID"),
            gid: owner("/File/GID"),
            mode: FileMode(mode.unwrap_or(0)),
        };
        Some((path, file))
    };
    list(container, pointer).iter().filter_map(one).collect()
}

fn health(check: &Value) -> Option<Health> {
    let test = words(check, "/Test");
    let test = match (test.first().map(String::as_str)?, &test[1..]) {
        ("NONE", _) => HealthTest::None,
        ("CMD-SHELL", [line]) => HealthTest::Shell(line.clone()),
        ("CMD", words) => HealthTest::Command(words.to_vec()),
        (_, _) => HealthTest::Command(test.clone()),
    };
    Some(Health {
        test,
        every: duration(check, "/Interval"),
        timeout: duration(check, "/Timeout"),
        retries: count(check, "/Retries"),
        start: duration(check, "/StartPeriod"),
        start_every: duration(check, "/StartInterval"),
    })
}

fn limits(task: &Value) -> Limits {
    Limits {
        cpu: number(task, "/Resources/Limits/NanoCPUs").map(Cpu),
        memory: number(task, "/Resources/Limits/MemoryBytes").map(Bytes),
        pids: number(task, "/Resources/Limits/Pids"),
    }
}

fn reserve(task: &Value) -> Reserve {
    let generic = |resource: &Value| {
        let named = text(resource, "/NamedResourceSpec/Kind").map(|kind| {
            (
                kind,
                text(resource, "/NamedResourceSpec/Value")
                    .unwrap_or_default()
                    .to_owned(),
            )
        });
        let counted = text(resource, "/DiscreteResourceSpec/Kind").map(|kind| {
            (
                kind,
                number(resource, "/DiscreteResourceSpec/Value")
                    .unwrap_or(0)
                    .to_string(),
            )
        });
        named
            .or(counted)
            .map(|(kind, value)| (kind.to_owned(), value))
    };
    Reserve {
        cpu: number(task, "/Resources/Reservations/NanoCPUs").map(Cpu),
        memory: number(task, "/Resources/Reservations/MemoryBytes").map(Bytes),
        generic: list(task, "/Resources/Reservations/GenericResources")
            .iter()
            .filter_map(generic)
            .collect(),
    }
}

fn placement(task: &Value) -> Placement {
    let platform = |platform: &Value| {
        format!(
            "{}/{}",
            text(platform, "/OS").unwrap_or_default(),
            text(platform, "/Architecture").unwrap_or_default()
        )
    };
    let spread =
        |preference: &Value| text(preference, "/Spread/SpreadDescriptor").map(str::to_owned);
    Placement {
        constraints: words(task, "/Placement/Constraints").into_iter().collect(),
        spread: list(task, "/Placement/Preferences")
            .iter()
            .filter_map(spread)
            .collect(),
        max_per_node: count(task, "/Placement/MaxReplicas"),
        platforms: list(task, "/Placement/Platforms")
            .iter()
            .map(platform)
            .collect(),
    }
}

fn restart(task: &Value) -> Restart {
    let condition = text(task, "/RestartPolicy/Condition").and_then(|word| match word {
        "any" => Some(Condition::Any),
        "on-failure" => Some(Condition::OnFailure),
        "none" => Some(Condition::None),
        _ => None,
    });
    // A delay of 0 is one: it is absent that means 5 s.
    let delay = at(task, "/RestartPolicy/Delay")
        .and_then(Value::as_u64)
        .map(Duration);
    Restart {
        condition,
        delay,
        max: count(task, "/RestartPolicy/MaxAttempts"),
        window: duration(task, "/RestartPolicy/Window"),
    }
}

/// A grace of 0 kills at once: it is absent that means 10 s.
fn stop(container: &Value) -> Stop {
    let grace = container
        .get("StopGracePeriod")
        .and_then(Value::as_u64)
        .map(Duration);
    Stop {
        signal: text(container, "/StopSignal").map(str::to_owned),
        grace,
    }
}

/// Where there is a config, its absent parallelism is 0: all at once.
fn rollout(config: Option<&Value>) -> Rollout {
    let Some(config) = config.filter(|config| config.is_object()) else {
        return Rollout::default();
    };
    let parallelism = config
        .get("Parallelism")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    let ratio = config
        .get("MaxFailureRatio")
        .and_then(Value::as_f64)
        .unwrap_or(0.0);
    Rollout {
        parallelism: u32::try_from(parallelism).ok(),
        delay: duration(config, "/Delay"),
        order: text(config, "/Order").and_then(|word| match word {
            "start-first" => Some(Order::StartFirst),
            "stop-first" => Some(Order::StopFirst),
            _ => None,
        }),
        on_failure: text(config, "/FailureAction").and_then(|word| match word {
            "pause" => Some(FailureAction::Pause),
            "continue" => Some(FailureAction::Continue),
            "rollback" => Some(FailureAction::Rollback),
            _ => None,
        }),
        monitor: duration(config, "/Monitor"),
        max_failure_ratio: Some(millionths(ratio)),
    }
}

/// The engine keeps ratios in single precision, so 0.1 comes back as 0.10000000149011612.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=1 before"
)]
fn millionths(ratio: f64) -> Ratio {
    Ratio((ratio.clamp(0.0, 1.0) * 1e6).round() as u32)
}

fn ulimit(limit: &Value) -> Option<(String, Ulimit)> {
    let bound = |pointer| at(limit, pointer).and_then(Value::as_i64).unwrap_or(0);
    Some((
        text(limit, "/Name")?.to_owned(),
        Ulimit {
            soft: bound("/Soft"),
            hard: bound("/Hard"),
        },
    ))
}

fn security(container: &Value) -> Security {
    let empty = Value::Null;
    let privileges = container.get("Privileges").unwrap_or(&empty);
    let context = [
        ("user", "User"),
        ("role", "Role"),
        ("type", "Type"),
        ("level", "Level"),
    ];
    let mut selinux: BTreeMap<String, String> = context
        .into_iter()
        .filter_map(|(key, member)| {
            Some((
                key.to_owned(),
                text(privileges, &format!("/SELinuxContext/{member}"))?.to_owned(),
            ))
        })
        .collect();
    if flag(privileges, "/SELinuxContext/Disable") {
        selinux.insert("disable".to_owned(), "true".to_owned());
    }
    let seccomp = text(privileges, "/Seccomp/Mode").and_then(|mode| match mode {
        "custom" => text(privileges, "/Seccomp/Profile")
            .and_then(|profile| Content::decode(profile).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok()),
        mode => Some(mode.to_owned()),
    });
    Security {
        no_new_privileges: flag(privileges, "/NoNewPrivileges"),
        seccomp,
        apparmor: text(privileges, "/AppArmor/Mode").map(str::to_owned),
        selinux,
        credential_spec: credential_spec(privileges, container),
    }
}

fn credential_spec(privileges: &Value, container: &Value) -> Option<String> {
    let of = |member: &str| text(privileges, &format!("/CredentialSpec/{member}"));
    if let Some(id) = of("Config") {
        let configs = list(container, "/Configs").iter();
        let mut named = configs.filter(|config| text(config, "/ConfigID") == Some(id));
        let name = named
            .find_map(|config| text(config, "/ConfigName"))
            .unwrap_or(id);
        return Some(format!("config:{name}"));
    }
    let file = of("File").map(|name| format!("file:{name}"));
    file.or_else(|| of("Registry").map(|key| format!("registry:{key}")))
}
