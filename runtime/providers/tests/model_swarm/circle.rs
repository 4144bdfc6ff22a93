//! The whole circle against a model swarm: make, change, leave alone, remove.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{
    Node, apply, changes, config, config_name, file, model, network, plan, secret, service, values,
};
use skep_providers::model::{Model, Verb};
use skep_schema::address::Kind;
use skep_schema::event::Outcome;
use skep_schema::plan::{self, Condition, Plan, Service};

fn shop(level: &str, config_text: &str) -> Vec<Node> {
    let mount = BTreeMap::from([(
        "/etc/app".to_owned(),
        file(config_name("conf", config_text)),
    )]);
    let password = BTreeMap::from([("/run/secrets/db".to_owned(), file("shop_db-*".to_owned()))]);
    let front = BTreeMap::from([("shop_front".to_owned(), BTreeSet::from(["api".to_owned()]))]);
    let api = service("api", "reg/api:1", |api| {
        api.env.insert("LEVEL".to_owned(), level.to_owned());
        api.configs = mount;
        api.secrets = password;
        api.networks = front;
    });
    let web = service("web", "reg/web:1", |_| ());
    vec![
        network("front", |_| ()),
        config("conf", config_text),
        secret("db"),
        api,
        web,
    ]
}

fn shop_model() -> Model {
    model(values([("db", "s3cret")]))
}

fn sent(calls: &[skep_providers::model::Call]) -> Vec<(Verb, Kind, &str)> {
    calls
        .iter()
        .map(|call| (call.verb, call.kind, call.name.as_str()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn an_applied_plan_sends_nothing() {
    let model = shop_model();
    let plan = plan(shop("info", "port = 80"));
    let first = apply(&model, &plan).await;
    assert_eq!(first.report.outcome, Outcome::Done, "{:#?}", first.report);
    assert_eq!(first.calls.len(), 5);
    let world = model.world().expect("in memory");
    let second = apply(&model, &plan).await;
    assert_eq!(
        (second.changes.changes.len(), sent(&second.calls)),
        (0, vec![])
    );
    assert_eq!(
        model.world().expect("in memory"),
        world,
        "not one byte differs"
    );
}

#[tokio::test(start_paused = true)]
async fn one_variable_is_one_update() {
    let model = shop_model();
    apply(&model, &plan(shop("info", "port = 80"))).await;
    let second = apply(&model, &plan(shop("debug", "port = 80"))).await;
    assert_eq!(second.report.outcome, Outcome::Done);
    assert_eq!(
        sent(&second.calls),
        [(Verb::Update, Kind::Service, "shop_api")]
    );
}

#[tokio::test(start_paused = true)]
async fn content_ripples_to_who_mounts_it_and_the_old_one_is_kept_for_a_rollback() {
    let model = shop_model();
    apply(&model, &plan(shop("info", "port = 80"))).await;
    let (old, new) = (
        config_name("conf", "port = 80"),
        config_name("conf", "port = 81"),
    );
    let second = apply(&model, &plan(shop("info", "port = 81"))).await;
    assert_eq!(second.report.outcome, Outcome::Done);
    assert_eq!(
        sent(&second.calls),
        [
            (Verb::Create, Kind::Config, new.as_str()),
            (Verb::Update, Kind::Service, "shop_api")
        ]
    );
    assert!(model.world().expect("in memory").configs.contains_key(&old));
    assert!(
        changes(&model, &plan(shop("info", "port = 81")))
            .await
            .is_empty()
    );
    let third = apply(&model, &plan(shop("debug", "port = 81"))).await;
    assert_eq!(
        sent(&third.calls),
        [
            (Verb::Update, Kind::Service, "shop_api"),
            (Verb::Remove, Kind::Config, old.as_str())
        ],
        "nothing goes back to it any more"
    );
}

#[tokio::test(start_paused = true)]
async fn what_left_the_spec_goes_last() {
    let model = shop_model();
    apply(&model, &plan(shop("info", "port = 80"))).await;
    let mut rest = shop("debug", "port = 80");
    rest.pop();
    let second = apply(&model, &plan(rest)).await;
    assert_eq!(second.report.outcome, Outcome::Done);
    assert_eq!(
        sent(&second.calls),
        [
            (Verb::Update, Kind::Service, "shop_api"),
            (Verb::Remove, Kind::Service, "shop_web")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn destroying_a_stack_leaves_what_is_not_its_own_byte_by_byte() {
    let model = shop_model();
    model
        .by_hand(|world| {
            let owner = BTreeMap::from([("skep.stack".to_owned(), "blog".to_owned())]);
            world
                .create_config("blog_conf", owner.clone(), b"x")
                .expect("free");
            world
                .create_secret("their_secret", BTreeMap::new(), b"x")
                .expect("free");
            let network = plan::Network {
                name: "theirs".to_owned(),
                labels: owner,
                ..plan::Network::default()
            };
            world.create_network(network).expect("free");
            let spec = Service {
                name: "theirs".to_owned(),
                image: "bb:1".to_owned(),
                ..Service::default()
            };
            world.create_service(spec).expect("free");
            world.advance(60_000);
        })
        .expect("in memory");
    let before = model.world().expect("in memory");
    apply(&model, &plan(shop("info", "port = 80"))).await;
    apply(&model, &plan(shop("info", "port = 81"))).await;
    let last = apply(&model, &Plan::empty("shop", None)).await;
    assert_eq!(last.report.outcome, Outcome::Done, "{:#?}", last.report);
    let after = model.world().expect("in memory");
    assert_eq!(after.networks, before.networks);
    assert_eq!(after.configs, before.configs);
    assert_eq!(after.secrets, before.secrets);
    assert_eq!(after.services, before.services);
    assert!(changes(&model, &Plan::empty("shop", None)).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_default_that_is_written_out_is_no_change_and_restarts_nothing() {
    let model = shop_model();
    let api = |edit: fn(&mut Service)| plan([service("api", "bb", edit)]);
    apply(&model, &api(|_| ())).await;
    let tasks = |model: &Model| {
        let world = model.world().expect("in memory");
        world
            .tasks()
            .map(|task| task.id.clone())
            .collect::<Vec<_>>()
    };
    let before = tasks(&model);
    let spelled = api(|api| {
        api.image = "docker.io/library/bb:latest".to_owned();
        api.restart.condition = Some(Condition::Any);
    });
    assert!(changes(&model, &spelled).await.is_empty());
    let labelled = api(|api| {
        api.image = "docker.io/library/bb:latest".to_owned();
        api.restart.condition = Some(Condition::Any);
        api.labels.insert("team".to_owned(), "a".to_owned());
    });
    let applied = apply(&model, &labelled).await;
    assert_eq!(
        (applied.report.outcome, applied.calls.len()),
        (Outcome::Done, 1)
    );
    assert_eq!(tasks(&model), before);
    assert!(changes(&model, &labelled).await.is_empty());
}
