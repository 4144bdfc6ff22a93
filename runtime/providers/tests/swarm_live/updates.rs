//! Changes: as small as they can be, and never over somebody else's.

use std::collections::BTreeMap;

use skep_engine::drive::look;
use skep_engine::provider::{Provider, ProviderError};
use skep_schema::change::{Action, Effect};
use skep_schema::event::{NodeOutcome, Outcome};
use skep_schema::inventory::{Readiness, Verdict};
use skep_schema::plan::{Mode, Payload, Service};

use crate::lab::{Lab, at, config, service};

fn with_env(mut service: Service, all: &[(&str, &str)]) -> Service {
    service.env = all
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    service
}

fn env(lab: &Lab, name: &str) -> Vec<String> {
    let spec = lab.inspect("service", &lab.name(name));
    let env = &spec["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"];
    env.as_array()
        .expect("it has variables")
        .iter()
        .map(|v| v.as_str().expect("a text").to_owned())
        .collect()
}

#[tokio::test]
async fn an_update_touches_one_service_and_keeps_the_order_of_the_rest() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let (api, other) = (lab.sleeper("api"), service("other", lab.sleeper("other")));
    let before = with_env(api.clone(), &[("A", "1"), ("B", "2"), ("C", "3")]);
    lab.arrive(&swarm, &lab.plan([service("api", before), other.clone()]))
        .await;
    // Somebody adds a variable by hand, wherever; then the plan takes it in, with a change.
    lab.docker(&[
        "service",
        "update",
        "--quiet",
        "--detach=false",
        "--env-add",
        "AA=0",
        &lab.name("api"),
    ]);
    let mut wanted = env(&lab, "api");
    for entry in &mut wanted {
        *entry = entry.replace("B=2", "B=9");
    }
    wanted.push("D=4".to_owned());
    let untouched = lab.version("other");
    let after = with_env(
        api,
        &[("A", "1"), ("AA", "0"), ("B", "9"), ("C", "3"), ("D", "4")],
    );
    lab.arrive(&swarm, &lab.plan([service("api", after), other]))
        .await;
    assert_eq!(env(&lab, "api"), wanted);
    assert_eq!(lab.version("other"), untouched);
}

#[tokio::test]
async fn labels_replicas_and_rollout_restart_nothing() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let before = lab.sleeper("api");
    lab.arrive(&swarm, &lab.plan([service("api", before.clone())]))
        .await;
    let tasks = lab.tasks("api");
    let mut after = Service {
        replicas: Some(2),
        ..before
    };
    after.labels = BTreeMap::from([("team".to_owned(), "shop".to_owned())]);
    after.update.parallelism = Some(3);
    let plan = lab.plan([service("api", after)]);
    let changes = look(&swarm, &plan)
        .await
        .expect("the swarm can be read")
        .changes;
    assert_eq!(
        changes.get(&at("service.api")).map(|change| change.effect),
        Some(Effect::NoRestart)
    );
    lab.arrive(&swarm, &plan).await;
    let now = lab.tasks("api");
    assert!(
        tasks.iter().all(|task| now.contains(task)) && now.len() == 2,
        "{tasks:?} {now:?}"
    );
}

#[tokio::test]
async fn drift_is_seen_and_mended() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = lab.plan([service("api", lab.sleeper("api"))]);
    lab.arrive(&swarm, &plan).await;
    lab.docker(&[
        "service",
        "update",
        "--quiet",
        "--detach",
        "--limit-pids",
        "77",
        &lab.name("api"),
    ]);
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    let change = seen.changes.get(&at("service.api")).expect("it differs");
    assert_eq!(change.reason, skep_schema::change::Reason::Drift);
    let paths: Vec<String> = change
        .fields
        .iter()
        .map(|field| field.path.join(" "))
        .collect();
    assert_eq!(
        paths,
        ["limits pids"],
        "the command line's defaults do not show"
    );
    lab.arrive(&swarm, &plan).await;
    assert!(
        look(&swarm, &plan)
            .await
            .expect("the swarm can be read")
            .changes
            .is_empty()
    );
}

#[tokio::test]
async fn a_stale_change_is_a_conflict_and_writes_nothing() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let base = lab.sleeper("api");
    lab.arrive(&swarm, &lab.plan([service("api", base.clone())]))
        .await;
    let plan = lab.plan([service("api", with_env(base, &[("A", "1")]))]);
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    lab.docker(&[
        "service",
        "update",
        "--quiet",
        "--detach",
        "--env-add",
        "B=2",
        &lab.name("api"),
    ]);
    let (version, writes) = (lab.version("api"), swarm.writes());
    let outcome = swarm.apply(&seen.changes.changes[0]).await;
    assert_eq!(
        outcome,
        Err(ProviderError::Conflict {
            address: at("service.api")
        })
    );
    assert_eq!(swarm.writes(), writes);
    assert!(lab.version("api") >= version && env(&lab, "api") == ["B=2"]);
}

#[tokio::test]
async fn an_engine_that_writes_in_between_is_no_conflict() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let base = Service {
        replicas: Some(3),
        ..lab.sleeper("api")
    };
    lab.arrive(&swarm, &lab.plan([service("api", base.clone())]))
        .await;
    // While the engine updates, it moves the version again and again.
    let first = with_env(base, &[("A", "1")]);
    let plan = lab.plan([service("api", first.clone())]);
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    swarm
        .apply(&seen.changes.changes[0])
        .await
        .expect("the engine takes it");
    let plan = lab.plan([service("api", with_env(first, &[("A", "2")]))]);
    lab.arrive(&swarm, &plan).await;
    assert_eq!(env(&lab, "api"), ["A=2"]);
}

#[tokio::test]
async fn a_write_that_is_repeated_is_done_already() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = lab.plan([
        service("api", lab.sleeper("api")),
        config("c", lab.name("c-1"), "x"),
    ]);
    swarm.prepare().await.expect("the key can be made");
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    for change in &seen.changes.changes {
        swarm.apply(change).await.expect("the engine takes it");
    }
    let writes = swarm.writes();
    for change in &seen.changes.changes {
        swarm.apply(change).await.expect("it is there");
    }
    assert_eq!(swarm.writes(), writes);
}

#[tokio::test]
async fn whoever_changed_it_after_us_is_told_apart() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let api = lab.sleeper("api");
    let plan = lab.plan([service("api", api.clone())]);
    lab.arrive(&swarm, &plan).await;
    let other = lab.plan([service("api", with_env(api, &[("A", "1")]))]);
    lab.arrive(&lab.swarm().await, &other).await;
    let node = &plan.nodes[&at("service.api")];
    match swarm
        .check(&at("service.api"), node)
        .await
        .expect("the swarm can be read")
    {
        Readiness::Failed(failure) => assert_eq!(failure.verdict, Verdict::Superseded),
        other => panic!("{other:?}"),
    }
}

/// As when the engine takes a property and forgets it: the label says that all is well.
#[tokio::test]
async fn a_label_does_not_stand_in_for_what_is_there() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = lab.plan([service("api", lab.sleeper("api"))]);
    lab.arrive(&swarm, &plan).await;
    let name = lab.name("api");
    lab.docker(&[
        "service",
        "update",
        "--quiet",
        "--detach",
        "--label-add",
        "a=b",
        &name,
    ]);
    let node = &plan.nodes[&at("service.api")];
    let found = swarm.check(&at("service.api"), node).await;
    let Ok(Readiness::Failed(failure)) = found else {
        panic!("{found:?}");
    };
    assert!(
        failure.message.contains("`labels a`"),
        "{}",
        failure.message
    );
}

#[tokio::test]
async fn another_mode_is_another_service() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = lab.plan([service("api", lab.sleeper("api"))]);
    lab.arrive(&swarm, &plan).await;
    let id = lab.inspect("service", &lab.name("api"))["ID"].clone();
    let plan = lab.plan([service(
        "api",
        Service {
            mode: Mode::Global,
            replicas: None,
            ..lab.sleeper("api")
        },
    )]);
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    assert_eq!(seen.changes.changes[0].action, Action::Replace);
    lab.arrive(&swarm, &plan).await;
    assert_ne!(lab.inspect("service", &lab.name("api"))["ID"], id);
    assert_eq!(lab.tasks("api").len(), 1);
}

#[tokio::test]
async fn a_new_content_ripples_to_the_service_that_mounts_it() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let mounting = |source: &str| {
        let mut api = lab.sleeper("api");
        let file = skep_schema::plan::FileRef {
            source: lab.name(source),
            uid: "0".to_owned(),
            gid: "0".to_owned(),
            mode: skep_schema::units::FileMode(0o444),
        };
        api.configs.insert("/etc/c".to_owned(), file);
        service("api", api)
    };
    lab.arrive(
        &swarm,
        &lab.plan([config("c", lab.name("c-1"), "one"), mounting("c-1")]),
    )
    .await;
    let second = lab.plan([config("c", lab.name("c-2"), "two"), mounting("c-2")]);
    lab.arrive(&swarm, &second).await;
    let seen = look(&swarm, &second).await.expect("the swarm can be read");
    assert!(seen.changes.is_empty());
    // The engine can go back to the first as long as the service was written once.
    assert_eq!(
        seen.inventory.superseded,
        [(skep_schema::address::Kind::Config, lab.name("c-1"))]
    );
    assert_eq!(lab.names("config"), [lab.name("c-1"), lab.name("c-2")]);
    let third = lab.plan([config("c", lab.name("c-3"), "three"), mounting("c-3")]);
    lab.arrive(&swarm, &third).await;
    assert_eq!(
        lab.names("config"),
        [lab.name("c-2"), lab.name("c-3")],
        "the apply before the last is collected"
    );
    lab.docker(&["service", "rollback", "--quiet", &lab.name("api")]);
    let seen = look(&swarm, &third).await.expect("the swarm can be read");
    let payload = &seen.inventory.nodes[&at("service.api")].payload;
    let Payload::Service(api) = payload else {
        panic!("{payload:?}")
    };
    assert_eq!(api.configs["/etc/c"].source, lab.name("c-2"));
}

#[tokio::test]
async fn an_unreachable_reference_is_refused_before_the_engine_sees_it() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let mut api = lab.sleeper("api");
    api.networks
        .insert(lab.name("nowhere"), std::collections::BTreeSet::new());
    let report = lab.apply(&swarm, &lab.plan([service("api", api)])).await;
    assert_eq!(report.outcome, Outcome::Failed);
    let Some(NodeOutcome::Failed(failure)) = report.nodes.get(&at("service.api")) else {
        panic!("{report:?}")
    };
    assert_eq!(failure.verdict, Verdict::Rejected);
    assert!(failure.message.contains("nowhere"), "{}", failure.message);
}
