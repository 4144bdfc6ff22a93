//! How failures of services are reported: with a verdict and with evidence.

use std::collections::BTreeSet;

use crate::support::{Node, apply, changes, model, plan, service, values};
use skep_engine::provider::Provider;
use skep_providers::model::Model;
use skep_providers::secrets::Secrets;
use skep_schema::address::{Address, Kind};
use skep_schema::event::{NodeOutcome, Outcome};
use skep_schema::inventory::{Failure, Readiness, Verdict};
use skep_schema::plan::{
    Condition, FailureAction, Health, HealthTest, Mode, Order, Restart, Rollout, Service,
};
use skep_schema::units::Duration;

fn api(image: &str, edit: impl FnOnce(&mut Service)) -> Node {
    service("api", image, |api| {
        api.update.on_failure = Some(FailureAction::Rollback);
        edit(api);
    })
}

fn plain(_: &mut Service) {}

async fn failure(model: &Model, node: Node) -> (Outcome, Failure) {
    let applied = apply(model, &plan([node])).await;
    let api = Address::new(Kind::Service, "api");
    let failure = match applied.report.nodes.get(&api) {
        Some(NodeOutcome::Failed(failure)) => Some(failure.clone()),
        Some(_) | None => None,
    };
    (applied.report.outcome, failure.expect("it failed"))
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_shown_with_exit_code_and_last_lines() {
    let model = model(values([("db", "model-fail")]));
    let (outcome, failure) = failure(&model, api("reg/api:model-fail", plain)).await;
    assert_eq!(
        (outcome, failure.verdict),
        (Outcome::Partial, Verdict::CrashLooping)
    );
    let task = &failure.tasks[0];
    assert!(task.task.starts_with("shop_api."), "{}", task.task);
    assert_eq!(task.exit_code, Some(3));
    assert_eq!(task.error, "task: non-zero exit (3)");
    assert!(task.node.is_some());
    assert_eq!(
        task.log,
        ["model: reg/api:(secret) exits with 3"],
        "a value in a log line is masked"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_image_is_told_from_a_crash() {
    let (_, failure) = failure(
        &model(Secrets::default()),
        api("reg/api:model-missing", plain),
    )
    .await;
    assert_eq!(failure.verdict, Verdict::NoImage);
    assert_eq!(
        failure.tasks[0].error,
        "No such image: reg/api:model-missing"
    );
    assert_eq!(failure.tasks[0].exit_code, None);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_gets_healthy_fails() {
    let health = Health {
        test: HealthTest::Shell("true".to_owned()),
        every: Some(Duration::seconds(2)),
        timeout: None,
        retries: Some(2),
        start: None,
        start_every: None,
    };
    let sick = api("reg/api:model-unhealthy", |api| {
        api.health = Some(health.clone());
    });
    let (_, failure) = failure(&model(Secrets::default()), sick).await;
    assert_eq!(failure.verdict, Verdict::CrashLooping);
    assert_eq!(failure.tasks[0].error, "dockerexec: unhealthy container");
    let fit = api("reg/api:1", |api| api.health = Some(health));
    let applied = apply(&model(Secrets::default()), &plan([fit])).await;
    assert_eq!(applied.report.outcome, Outcome::Done);
}

#[tokio::test(start_paused = true)]
async fn a_task_without_a_node_says_why() {
    let nowhere = api("reg/api:1", |api| {
        api.placement.constraints = BTreeSet::from(["node.labels.zone==moon".to_owned()]);
    });
    let (_, failure) = failure(&model(Secrets::default()), nowhere).await;
    assert_eq!(failure.verdict, Verdict::Unschedulable);
    assert_eq!(
        failure.message,
        "no suitable node (scheduling constraints not satisfied on 3 nodes); \
         node-1 has the label `zone=a` (constraint `node.labels.zone==moon`); \
         node-2 has the label `zone=b` (constraint `node.labels.zone==moon`); \
         node-3 has the label `zone=c` (constraint `node.labels.zone==moon`)"
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_that_fails_is_rolled_back_and_still_to_be_done() {
    let model = model(Secrets::default());
    apply(&model, &plan([api("reg/api:1", plain)])).await;
    let (outcome, failure) = failure(&model, api("reg/api:2-model-fail", plain)).await;
    assert_eq!(
        (outcome, failure.verdict),
        (Outcome::RolledBack, Verdict::RolledBack)
    );
    assert_eq!(
        failure.message,
        "the engine went back to the spec before: task: non-zero exit (3)"
    );
    assert_eq!(failure.tasks[0].exit_code, Some(3));
    model
        .by_hand(|world| world.advance(60_000))
        .expect("in memory");
    let world = model.world().expect("in memory");
    assert_eq!(world.services["shop_api"].spec.image, "reg/api:1");
    assert_eq!(world.services["shop_api"].previous, None);
    assert!(
        changes(&model, &plan([api("reg/api:1", plain)]))
            .await
            .is_empty()
    );
    assert_eq!(
        changes(&model, &plan([api("reg/api:2-model-fail", plain)]))
            .await
            .changes
            .len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_paused_update_is_a_failure() {
    let model = model(Secrets::default());
    let pausing = |image: &str| {
        api(image, |api| {
            api.update.on_failure = Some(FailureAction::Pause);
        })
    };
    apply(&model, &plan([pausing("reg/api:1")])).await;
    let (_, failure) = failure(&model, pausing("reg/api:model-missing")).await;
    assert_eq!(failure.verdict, Verdict::Paused);
    assert!(failure.message.starts_with(
        "the engine paused its update: update paused due to failure or early termination of task "
    ));
}

#[tokio::test(start_paused = true)]
async fn an_update_that_goes_on_whatever_happens_is_still_a_failure() {
    let model = model(Secrets::default());
    let going_on = |image: &str| {
        api(image, |api| {
            api.update.on_failure = Some(FailureAction::Continue);
        })
    };
    apply(&model, &plan([going_on("reg/api:1")])).await;
    let (_, failure) = failure(&model, going_on("reg/api:model-fail")).await;
    assert_eq!(failure.verdict, Verdict::CrashLooping);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_starts_first_keeps_the_old_tasks_until_the_new_ones_run() {
    let model = model(Secrets::default());
    let first = |image: &str| {
        api(image, |api| {
            api.update = Rollout {
                order: Some(Order::StartFirst),
                on_failure: Some(FailureAction::Pause),
                ..Rollout::default()
            };
        })
    };
    apply(&model, &plan([first("reg/api:1")])).await;
    failure(&model, first("reg/api:model-missing")).await;
    let world = model.world().expect("in memory");
    let running = world
        .tasks()
        .filter(|task| task.ran_from().is_some() && !task.state.has_ended());
    assert_eq!(running.count(), 2, "nothing was interrupted");
}

fn once(image: &str, condition: Condition) -> Node {
    service("api", image, |api| {
        api.mode = Mode::Once;
        api.replicas = Some(1);
        api.restart = Restart {
            condition: Some(condition),
            max: Some(2),
            ..Restart::default()
        };
    })
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_is_done_when_it_ended_with_0_and_runs_again_only_when_it_changed() {
    let model = model(Secrets::default());
    let tasks = |model: &Model| model.world().expect("in memory").tasks().count();
    let first = apply(&model, &plan([once("reg/migrate:1", Condition::None)])).await;
    assert_eq!((first.report.outcome, tasks(&model)), (Outcome::Done, 1));
    let again = apply(&model, &plan([once("reg/migrate:1", Condition::None)])).await;
    assert_eq!((again.calls.len(), tasks(&model)), (0, 1));
    let second = apply(&model, &plan([once("reg/migrate:2", Condition::None)])).await;
    assert_eq!(
        (second.report.outcome, second.calls.len()),
        (Outcome::Done, 2),
        "{:?}",
        second.calls
    );
    let world = model.world().expect("in memory");
    assert_eq!(world.services["shop_api"].spec.image, "reg/migrate:2");
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_that_ends_with_3_has_failed() {
    for condition in [Condition::None, Condition::OnFailure] {
        let model = model(Secrets::default());
        let (_, failure) = failure(&model, once("reg/migrate:model-fail", condition)).await;
        assert_eq!(failure.verdict, Verdict::Exited, "{condition:?}");
        assert_eq!(failure.tasks[0].exit_code, Some(3));
    }
}

#[tokio::test(start_paused = true)]
async fn a_one_shot_may_succeed_on_its_second_try() {
    let model = model(Secrets::default());
    let applied = apply(
        &model,
        &plan([once("reg/migrate:model-flaky", Condition::OnFailure)]),
    )
    .await;
    assert_eq!(
        applied.report.outcome,
        Outcome::Done,
        "{:#?}",
        applied.report
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_somebody_else_changed_is_told_apart() {
    let model = model(Secrets::default());
    let (address, node) = api("reg/api:1", plain);
    apply(&model, &plan([(address.clone(), node.clone())])).await;
    let ready = model.check(&address, &node).await.expect("it is there");
    assert_eq!(
        ready,
        Readiness::Ready {
            running: 2,
            desired: 2
        }
    );
    let edit = |world: &mut skep_providers::model::World| {
        let service = world.services["shop_api"].clone();
        let spec = Service {
            image: "reg/other:1".to_owned(),
            ..*service.spec
        };
        world.update_service("shop_api", service.meta.version, spec)
    };
    model
        .by_hand(edit)
        .expect("in memory")
        .expect("the version is right");
    let Readiness::Failed(failure) = model.check(&address, &node).await.expect("it is there")
    else {
        panic!("it is no longer what was written");
    };
    assert_eq!(failure.verdict, Verdict::Superseded);
    assert!(failure.message.contains("`image`"), "{}", failure.message);
}
