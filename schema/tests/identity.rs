//! Which object is which node: moves, what is forgotten, and what is adopted.

mod stack;

use skep_schema::address::Kind;
use skep_schema::change::{Action, Block, ChangeSet};
use skep_schema::plan::{Network, Payload, Plan, SecretText};

use stack::{at, config, observed, plan, service};

fn moving(mut plan: Plan, moves: &[(&str, &str)]) -> Plan {
    let moves = moves.iter().map(|(from, to)| (at(from), at(to)));
    plan.identity.moved = moves.collect();
    plan
}

fn forgetting(mut plan: Plan, address: &str) -> Plan {
    plan.identity.forget.insert(at(address));
    plan
}

/// Address, what it was, action and effect of each change.
fn told(changes: &ChangeSet) -> Vec<String> {
    let one = |change: &skep_schema::change::Change| {
        let was = change.was.as_ref().map(|was| format!(" was {was}"));
        let (was, word) = (was.unwrap_or_default(), change.action.word());
        format!("{}{was}: {word}, {:?}", change.address, change.effect)
    };
    changes.changes.iter().map(one).collect()
}

fn network(name: &str) -> Payload {
    Payload::Network(Network {
        name: format!("shop_{name}"),
        driver: "overlay".to_owned(),
        ..Network::default()
    })
}

#[test]
fn a_moved_service_is_written_anew_in_its_labels_alone() {
    let before = plan([("service.api", service("api", |_| {}))]);
    let moved = plan([("service.web", service("api", |_| {}))]);
    let moved = moving(moved, &[("service.api", "service.web")]);
    let changes = ChangeSet::between(&before, &moved);
    assert_eq!(
        told(&changes),
        ["service.web was service.api: update, NoRestart"]
    );
    assert_eq!(changes.summary.update_no_restart, 1);
    assert_eq!(changes.summary.tasks_restarted, 0);
}

#[test]
fn an_object_is_known_by_its_name_where_nobody_says_that_it_moved() {
    let before = plan([("service.api", service("api", |_| {}))]);
    let back = plan([("service.web", service("api", |s| s.image = "app:2".into()))]);
    assert_eq!(
        told(&ChangeSet::between(&before, &back)),
        ["service.web was service.api: update, Downtime"]
    );
}

#[test]
fn a_variable_of_a_renamed_secret_has_the_same_value() {
    let holds = |secret: &str, print: &str| {
        service("api", |s| {
            let text = SecretText {
                template: format!("${{secret.{secret}}}"),
                fingerprint: Some(print.to_owned()),
            };
            s.secret_env.insert("PASSWORD".to_owned(), text);
        })
    };
    let before = plan([("service.api", holds("db", "aaaa"))]);
    for (print, effect) in [("aaaa", "NoRestart"), ("bbbb", "Downtime")] {
        let after = plan([("service.api", holds("password", print))]);
        let expected = format!("service.api: update, {effect}");
        assert_eq!(told(&ChangeSet::between(&before, &after)), [expected]);
    }
}

#[test]
fn a_network_and_what_it_needs_move_without_a_write() {
    let with = |name: &str| {
        let joins = service("api", |s| {
            s.networks.insert("shop_back".to_owned(), [].into());
        });
        let nodes = plan([(name, network("back")), ("service.api", joins)]);
        stack::needing(nodes, [("service.api", name)])
    };
    let moved = moving(with("network.rear"), &[("network.back", "network.rear")]);
    assert!(ChangeSet::between(&with("network.back"), &moved).is_empty());
}

#[test]
fn a_chain_of_moves_is_followed_to_its_end() {
    let chain = [("config.a", "config.b"), ("config.b", "config.c")];
    let after = || moving(plan([("config.c", config("new"))]), &chain);
    for known in ["config.a", "config.b"] {
        let before = plan([(known, config("old"))]);
        let expected = format!("config.c was {known}: replace, Replace");
        assert_eq!(told(&ChangeSet::between(&before, &after())), [expected]);
    }
    assert_eq!(after().identity.first(&at("config.c")), at("config.a"));
}

#[test]
fn moves_in_a_circle_end() {
    let circle = [("config.a", "config.b"), ("config.b", "config.a")];
    let plan = moving(plan([]), &circle);
    assert_eq!(
        plan.settle(&[(&at("config.a"), Kind::Config, "x")]).len(),
        0
    );
    plan.identity.first(&at("config.a"));
}

#[test]
fn a_node_at_its_own_address_is_not_pushed_aside_by_a_name() {
    let before = plan([
        ("service.api", service("api", |_| {})),
        ("service.web", service("web", |_| {})),
    ]);
    let after = plan([("service.web", service("api", |_| {}))]);
    let changes = ChangeSet::between(&before, &after);
    let actions: Vec<Action> = changes.changes.iter().map(|c| c.action).collect();
    assert_eq!(actions, [Action::Delete, Action::Replace]);
}

#[test]
fn what_is_forgotten_is_not_deleted() {
    let before = plan([
        ("network.back", network("back")),
        ("service.api", service("api", |_| {})),
    ]);
    let after = forgetting(forgetting(plan([]), "service.api"), "network.back");
    let changes = ChangeSet::between(&before, &after);
    assert_eq!(told(&changes), ["service.api: forget, NoRestart"]);
    assert_eq!((changes.summary.forget, changes.summary.delete), (1, 0));
}

#[test]
fn what_a_forgotten_service_uses_cannot_be_deleted() {
    let joins = service("api", |s| {
        s.networks.insert("shop_back".to_owned(), [].into());
    });
    let before = plan([("network.back", network("back")), ("service.api", joins)]);
    let after = forgetting(plan([]), "service.api");
    let blocked = ChangeSet::between(&before, &after).blocked();
    let user = at("service.api");
    assert_eq!(blocked.len(), 1);
    assert_eq!(blocked[0].address, at("network.back"));
    assert_eq!(blocked[0].because, Block::StillUsed { user });
}

/// What `plan` meets where all that it adopts is there, in the form of `there`.
fn adopting(mut plan: Plan, there: &Plan) -> ChangeSet {
    plan.identity.adopt = plan.nodes.keys().cloned().collect();
    let mut inventory = observed(there);
    inventory.adoptable = std::mem::take(&mut inventory.nodes);
    ChangeSet::toward(&plan, &inventory)
}

#[test]
fn what_is_adopted_as_it_runs_restarts_nothing() {
    let stack = || {
        plan([
            ("network.back", network("back")),
            ("service.api", service("api", |_| {})),
        ])
    };
    let changes = adopting(stack(), &stack());
    assert_eq!(told(&changes), ["service.api: adopt, NoRestart"]);
    assert_eq!(changes.summary.adopt, 1);
    assert!(changes.blocked().is_empty());
}

#[test]
fn a_real_difference_of_what_is_adopted_is_told_with_its_effect() {
    let there = plan([("service.api", service("api", |_| {}))]);
    let wanted = plan([("service.api", service("api", |s| s.image = "app:2".into()))]);
    let changes = adopting(wanted, &there);
    assert_eq!(told(&changes), ["service.api: adopt, Downtime"]);
    assert_eq!(changes.summary.tasks_restarted, 1);
}

#[test]
fn what_cannot_be_changed_in_place_is_not_adopted() {
    let there = plan([("network.back", network("back"))]);
    let mut other = network("back");
    if let Payload::Network(network) = &mut other {
        network.internal = true;
    }
    let changes = adopting(plan([("network.back", other)]), &there);
    let fields = vec!["internal".to_owned()];
    let blocked = changes.blocked();
    assert_eq!(blocked.len(), 1);
    assert_eq!(blocked[0].because, Block::NotAsItRuns { fields });
}

#[test]
fn a_likely_rename_is_found_where_there_is_only_one() {
    let before = plan([
        ("service.api", service("api", |_| {})),
        ("config.old", config("old")),
    ]);
    let renamed = plan([
        ("service.web", service("web", |_| {})),
        ("config.new", config("new")),
    ]);
    let changes = ChangeSet::between(&before, &renamed);
    assert_eq!(
        changes.likely_moves(),
        [(at("service.api"), at("service.web"))]
    );
    let two = plan([
        ("service.web", service("web", |_| {})),
        ("service.site", service("site", |_| {})),
    ]);
    assert!(ChangeSet::between(&before, &two).likely_moves().is_empty());
}

#[test]
fn a_service_is_known_again_though_its_network_was_renamed_too() {
    let joins = |name: &str, network: &str| {
        let network = format!("shop_{network}");
        service(name, |s| {
            s.networks.insert(network, [name.to_owned()].into());
        })
    };
    let before = plan([
        ("network.back", network("back")),
        ("service.api", joins("api", "back")),
    ]);
    let after = plan([
        ("network.rear", network("rear")),
        ("service.web", joins("web", "rear")),
    ]);
    let moves = [
        (at("network.back"), at("network.rear")),
        (at("service.api"), at("service.web")),
    ];
    assert_eq!(ChangeSet::between(&before, &after).likely_moves(), moves);
}

#[test]
fn a_plan_that_says_nothing_of_this_is_written_as_before() {
    let text = serde_json::to_string(&plan([])).expect("plain data");
    assert!(!text.contains("identity"), "{text}");
    let moved = moving(plan([]), &[("service.api", "service.web")]);
    let text = serde_json::to_string(&moved).expect("plain data");
    let read: Plan = serde_json::from_str(&text).expect("what was written");
    assert_eq!(read, moved);
}
