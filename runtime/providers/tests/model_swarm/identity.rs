//! Objects that are renamed, let go or taken over: no task restarts, and a second apply does nothing.

use skep_engine::drive::look;
use skep_providers::model::Model;
use skep_schema::address::Address;
use skep_schema::event::Outcome;
use skep_schema::plan::{Plan, SecretText};

use crate::support::{
    Node, STACK, apply, config, config_name, file, model, network, plan, secret, service, values,
};

fn at(address: &str) -> Address {
    address.parse().expect(address)
}

/// The nodes with other addresses and the objects they had, as the compiler makes them of `moved`.
fn renamed(nodes: Vec<Node>, moves: &[(&str, &str)]) -> Plan {
    let now = |address: Address| {
        let moved = moves.iter().find(|(from, _)| at(from) == address);
        moved.map_or(address, |(_, to)| at(to))
    };
    let nodes = nodes
        .into_iter()
        .map(|(address, node)| (now(address), node));
    let mut plan = plan(nodes);
    plan.identity.moved = moves.iter().map(|(from, to)| (at(from), at(to))).collect();
    plan
}

fn shop() -> Vec<Node> {
    let uses = service("api", "bb:1", |service| {
        service
            .networks
            .insert("shop_back".to_owned(), ["api".to_owned()].into());
        service
            .configs
            .insert("/conf".to_owned(), file(config_name("conf", "a")));
        service
            .secrets
            .insert("db".to_owned(), file("shop_db-*".to_owned()));
        let text = SecretText {
            template: "pw=${secret.db}".to_owned(),
            fingerprint: None,
        };
        service.secret_env.insert("URL".to_owned(), text);
    });
    vec![
        network("back", |_| {}),
        config("conf", "a"),
        secret("db"),
        uses,
    ]
}

const MOVES: [(&str, &str); 3] = [
    ("network.back", "network.rear"),
    ("config.conf", "config.settings"),
    ("service.api", "service.web"),
];

/// The ids of all tasks there ever were: a restart makes more.
fn tasks(model: &Model) -> Vec<String> {
    let world = model.world().expect("in memory");
    world.tasks().map(|task| task.id.clone()).collect()
}

async fn done(model: &Model, plan: &Plan) -> Vec<String> {
    let applied = apply(model, plan).await;
    assert_eq!(applied.report.outcome, Outcome::Done);
    let sent = applied.calls.iter();
    sent.map(|call| format!("{:?} {}", call.verb, call.name))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_rename_writes_labels_and_there_is_a_way_back() {
    let model = model(values([("db", "s3cret")]));
    done(&model, &plan(shop())).await;
    let before = tasks(&model);
    let moved = renamed(shop(), &MOVES);
    let conf = format!("Update {}", config_name("conf", "a"));
    assert_eq!(
        done(&model, &moved).await,
        [conf.clone(), "Update shop_api".to_owned()]
    );
    assert_eq!(done(&model, &moved).await, Vec::<String>::new());
    let back = done(&model, &plan(shop())).await;
    assert_eq!(back, [conf, "Update shop_api".to_owned()]);
    assert_eq!(tasks(&model), before);
}

#[tokio::test(start_paused = true)]
async fn a_renamed_secret_keeps_its_name_and_its_users() {
    let model = model(values([("db", "s3cret"), ("password", "s3cret")]));
    let only = || {
        let uses = service("api", "bb:1", |service| {
            let place = file("shop_db-*".to_owned());
            service.secrets.insert("db".to_owned(), place);
        });
        vec![secret("db"), uses]
    };
    done(&model, &plan(only())).await;
    let moved = renamed(only(), &[("secret.db", "secret.password")]);
    let sent = done(&model, &moved).await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert!(sent[0].starts_with("Update shop_db-"), "{sent:?}");
    assert_eq!(done(&model, &moved).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_config_that_changes_while_it_is_renamed_leaves_nothing_to_do() {
    let model = model(values([]));
    let with = |text: &str| {
        let uses = service("api", "bb:1", |service| {
            let place = file(config_name("conf", text));
            service.configs.insert("/conf".to_owned(), place);
        });
        vec![config("conf", text), uses]
    };
    done(&model, &plan(with("a"))).await;
    let moved = renamed(with("b"), &[("config.conf", "config.settings")]);
    done(&model, &moved).await;
    assert_eq!(done(&model, &moved).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_runs_on_and_is_nobodys() {
    let model = model(values([("db", "s3cret")]));
    done(&model, &plan(shop())).await;
    let before = tasks(&model);
    let mut left = plan(shop().into_iter().take(3));
    left.identity.forget.insert(at("service.api"));
    assert_eq!(done(&model, &left).await, ["Update shop_api"]);
    assert_eq!(done(&model, &left).await, Vec::<String>::new());
    assert_eq!(tasks(&model), before);
    let world = model.world().expect("in memory");
    let labels = &world.services["shop_api"].spec.labels;
    assert!(labels.keys().all(|key| !key.starts_with("skep.")));

    let again = look(&model, &plan(shop())).await.expect("in memory");
    assert_eq!(again.taken.len(), 1);
    assert!(again.taken[0].1.adoptable);
    let mut adopting = plan(shop());
    adopting.identity.adopt.insert(at("service.api"));
    assert_eq!(done(&model, &adopting).await, ["Update shop_api"]);
    assert_eq!(done(&model, &adopting).await, Vec::<String>::new());
    assert_eq!(tasks(&model), before);
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_network_stays_though_nothing_uses_it() {
    let model = model(values([]));
    let back = || network("back", |_| {});
    done(&model, &plan([back()])).await;
    let mut other = plan([config("conf", "a")]);
    other.identity.forget.insert(at("network.back"));
    done(&model, &other).await;
    let world = model.world().expect("in memory");
    assert!(world.networks.contains_key("shop_back"));
}

#[tokio::test(start_paused = true)]
async fn a_moved_network_is_not_collected() {
    let model = model(values([]));
    done(&model, &plan([network("back", |_| {})])).await;
    let moved = [("network.back", "network.rear")];
    let mut nodes = vec![network("back", |_| {}), config("conf", "a")];
    done(&model, &renamed(nodes.clone(), &moved)).await;
    nodes[1] = config("conf", "b");
    done(&model, &renamed(nodes, &moved)).await;
    let world = model.world().expect("in memory");
    assert!(world.networks.contains_key("shop_back"));
}

#[tokio::test(start_paused = true)]
async fn what_another_stack_owns_is_not_adopted() {
    let model = model(values([]));
    let labels = [("skep.stack", "blog"), ("skep.address", "service.api")];
    let (_, node) = service("api", "bb:1", |service| {
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
        service.labels = labels.into();
    });
    let theirs = node.payload.as_service().expect("a service").clone();
    model
        .by_hand(|world| world.create_service(theirs).map(drop))
        .expect("in memory")
        .expect("nothing has the name");
    let mut wanted = plan([service("api", "bb:1", |_| {})]);
    wanted.identity.adopt.insert(at("service.api"));
    let seen = look(&model, &wanted).await.expect("in memory");
    assert_eq!(seen.taken[0].1.owner.as_deref(), Some("stack blog"));
    assert!(!seen.taken[0].1.adoptable);
    assert_ne!(STACK, "blog");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_there_adopting_is_making() {
    let model = model(values([]));
    let mut wanted = plan([service("api", "bb:1", |_| {})]);
    wanted.identity.adopt.insert(at("service.api"));
    assert_eq!(done(&model, &wanted).await, ["Create shop_api"]);
    assert_eq!(done(&model, &wanted).await, Vec::<String>::new());
}
