//! Stacks that are kept on the model swarm, by the engine's own looks and applies.

use proptest::prelude::*;
use skep_engine::reconcile::Policy;
use skep_providers::model::{Fate, Model};
use skep_providers::secrets::Secrets;
use skep_schema::address::Address;
use skep_schema::api::stack::{ApplyPolicy, Consent, DriftPolicy, Hold, StackState, Wait};
use skep_schema::event::Outcome;
use skep_schema::plan::{FailureAction, Need, Plan};

use crate::keeper::Keeper;
use crate::lock::model;
use crate::support::{STACK, config, config_name, file, plan, service};

fn policy(drift: DriftPolicy) -> Policy {
    Policy {
        apply: ApplyPolicy::Auto,
        drift,
        ..Policy::default()
    }
}

/// A service that mounts a config and waits for another service.
fn shop(text: &str, api: &str, db: &str) -> Plan {
    let config_name = config_name("conf", text);
    let mut plan = plan([
        config("conf", text),
        service("db", db, |_| {}),
        service("api", api, |api| {
            let place = "/etc/conf".to_owned();
            api.configs.insert(place, file(config_name));
            api.update.on_failure = Some(FailureAction::Rollback);
        }),
    ]);
    let needs = &mut plan
        .nodes
        .get_mut(&at("service.api"))
        .expect("it is there")
        .needs;
    needs.insert(at("service.db"), Need::Healthy);
    plan
}

fn at(address: &str) -> Address {
    address.parse().expect(address)
}

fn image(model: &Model, name: &str) -> String {
    let world = model.world().expect("in memory");
    world.services[name].spec.image.clone()
}

/// Somebody gives a service another image.
fn tamper(model: &Model, name: &str, image: &str) {
    let act = model.by_hand(|world| {
        let service = world.services[name].clone();
        let mut spec = *service.spec;
        image.clone_into(&mut spec.image);
        world.update_service(name, service.meta.version, spec)
    });
    act.expect("in memory").expect("anybody may");
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_written_once() {
    let mut keeper = Keeper::new(model(), policy(DriftPolicy::Revert));
    keeper.source(shop("a", "app:1", "db:1")).await;
    keeper.wait(60).await;
    assert_eq!(keeper.state(), &StackState::InSync);
    let written = keeper.model.calls().len();
    keeper.wait(86_400).await;
    assert_eq!(keeper.model.calls().len(), written);
    assert_eq!(keeper.applies, [Ok(Outcome::Done)]);
    assert_eq!(keeper.status().revision, 1);
}

#[tokio::test(start_paused = true)]
async fn drift_is_undone_or_left_as_the_settings_say() {
    for drift in [DriftPolicy::Report, DriftPolicy::Revert] {
        let mut keeper = Keeper::new(model(), policy(drift));
        keeper.source(shop("a", "app:1", "db:1")).await;
        keeper.wait(60).await;
        tamper(&keeper.model, "shop_db", "db:9");
        keeper.event().await;
        keeper.wait(60).await;
        let (state, image) = (keeper.state().clone(), image(&keeper.model, "shop_db"));
        match drift {
            DriftPolicy::Report => assert_eq!((state, &*image), (StackState::Drifted, "db:9")),
            DriftPolicy::Revert => assert_eq!((state, &*image), (StackState::InSync, "db:1")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_spec_goes_on_beside_drift_and_not_over_it() {
    let mut keeper = Keeper::new(model(), policy(DriftPolicy::Report));
    keeper.source(shop("a", "app:1", "db:1")).await;
    keeper.wait(60).await;
    tamper(&keeper.model, "shop_db", "db:9");
    keeper.source(shop("a", "app:2", "db:1")).await;
    keeper.wait(60).await;
    assert_eq!(
        keeper.state(),
        &StackState::Changes {
            waits_for: Wait::Approval
        }
    );
    assert_eq!(image(&keeper.model, "shop_db"), "db:9");
    assert_eq!(image(&keeper.model, "shop_api"), "app:1", "it waits for db");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_nothing_waits_for_stays_drifted_while_another_is_updated() {
    let mut keeper = Keeper::new(model(), policy(DriftPolicy::Report));
    let two = |version: &str| {
        plan([
            service("a", "app:1", |_| {}),
            service("b", &format!("app:{version}"), |_| {}),
        ])
    };
    keeper.source(two("1")).await;
    keeper.wait(60).await;
    tamper(&keeper.model, "shop_a", "app:9");
    keeper.source(two("2")).await;
    keeper.wait(60).await;
    assert_eq!(keeper.state(), &StackState::Drifted);
    assert_eq!(image(&keeper.model, "shop_a"), "app:9");
    assert_eq!(image(&keeper.model, "shop_b"), "app:2");
    assert_eq!(keeper.status().drift, [at("service.a")].into());
}

#[tokio::test(start_paused = true)]
async fn an_empty_plan_deletes_nothing_unless_that_is_meant() {
    let mut keeper = Keeper::new(model(), policy(DriftPolicy::Revert));
    keeper.source(shop("a", "app:1", "db:1")).await;
    keeper.wait(60).await;
    keeper.source(Plan::empty(STACK, None)).await;
    keeper.wait(3_600).await;
    assert_eq!(
        keeper.state(),
        &StackState::Changes {
            waits_for: Wait::Consent
        }
    );
    assert_eq!(keeper.model.world().expect("in memory").services.len(), 2);
    let consent = Consent {
        allow_deletes: 3,
        ..Consent::default()
    };
    keeper.approve(consent).await;
    keeper.wait(60).await;
    assert_eq!(keeper.state(), &StackState::InSync);
    assert_eq!(keeper.model.world().expect("in memory").services.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_stays_half_done_has_failed_until_it_works() {
    let mut keeper = Keeper::new(model(), policy(DriftPolicy::Revert));
    let one = |image: &str| plan([service("api", image, |_| {})]);
    keeper.source(one("app:1")).await;
    keeper.wait(60).await;
    keeper.source(one("app:model-fail")).await;
    keeper.wait(3_600).await;
    assert_eq!(keeper.state(), &StackState::Failed { again: None });
    assert_eq!(keeper.status().unhealthy.len(), 1);
    let memory = keeper.memory.clone();
    keeper.restart(memory).await;
    keeper.wait(60).await;
    assert_eq!(keeper.state(), &StackState::Failed { again: None });
    assert_eq!(keeper.applies.len(), 2);
    keeper.source(one("app:2")).await;
    keeper.wait(60).await;
    assert_eq!(keeper.state(), &StackState::InSync);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_work_is_tried_once() {
    let mut keeper = Keeper::new(model(), policy(DriftPolicy::Revert));
    keeper.source(shop("a", "app:1", "db:1")).await;
    keeper.wait(60).await;
    keeper.source(shop("a", "app:model-fail", "db:1")).await;
    keeper.wait(86_400).await;
    assert_eq!(keeper.state(), &StackState::Failed { again: None });
    assert_eq!(keeper.applies.len(), 2);
    keeper.source(shop("a", "app:2", "db:1")).await;
    keeper.wait(60).await;
    assert_eq!(keeper.state(), &StackState::InSync);
}

#[tokio::test(start_paused = true)]
async fn a_command_line_that_applies_something_else_has_the_last_word() {
    let mut keeper = Keeper::new(model(), policy(DriftPolicy::Revert));
    keeper.source(shop("a", "app:2", "db:1")).await;
    keeper.wait(60).await;
    keeper
        .other(&shop("a", "app:1", "db:1"))
        .await
        .expect("the lock is free");
    keeper.wait(3_600).await;
    assert_eq!(
        keeper.state(),
        &StackState::Held {
            by: Hold::Overtaken
        }
    );
    assert_eq!(image(&keeper.model, "shop_api"), "app:1");
    let memory = keeper.memory.clone();
    keeper.restart(memory).await;
    keeper.wait(3_600).await;
    assert_eq!(
        keeper.state(),
        &StackState::Held {
            by: Hold::Overtaken
        }
    );
    keeper.source(shop("a", "app:3", "db:1")).await;
    keeper.wait(60).await;
    assert_eq!(keeper.state(), &StackState::InSync);
    assert_eq!(image(&keeper.model, "shop_api"), "app:3");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_lost_changes_nothing_unasked() {
    let mut keeper = Keeper::new(model(), policy(DriftPolicy::Revert));
    keeper.source(shop("a", "app:2", "db:1")).await;
    keeper.wait(60).await;
    let written = keeper.model.calls().len();
    keeper
        .restart(skep_schema::api::stack::StackMemory::default())
        .await;
    keeper.wait(60).await;
    assert_eq!(
        keeper.state(),
        &StackState::InSync,
        "the last revision wanted the same"
    );
    keeper.source(Plan::empty(STACK, None)).await;
    keeper
        .restart(skep_schema::api::stack::StackMemory::default())
        .await;
    keeper.wait(3_600).await;
    assert_eq!(
        keeper.state(),
        &StackState::Held {
            by: Hold::Overtaken
        }
    );
    assert_eq!(keeper.model.calls().len(), written);
}

/// Lets a daemon live so long, and not a moment longer. It finds what another kept, and a source that may
/// have moved meanwhile.
async fn live(keeper: &mut Keeper, plan: Plan, millis: u64) {
    let memory = keeper.memory.clone();
    keeper.desire(plan);
    let life = async {
        keeper.restart(memory).await;
        keeper.wait(3_600).await;
    };
    let end = tokio::time::timeout(std::time::Duration::from_millis(millis), life);
    assert!(end.await.is_err(), "it would have lived on");
}

/// What goes wrong with each tenth call or so.
fn weather() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0..10u8, 64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn when_faults_end_the_swarm_is_as_the_source_wants_it(
        (weather, plans, drift) in (weather(), prop::collection::vec((0..3u8, 1..3u8, 1..3u8), 1..5), 0..2u8)
    ) {
        runtime().block_on(async {
            let model = Model::open(None, STACK, Secrets::default()).expect("in memory");
            let mut keeper = Keeper::new(model, policy(DriftPolicy::Revert));
            keeper.model.break_with(move |call| match weather[call.number % weather.len()] {
                0 => Fate::LoseRequest,
                1 => Fate::LoseReply,
                2 => Fate::LoseRace,
                _ => Fate::Arrive,
            });
            for (text, api, db) in plans {
                let plan = shop(&text.to_string(), &format!("app:{api}"), &format!("db:{db}"));
                keeper.source(plan).await;
                keeper.wait(u64::from(drift) * 40).await;
            }
            keeper.wait(120).await;
            keeper.model.mend();
            keeper.wait(8_000).await;
            assert_eq!(keeper.state(), &StackState::InSync, "{:?}", keeper.applies);
            let written = keeper.model.calls().len();
            keeper.wait(8_000).await;
            assert_eq!(keeper.model.calls().len(), written);
        });
    }

    #[test]
    fn a_daemon_that_is_killed_at_any_time_goes_on(
        (lives, weather) in (prop::collection::vec((1..3u8, 1..3u8, 0..20_000u64), 1..6), weather())
    ) {
        runtime().block_on(async {
            let model = Model::open(None, STACK, Secrets::default()).expect("in memory");
            let mut keeper = Keeper::new(model, policy(DriftPolicy::Revert));
            keeper.model.break_with(move |call| match weather[call.number % weather.len()] {
                0 => Fate::LoseReply,
                _ => Fate::Arrive,
            });
            for (api, db, millis) in lives {
                let plan = shop("a", &format!("app:{api}"), &format!("db:{db}"));
                live(&mut keeper, plan, millis).await;
            }
            keeper.model.mend();
            let memory = keeper.memory.clone();
            keeper.restart(memory).await;
            keeper.wait(8_000).await;
            assert_eq!(keeper.state(), &StackState::InSync, "{:?}", keeper.applies);
        });
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime")
}
