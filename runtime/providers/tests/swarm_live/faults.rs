//! Answers that never come, races that are lost: nothing is done twice, nothing is lost.

use skep_engine::drive::look;
use skep_engine::provider::{Provider, ProviderError};
use skep_fixtures::line::{Fate, Line, Side, Which};
use skep_schema::inventory::{Readiness, Verdict};

use crate::lab::{Lab, at, config, service};

#[tokio::test(flavor = "multi_thread")]
async fn a_create_whose_answer_is_lost_is_found_and_not_repeated() {
    let lab = Lab::new();
    let line = Line::to(&lab.host);
    let swarm = lab.swarm_at(&line.host()).await;
    let plan = lab.plan([
        service("api", lab.sleeper("api")),
        config("c", lab.name("c-1"), "x"),
    ]);
    for kind in ["services", "configs"] {
        line.set(
            Which::Starts(format!("POST /v{}/{kind}/create", lab.api())),
            Fate::Lose(Side::After),
        );
        lab.arrive(&swarm, &plan).await;
        assert!(line.is_sprung(), "{kind}");
        assert_eq!(
            (lab.names("service").len(), lab.names("config").len()),
            (1, 1)
        );
        lab.arrive(&swarm, &lab.plan([])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_that_is_lost_on_its_way_is_repeated() {
    let lab = Lab::new();
    let line = Line::to(&lab.host);
    let swarm = lab.swarm_at(&line.host()).await;
    line.set(
        Which::Starts(format!("POST /v{}/services/create", lab.api())),
        Fate::Lose(Side::Before),
    );
    lab.arrive(&swarm, &lab.plan([service("api", lab.sleeper("api"))]))
        .await;
    assert!(line.is_sprung());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_whose_answer_is_lost_is_written_once() {
    let lab = Lab::new();
    let line = Line::to(&lab.host);
    let swarm = lab.swarm_at(&line.host()).await;
    let mut api = lab.sleeper("api");
    lab.arrive(&swarm, &lab.plan([service("api", api.clone())]))
        .await;
    let writes = swarm.writes();
    api.labels.insert("a".to_owned(), "b".to_owned());
    line.set(
        Which::Starts(format!("POST /v{}/services/", lab.api())),
        Fate::Lose(Side::After),
    );
    lab.arrive(&swarm, &lab.plan([service("api", api)])).await;
    assert!(line.is_sprung());
    assert_eq!(swarm.writes(), writes + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_lost_to_a_write_that_changed_nothing_of_ours_is_run_again() {
    let lab = Lab::new();
    let line = Line::to(&lab.host);
    let swarm = lab.swarm_at(&line.host()).await;
    let mut api = lab.sleeper("api");
    lab.arrive(&swarm, &lab.plan([service("api", api.clone())]))
        .await;
    let before = lab.version("api");
    api.labels.insert("a".to_owned(), "b".to_owned());
    let plan = lab.plan([service("api", api)]);
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    let touch = lab.by_hand(&["service", "update", "--quiet", "--detach", &lab.name("api")]);
    line.set(
        Which::Starts(format!("POST /v{}/services/", lab.api())),
        Fate::Then(Box::new(touch)),
    );
    let writes = swarm.writes();
    swarm
        .apply(&seen.changes.changes[0])
        .await
        .expect("the second try is in sequence");
    assert!(line.is_sprung());
    assert_eq!(
        swarm.writes(),
        writes + 2,
        "the first write was out of sequence"
    );
    assert!(lab.version("api") > before + 1);
    assert!(
        look(&swarm, &plan)
            .await
            .expect("the swarm can be read")
            .changes
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_race_lost_to_another_change_is_a_conflict() {
    let lab = Lab::new();
    let line = Line::to(&lab.host);
    let swarm = lab.swarm_at(&line.host()).await;
    let mut api = lab.sleeper("api");
    lab.arrive(&swarm, &lab.plan([service("api", api.clone())]))
        .await;
    api.labels.insert("a".to_owned(), "b".to_owned());
    let plan = lab.plan([service("api", api)]);
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    let touch = lab.by_hand(&[
        "service",
        "update",
        "--quiet",
        "--detach",
        "--limit-pids",
        "9",
        &lab.name("api"),
    ]);
    line.set(
        Which::Starts(format!("POST /v{}/services/", lab.api())),
        Fate::Then(Box::new(touch)),
    );
    let outcome = swarm.apply(&seen.changes.changes[0]).await;
    assert_eq!(
        outcome,
        Err(ProviderError::Conflict {
            address: at("service.api")
        })
    );
    let spec = lab.inspect("service", &lab.name("api"));
    assert_eq!(
        spec["Spec"]["TaskTemplate"]["Resources"]["Limits"]["Pids"], 9,
        "theirs stands"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_meanwhile_is_said_to_be_gone() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let plan = lab.plan([service("api", lab.sleeper("api"))]);
    lab.arrive(&swarm, &plan).await;
    lab.docker(&["service", "rm", &lab.name("api")]);
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

#[tokio::test(flavor = "multi_thread")]
async fn no_engine_is_no_empty_swarm() {
    let lab = Lab::new();
    let line = Line::to(&lab.host);
    let swarm = lab.swarm_at(&line.host()).await;
    let plan = lab.plan([service("api", lab.sleeper("api"))]);
    lab.arrive(&swarm, &plan).await;
    line.set(
        Which::Starts(format!("GET /v{}/tasks", lab.api())),
        Fate::Lose(Side::Before),
    );
    let seen = swarm.observe(&plan).await;
    assert!(line.is_sprung());
    assert!(
        matches!(seen, Err(ProviderError::Unreachable { .. })),
        "{seen:?}"
    );
}
