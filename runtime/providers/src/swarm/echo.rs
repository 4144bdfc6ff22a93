//! The echo property: what is written reads back as what was meant, and an edit leads where a whole
//! write would.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Value, json};
use skep_schema::plan::{
    Condition, Dns, Endpoint, FailureAction, FileRef, Health, HealthTest, Limits, LogDriver, Mode,
    Mount, MountSource, Order, Payload, Placement, PublishMode, Published, Reserve, Restart,
    Rollout, SecretText, Security, Service, Stop, Ulimit,
};
use skep_schema::units::{Bytes, Cpu, Duration, FileMode, Ratio};

use super::edit::edited;
use super::json::text;
use super::normal::{service as normal, spelled_like};
use super::read_service::{Reading, read};
use super::survey::respelled;
use super::write_service::{Completion, write};

fn word() -> impl Strategy<Value = String> {
    "[a-z]{1,3}"
}

fn words() -> impl Strategy<Value = BTreeSet<String>> {
    btree_set(word(), 0..3)
}

fn texts() -> impl Strategy<Value = BTreeMap<String, String>> {
    btree_map(word(), "[ -~]{0,4}", 0..4)
}

fn durations() -> impl Strategy<Value = Option<Duration>> {
    of(prop_oneof![Just(0), Just(5), Just(10), 1u64..100].prop_map(Duration::seconds))
}

fn files() -> impl Strategy<Value = BTreeMap<String, FileRef>> {
    let file = (
        word(),
        0u32..3,
        prop_oneof![Just(0o444), Just(0o400), Just(0)],
    )
        .prop_map(|(source, id, mode)| FileRef {
            source,
            uid: id.to_string(),
            gid: "0".to_owned(),
            mode: FileMode(mode),
        });
    btree_map("/[a-z]{1,2}", file, 0..3)
}

fn source() -> impl Strategy<Value = MountSource> {
    let volume = (
        "[a-z]{0,2}",
        of("local|nfs"),
        texts(),
        texts(),
        any::<bool>(),
        of(word()),
    )
        .prop_map(
            |(name, driver, options, labels, no_copy, subpath)| MountSource::Volume {
                name,
                driver,
                options,
                labels,
                no_copy,
                subpath,
            },
        );
    let tmpfs = (of(0u64..9), of(0u32..9)).prop_map(|(size, mode)| MountSource::Tmpfs {
        size: size.map(Bytes),
        mode: mode.map(FileMode),
    });
    prop_oneof![
        volume,
        ("/[a-z]", of("rprivate|rshared"))
            .prop_map(|(path, propagation)| MountSource::Bind { path, propagation }),
        tmpfs,
        word().prop_map(|path| MountSource::Npipe { path }),
    ]
}

fn health() -> impl Strategy<Value = Option<Health>> {
    let test = prop_oneof![
        Just(HealthTest::None),
        vec(word(), 1..3).prop_map(HealthTest::Command),
        word().prop_map(HealthTest::Shell),
    ];
    let all = (
        test,
        durations(),
        durations(),
        of(0u32..4),
        durations(),
        durations(),
    );
    of(all.prop_map(
        |(test, every, timeout, retries, start, start_every)| Health {
            test,
            every,
            timeout,
            retries,
            start,
            start_every,
        },
    ))
}

fn rollout() -> impl Strategy<Value = Rollout> {
    let order = of(prop_oneof![Just(Order::StartFirst), Just(Order::StopFirst)]);
    let action = of(prop_oneof![
        Just(FailureAction::Pause),
        Just(FailureAction::Continue),
        Just(FailureAction::Rollback)
    ]);
    let all = (
        of(0u32..3),
        durations(),
        order,
        action,
        durations(),
        of(0u32..=1_000_000),
    );
    all.prop_map(
        |(parallelism, delay, order, on_failure, monitor, ratio)| Rollout {
            parallelism,
            delay,
            order,
            on_failure,
            monitor,
            max_failure_ratio: ratio.map(Ratio),
        },
    )
}

fn restart() -> impl Strategy<Value = Restart> {
    let condition = of(prop_oneof![
        Just(Condition::Any),
        Just(Condition::OnFailure),
        Just(Condition::None)
    ]);
    (condition, durations(), of(0u32..3), durations()).prop_map(
        |(condition, delay, max, window)| Restart {
            condition,
            delay,
            max,
            window,
        },
    )
}

fn security() -> impl Strategy<Value = Security> {
    let seccomp = of(prop_oneof![
        Just("default"),
        Just("unconfined"),
        Just("{\"x\":1}")
    ]);
    let selinux = btree_map("user|role|type|level", word(), 0..3);
    let spec = of("(config|file|registry):[a-z]{1,2}");
    (
        any::<bool>(),
        seccomp,
        of("default|disabled"),
        selinux,
        spec,
    )
        .prop_map(
            |(no_new_privileges, seccomp, apparmor, selinux, credential_spec)| Security {
                no_new_privileges,
                seccomp: seccomp.map(str::to_owned),
                apparmor,
                selinux,
                credential_spec,
            },
        )
}

fn placement() -> impl Strategy<Value = Placement> {
    let constraints = btree_set("node\\.labels\\.[a-z](==|!=)[a-z]{1,2}", 0..3);
    let platforms = btree_set("linux/(amd64|arm64)", 0..2);
    (constraints, vec(word(), 0..2), of(0u32..3), platforms).prop_map(
        |(constraints, spread, max_per_node, platforms)| Placement {
            constraints,
            spread,
            max_per_node,
            platforms,
        },
    )
}

fn resources() -> impl Strategy<Value = (Limits, Reserve)> {
    let generic = btree_map(word(), "[0-9]{1,2}|[a-z]{2}", 0..3).prop_map(|all| {
        all.into_iter()
            .map(|(kind, value)| (kind, value.trim_start_matches('0').to_owned()))
    });
    let generic = generic.prop_map(|all| all.filter(|(_, value)| !value.is_empty()).collect());
    (
        of(0u64..9),
        of(0u64..9),
        of(0u64..9),
        of(0u64..9),
        of(0u64..9),
        generic,
    )
        .prop_map(|(cpu, memory, pids, cpu2, memory2, generic)| {
            (
                Limits {
                    cpu: cpu.map(Cpu),
                    memory: memory.map(Bytes),
                    pids,
                },
                Reserve {
                    cpu: cpu2.map(Cpu),
                    memory: memory2.map(Bytes),
                    generic,
                },
            )
        })
}

fn published() -> impl Strategy<Value = BTreeMap<String, Published>> {
    let mode = prop_oneof![Just(PublishMode::Ingress), Just(PublishMode::Host)];
    btree_map("[1-9][0-9]{0,2}/(tcp|udp|sctp)", (1u16..999, mode), 0..3).prop_map(|all| {
        all.into_iter()
            .map(|(k, (target, mode))| (k, Published { target, mode }))
            .collect()
    })
}

prop_compose! {
    fn process()(
        entrypoint in vec(word(), 0..3),
        command in vec("[ -~]{0,3}", 0..3),
        env in btree_map("[A-M]{1,2}", "[ -~]{0,4}", 0..5),
        secret_env in btree_map("[N-Z]{1,2}", word(), 0..2),
        user in of(word()),
        groups in vec(word(), 0..2),
        workdir in of("/[a-z]"),
        hostname in of(word()),
        domain in any::<bool>(),
        flags in any::<[bool; 4]>(),
        hosts in btree_map(word(), btree_set("10\\.0\\.0\\.[1-9]", 0..3), 0..3),
        dns in (vec("1\\.1\\.1\\.[1-9]", 0..2), vec(word(), 0..2), vec("ndots:[1-9]", 0..2)),
    ) -> Service {
        let [tty, stdin, init, read_only] = flags;
        let (servers, search, options) = dns;
        let secret = |template: String| SecretText { fingerprint: Some(format!("print {template}")), template };
        Service {
            entrypoint, command, env, user, groups, workdir, tty, stdin, init, read_only, hosts,
            secret_env: secret_env.into_iter().map(|(k, v)| (k, secret(v))).collect(),
            domainname: (domain && hostname.is_some()).then(|| "test".to_owned()),
            hostname,
            dns: Dns { servers, search, options },
            ..Service::default()
        }
    }
}

prop_compose! {
    fn kernel()(
        sysctls in texts(),
        ulimits in btree_map(word(), (-1i64..9, -1i64..9), 0..2),
        cap_add in btree_set("CAP_A|b|ALL", 0..3),
        cap_drop in words(),
        security in security().boxed(),
        isolation in of("default|process"),
        oom_score in of(-3i64..3),
        log in of((prop_oneof![word(), Just(String::new())], texts())),
        stop in (of("SIGTERM|SIGINT"), durations()),
        resources in resources().boxed(),
    ) -> Service {
        let (limits, reserve) = resources;
        let (signal, grace) = stop;
        Service {
            sysctls, cap_add, cap_drop, security, isolation, oom_score, limits, reserve,
            ulimits: ulimits.into_iter().map(|(k, (soft, hard))| (k, Ulimit { soft, hard })).collect(),
            log: log.map(|(driver, options)| LogDriver { driver, options }),
            stop: Stop { signal, grace },
            ..Service::default()
        }
    }
}

prop_compose! {
    fn service()(
        process in process().boxed(),
        kernel in kernel().boxed(),
        image in "(r\\.test/)?[a-z]{1,2}(:[0-9])?(@sha256:[0-9a-f]{64})?",
        mode in prop_oneof![Just(Mode::Replicated), Just(Mode::Global), Just(Mode::Once)],
        replicas in of(0u32..4),
        networks in btree_map(word(), words(), 0..3),
        endpoint in prop_oneof![Just(Endpoint::Vip), Just(Endpoint::Dnsrr)],
        publish in published().boxed(),
        files in (files(), files()).boxed(),
        mounts in btree_map("/[a-z]{1,2}", (source().boxed(), any::<bool>()), 0..3).boxed(),
        health in health().boxed(),
        placement in placement().boxed(),
        restart in restart().boxed(),
        rollouts in (rollout(), rollout()).boxed(),
        labels in (texts(), texts()),
    ) -> Service {
        let ((secrets, configs), (update, rollback), (labels, container_labels)) = (files, rollouts, labels);
        Service {
            name: "shop_api".to_owned(),
            image, mode, networks, endpoint, publish, secrets, configs, health, placement, restart, update,
            rollback, labels, container_labels,
            replicas: replicas.filter(|_| mode != Mode::Global),
            mounts: mounts.into_iter().map(|(k, (from, read_only))| (k, Mount { from, read_only })).collect(),
            sysctls: kernel.sysctls, ulimits: kernel.ulimits, cap_add: kernel.cap_add, cap_drop: kernel.cap_drop,
            security: kernel.security, isolation: kernel.isolation, oom_score: kernel.oom_score, log: kernel.log,
            stop: kernel.stop, limits: kernel.limits, reserve: kernel.reserve,
            ..process
        }
    }
}

fn completion(service: &Service) -> Completion {
    let values = service.secret_env.iter();
    let labels = [("skep.stack", "shop"), ("skep.address", "service.api")];
    Completion {
        labels: labels.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        secret_env: values
            .map(|(k, text)| (k.clone(), text.template.clone()))
            .collect(),
        ..Completion::default()
    }
}

/// What an engine makes of a spec, as measured on 20.10: defaults of enums appear, numbers lose
/// precision, absent parts become `null`.
fn engine(spec: &Value) -> Value {
    let mut spec = spec.clone();
    for config in ["UpdateConfig", "RollbackConfig"] {
        if let Some(Value::Object(config)) = spec.get_mut(config) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "this is what the engine does"
            )]
            let ratio = config
                .get("MaxFailureRatio")
                .and_then(Value::as_f64)
                .unwrap_or(0.0) as f32;
            config.insert("MaxFailureRatio".to_owned(), json!(f64::from(ratio)));
            config.entry("FailureAction").or_insert(json!("pause"));
            config.entry("Order").or_insert(json!("stop-first"));
        }
    }
    if let Some(Value::Object(policy)) = spec.pointer_mut("/TaskTemplate/RestartPolicy") {
        policy.entry("Condition").or_insert(json!("any"));
        policy.entry("MaxAttempts").or_insert(json!(0));
    }
    let root = spec.as_object_mut().unwrap();
    let endpoint = root
        .entry("EndpointSpec")
        .or_insert(json!({}))
        .as_object_mut()
        .unwrap();
    endpoint.entry("Mode").or_insert(json!("vip"));
    root.entry("Labels").or_insert(json!({}));
    let task = root["TaskTemplate"].as_object_mut().unwrap();
    task.insert("ForceUpdate".to_owned(), json!(0));
    task.insert("Runtime".to_owned(), json!("container"));
    task.entry("Placement").or_insert(json!({}));
    let container = task["ContainerSpec"].as_object_mut().unwrap();
    container.entry("Isolation").or_insert(json!("default"));
    if let Some(Value::Object(privileges)) = container.get_mut("Privileges") {
        privileges.entry("CredentialSpec").or_insert(Value::Null);
        privileges.entry("SELinuxContext").or_insert(Value::Null);
    }
    spec
}

fn seen(spec: &Value) -> Service {
    let fingerprint = |_: &str, value: &str| Some(format!("print {value}"));
    read(
        spec,
        &Reading {
            networks: &BTreeMap::new(),
            fingerprint: &fingerprint,
        },
    )
}

/// The variables of a raw spec, as the writer of the old form gets them.
fn variables(spec: &Value) -> BTreeMap<String, String> {
    let all = super::json::words(spec, "/TaskTemplate/ContainerSpec/Env");
    all.iter()
        .filter_map(|entry| entry.split_once('='))
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(wanted in service().boxed()) {
        let raw = engine(&write(&wanted, &completion(&wanted)));
        prop_assert_eq!(seen(&raw), normal(&wanted));
        prop_assert_eq!(spelled_like(seen(&raw), &wanted), wanted);
    }

    /// Somebody who looks for `wanted` where `given` was written sees nothing but `given`.
    #[test]
    fn what_was_given_is_known_again_in_the_words_of_another_plan(
        given in service().boxed(),
        wanted in service().boxed(),
    ) {
        let raw = engine(&write(&given, &completion(&given)));
        let shown = Payload::Service(Box::new(spelled_like(seen(&raw), &wanted)));
        let given = Payload::Service(Box::new(given));
        prop_assert_eq!(respelled(&shown, &given), given);
    }

    #[test]
    fn an_edit_leads_where_it_shall(before in service().boxed(), after in service().boxed()) {
        let raw = engine(&write(&before, &completion(&before)));
        let old = spelled_like(seen(&raw), &after);
        let mut with = completion(&before);
        with.secret_env = variables(&raw);
        let new = edited(&raw, &write(&old, &with), &write(&after, &completion(&after)));
        prop_assert_eq!(seen(&engine(&new)), normal(&after));
    }

    #[test]
    fn an_edit_to_the_same_changes_nothing(wanted in service().boxed()) {
        let raw = engine(&write(&wanted, &completion(&wanted)));
        let old = write(&spelled_like(seen(&raw), &wanted), &completion(&wanted));
        prop_assert_eq!(edited(&raw, &old, &write(&wanted, &completion(&wanted))), raw);
    }

    #[test]
    fn no_secret_value_is_read(wanted in service().boxed()) {
        let mut with = completion(&wanted);
        with.secret_env.values_mut().for_each(|value| *value = "hush-hush".to_owned());
        let raw = write(&wanted, &with);
        let fingerprint = |_: &str, _: &str| None;
        let seen = read(&raw, &Reading { networks: &BTreeMap::new(), fingerprint: &fingerprint });
        let shown = format!("{seen:?}");
        prop_assert!(!shown.contains("hush-hush"));
        prop_assert!(!text(&raw, "/Labels/skep.secret-env").unwrap_or_default().contains("hush-hush"));
    }
}
