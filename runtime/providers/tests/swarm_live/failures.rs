//! Services that do not arrive, and what is said of them.

use skep_engine::drive::look;
use skep_schema::event::{NodeOutcome, Outcome};
use skep_schema::inventory::Verdict;
use skep_schema::plan::{Condition, FailureAction, Health, HealthTest, Mode, Order, Service};
use skep_schema::units::Duration;

use crate::lab::{Lab, at, service};

#[tokio::test]
async fn an_image_that_nobody_has_is_named() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let image = "skep-test/nowhere:1".to_owned();
    let plan = lab.plan([service(
        "api",
        Service {
            image,
            ..lab.sleeper("api")
        },
    )]);
    let failure = lab.fail(&swarm, &plan, "service.api").await;
    assert_eq!(failure.verdict, Verdict::NoImage);
    assert!(
        failure.message.contains("skep-test/nowhere:1"),
        "{}",
        failure.message
    );
    assert_eq!(failure.tasks[0].task, format!("{}.1", lab.name("api")));
}

#[tokio::test]
async fn a_crash_loop_comes_with_its_last_words() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let script = "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; done; sleep 0.3; echo trouble >&2; exit 7";
    let plan = lab.plan([service("api", lab.ending("api", script))]);
    let failure = lab.fail(&swarm, &plan, "service.api").await;
    assert_eq!(failure.verdict, Verdict::CrashLooping);
    let task = &failure.tasks[0];
    assert_eq!(task.exit_code, Some(7));
    assert!(task.error.contains("non-zero exit (7)"), "{}", task.error);
    assert!(task.node.is_some());
    assert_eq!(task.log.len(), 10, "{:?}", task.log);
    assert!(
        task.log.contains(&"trouble".to_owned()) && task.log.contains(&"line 12".to_owned()),
        "{:?}",
        task.log
    );
}

#[tokio::test]
async fn a_task_that_is_not_tried_again_has_given_up() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let mut api = lab.ending("api", "exit 3");
    api.restart.condition = Some(Condition::None);
    let failure = lab
        .fail(&swarm, &lab.plan([service("api", api)]), "service.api")
        .await;
    assert_eq!(
        (failure.verdict, failure.tasks[0].exit_code),
        (Verdict::CrashLooping, Some(3))
    );
}

#[tokio::test]
async fn a_rollback_is_a_failure() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let mut good = lab.sleeper("api");
    good.update.on_failure = Some(FailureAction::Rollback);
    lab.arrive(&swarm, &lab.plan([service("api", good.clone())]))
        .await;
    let mut bad = lab.ending("api", "echo broken; exit 4");
    bad.update.on_failure = Some(FailureAction::Rollback);
    let plan = lab.plan([service("api", bad)]);
    let report = lab.apply(&swarm, &plan).await;
    assert_eq!(report.outcome, Outcome::RolledBack);
    let Some(NodeOutcome::Failed(failure)) = report.nodes.get(&at("service.api")) else {
        panic!("{report:?}")
    };
    assert_eq!(failure.verdict, Verdict::RolledBack);
    assert_eq!(failure.tasks[0].exit_code, Some(4));
    assert_eq!(failure.tasks[0].log, ["broken"]);
    // The old spec runs again with the old label, so the change is still to come.
    let seen = look(&swarm, &plan).await.expect("the swarm can be read");
    assert_eq!(seen.changes.changes.len(), 1);
    lab.arrive(&swarm, &lab.plan([service("api", good)])).await;
}

#[tokio::test]
async fn a_paused_update_is_a_failure() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    lab.arrive(&swarm, &lab.plan([service("api", lab.sleeper("api"))]))
        .await;
    let failure = lab
        .fail(
            &swarm,
            &lab.plan([service("api", lab.ending("api", "exit 4"))]),
            "service.api",
        )
        .await;
    assert_eq!(failure.verdict, Verdict::Paused);
    assert_eq!(failure.tasks[0].exit_code, Some(4));
}

#[tokio::test]
async fn an_update_that_the_engine_calls_completed_can_have_failed() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let mut good = lab.sleeper("api");
    good.update.on_failure = Some(FailureAction::Continue);
    lab.arrive(&swarm, &lab.plan([service("api", good.clone())]))
        .await;
    let mut bad = lab.ending("api", "exit 4");
    bad.update.on_failure = Some(FailureAction::Continue);
    let failure = lab
        .fail(&swarm, &lab.plan([service("api", bad)]), "service.api")
        .await;
    assert_eq!(
        (failure.verdict, failure.tasks[0].exit_code),
        (Verdict::CrashLooping, Some(4))
    );
}

#[tokio::test]
async fn what_no_node_can_take_is_unschedulable() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let mut api = lab.sleeper("api");
    api.placement
        .constraints
        .insert("node.labels.moon==yes".to_owned());
    let failure = lab
        .fail(&swarm, &lab.plan([service("api", api)]), "service.api")
        .await;
    assert_eq!(failure.verdict, Verdict::Unschedulable);
    assert!(
        failure.message.contains("no suitable node"),
        "{}",
        failure.message
    );
}

#[tokio::test]
async fn an_update_that_waits_for_itself_is_unschedulable() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let mut api = lab.sleeper("api");
    api.placement.max_per_node = Some(1);
    api.replicas = Some(
        lab.docker(&["node", "ls", "--quiet"])
            .lines()
            .count()
            .try_into()
            .expect("few nodes"),
    );
    api.update.order = Some(Order::StartFirst);
    lab.arrive(&swarm, &lab.plan([service("api", api.clone())]))
        .await;
    api.env.insert("A".to_owned(), "1".to_owned());
    let failure = lab
        .fail(&swarm, &lab.plan([service("api", api)]), "service.api")
        .await;
    assert_eq!(failure.verdict, Verdict::Unschedulable);
}

#[tokio::test]
async fn a_service_has_arrived_when_it_is_healthy() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let mut api = lab.shell("api", "sleep 2; touch /tmp/up; sleep 100000");
    let second = Some(Duration::seconds(1));
    let test = HealthTest::Shell("test -e /tmp/up".to_owned());
    api.health = Some(Health {
        test,
        every: second,
        timeout: second,
        retries: Some(9),
        start: None,
        start_every: None,
    });
    lab.arrive(&swarm, &lab.plan([service("api", api.clone())]))
        .await;
    let sick = HealthTest::Shell("false".to_owned());
    api.health = Some(Health {
        test: sick,
        every: second,
        timeout: second,
        retries: Some(2),
        start: None,
        start_every: None,
    });
    let failure = lab
        .fail(&swarm, &lab.plan([service("api", api)]), "service.api")
        .await;
    assert_eq!(failure.verdict, Verdict::Paused);
    assert!(
        failure.tasks[0].error.contains("unhealthy"),
        "{:?}",
        failure.tasks
    );
}

#[tokio::test]
async fn a_one_shot_arrives_when_it_has_ended() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let once = |script: &str| {
        let mut service = Service {
            mode: Mode::Once,
            replicas: Some(2),
            ..lab.shell("seed", script)
        };
        service.restart.condition = Some(Condition::None);
        service
    };
    let plan = lab.plan([service("seed", once("sleep 1"))]);
    lab.arrive(&swarm, &plan).await;
    let writes = swarm.writes();
    lab.arrive(&swarm, &plan).await;
    assert_eq!(swarm.writes(), writes, "it does not run again");
    lab.arrive(&swarm, &lab.plan([service("seed", once("sleep 0"))]))
        .await;
    let failure = lab
        .fail(
            &swarm,
            &lab.plan([service("seed", once("echo no; exit 5"))]),
            "service.seed",
        )
        .await;
    assert_eq!(
        (failure.verdict, failure.tasks[0].exit_code),
        (Verdict::Exited, Some(5))
    );
    assert_eq!(failure.tasks[0].log, ["no"]);
}

#[tokio::test]
async fn a_one_shot_may_try_again_as_often_as_it_says() {
    let lab = Lab::new();
    let swarm = lab.swarm().await;
    let mut seed = Service {
        mode: Mode::Once,
        ..lab.ending("seed", "exit 6")
    };
    seed.restart.condition = Some(Condition::OnFailure);
    seed.restart.max = Some(2);
    let failure = lab
        .fail(&swarm, &lab.plan([service("seed", seed)]), "service.seed")
        .await;
    assert_eq!(
        (failure.verdict, failure.tasks[0].exit_code),
        (Verdict::Exited, Some(6))
    );
    assert!(
        lab.docker(&["service", "ps", "--quiet", &lab.name("seed")])
            .lines()
            .count()
            >= 3
    );
}
