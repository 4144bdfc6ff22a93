//! What belongs to others, or was changed by them since it was looked at, is not written.

use std::collections::BTreeMap;

use skep_engine::drive::look;
use skep_engine::provider::{Provider, ProviderError};
use skep_providers::model::{Model, Verb, World};
use skep_schema::address::Kind;
use skep_schema::change::ChangeSet;
use skep_schema::event::Outcome;
use skep_schema::plan::{Network, Plan, Service};

use crate::support::{
    STACK, apply, changes, config, config_name, file, model, network, plan, secret, service, values,
};

/// The changes that a look just now found.
async fn seen(model: &Model, plan: &Plan) -> ChangeSet {
    model.prepare().await.expect("nothing stands in the way");
    look(model, plan)
        .await
        .expect("a model can be looked at")
        .changes
}

/// Writes each change although the world moved, and says how that ended.
async fn write(model: &Model, changes: &ChangeSet) -> Vec<Result<(), ProviderError>> {
    let mut outcomes = Vec::new();
    for change in &changes.changes {
        outcomes.push(model.apply(change).await);
    }
    outcomes
}

fn by_hand<T>(model: &Model, act: impl FnOnce(&mut World) -> T) -> T {
    model.by_hand(act).expect("in memory")
}

/// Writes the service as somebody else would.
fn edit(world: &mut World, name: &str, edit: impl FnOnce(&mut Service)) {
    let service = world.services[name].clone();
    let mut spec = *service.spec;
    edit(&mut spec);
    world
        .update_service(name, service.meta.version, spec)
        .expect("the version is right");
}

fn is_denied(outcome: &Result<(), ProviderError>) -> bool {
    matches!(outcome, Err(ProviderError::Denied { message }) if message.contains(", the name of "))
}

fn is_conflict(outcome: &Result<(), ProviderError>) -> bool {
    matches!(outcome, Err(ProviderError::Conflict { .. }))
}

#[tokio::test]
async fn a_name_that_somebody_took_meanwhile_is_left_to_them() {
    let model = model(values([("db", "s3cret")]));
    let all = plan([
        config("c", "x"),
        secret("db"),
        network("n", |_| ()),
        service("api", "bb:1", |_| ()),
    ]);
    let changes = seen(&model, &all).await;
    for change in &changes.changes {
        let payload = &change.after.as_ref().expect("they are all created").payload;
        let name = payload
            .physical_name()
            .expect("they are all objects")
            .to_owned();
        by_hand(&model, |world| {
            // Ours by the stack alone is not ours.
            let owner = BTreeMap::from([("skep.stack".to_owned(), STACK.to_owned())]);
            let made = match payload.object().map(Kind::word) {
                Some("config") => world.create_config(&name, owner, b"theirs"),
                Some("secret") => world.create_secret(&name, BTreeMap::new(), b"theirs"),
                Some("network") => world.create_network(Network {
                    name,
                    ..Network::default()
                }),
                _ => world.create_service(Service {
                    name,
                    image: "bb:9".to_owned(),
                    ..Service::default()
                }),
            };
            made.expect("the name is free");
        });
    }
    let before = model.world().expect("in memory");
    let outcomes = write(&model, &changes).await;
    assert_eq!(outcomes.len(), 4);
    assert!(outcomes.iter().all(is_denied), "{outcomes:?}");
    assert_eq!(model.world().expect("in memory"), before);
}

#[tokio::test(start_paused = true)]
async fn what_lost_our_label_is_neither_changed_nor_removed() {
    let model = model(values([]));
    apply(&model, &plan([service("api", "bb:1", |_| ())])).await;
    let update = seen(&model, &plan([service("api", "bb:2", |_| ())])).await;
    let delete = seen(&model, &plan([])).await;
    for label in ["skep.stack", "skep.address"] {
        by_hand(&model, |world| {
            edit(world, "shop_api", |api| {
                drop(api.labels.insert(label.to_owned(), "x".to_owned()));
            });
        });
        let before = model.world().expect("in memory");
        for changes in [&update, &delete] {
            let outcomes = write(&model, changes).await;
            assert!(outcomes.iter().all(is_denied), "{label}: {outcomes:?}");
        }
        assert_eq!(model.world().expect("in memory"), before);
        assert!(
            seen(&model, &plan([])).await.is_empty(),
            "it is not even seen"
        );
        let ours = if label == "skep.stack" {
            STACK
        } else {
            "service.api"
        };
        by_hand(&model, |world| {
            edit(world, "shop_api", |api| {
                drop(api.labels.insert(label.to_owned(), ours.to_owned()));
            });
        });
    }
}

#[tokio::test(start_paused = true)]
async fn what_changed_since_it_was_looked_at_is_a_conflict() {
    let model = model(values([]));
    apply(&model, &plan([service("api", "bb:1", |_| ())])).await;
    let update = seen(&model, &plan([service("api", "bb:2", |_| ())])).await;
    let delete = seen(&model, &plan([])).await;
    by_hand(&model, |world| {
        edit(world, "shop_api", |api| api.user = Some("root".to_owned()));
    });
    let before = model.world().expect("in memory");
    for changes in [&update, &delete] {
        let outcomes = write(&model, changes).await;
        assert!(
            outcomes.len() == 1 && outcomes.iter().all(is_conflict),
            "{outcomes:?}"
        );
    }
    assert_eq!(model.world().expect("in memory"), before);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_somebody_else_made_too_is_done() {
    let model = model(values([]));
    apply(&model, &plan([service("api", "bb:1", |_| ())])).await;
    let update = seen(&model, &plan([service("api", "bb:2", |_| ())])).await;
    by_hand(&model, |world| {
        edit(world, "shop_api", |api| "bb:2".clone_into(&mut api.image));
    });
    let sent = model.calls().len();
    assert_eq!(write(&model, &update).await, [Ok(())]);
    assert_eq!(model.calls().len(), sent);
}

/// The engine would delete it, and a rollback by hand would then find nothing to mount.
#[tokio::test(start_paused = true)]
async fn a_config_that_left_the_spec_outlives_the_spec_before() {
    let model = model(values([]));
    let name = config_name("c", "x");
    let mounting = || {
        let configs = BTreeMap::from([("/c".to_owned(), file(config_name("c", "x")))]);
        plan([
            config("c", "x"),
            service("api", "bb:1", |api| api.configs = configs),
        ])
    };
    let without = |image: &str| plan([service("api", image, |_| ())]);
    apply(&model, &mounting()).await;
    let second = apply(&model, &without("bb:1")).await;
    assert_eq!(
        (second.report.outcome, second.changes.changes.len()),
        (Outcome::Done, 2)
    );
    assert!(
        model
            .world()
            .expect("in memory")
            .configs
            .contains_key(&name)
    );
    assert!(
        changes(&model, &without("bb:1")).await.is_empty(),
        "it is not deleted again and again"
    );
    let third = apply(&model, &without("bb:2")).await;
    let removed: Vec<_> = third
        .calls
        .iter()
        .filter(|call| call.verb == Verb::Remove)
        .map(|call| &call.name)
        .collect();
    assert_eq!(removed, [&name]);
}
