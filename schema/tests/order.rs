//! Why things change, what waits for what, and what must not be done at all.

mod stack;

use skep_schema::change::{Action, Block, ChangeSet, Effect, Reason};
use skep_schema::inventory::Inventory;
use skep_schema::plan::{Mode, Payload, Plan, SecretSource, SecretText, Target, Volume};
use skep_schema::value::Value;
use stack::{at, config, file, ingress, needing, network, observed, plan, put, service};

fn order(changes: &ChangeSet) -> Vec<String> {
    changes
        .changes
        .iter()
        .map(|c| format!("{} {}", c.action.word(), c.address))
        .collect()
}

#[test]
fn only_a_new_name_of_what_it_mounts_is_a_dependency() {
    let with = |hash: &str, image: &str| {
        let user = service("a", |s| {
            s.image = image.to_owned();
            s.configs
                .insert("/conf".to_owned(), file(&format!("shop_conf-{hash}")));
        });
        needing(
            plan([("config.conf", config(hash)), ("service.a", user)]),
            [("service.a", "config.conf")],
        )
    };
    let why = |a: &Plan, b: &Plan| {
        let changes = ChangeSet::between(a, b);
        let change = changes.get(&at("service.a")).expect("a change").clone();
        (change.reason, change.caused_by.len())
    };
    assert_eq!(
        why(&with("a", "app:1"), &with("b", "app:1")),
        (Reason::Dependency, 1)
    );
    assert_eq!(
        why(&with("a", "app:1"), &with("b", "app:2")),
        (Reason::Spec, 1)
    );
    assert_eq!(
        why(&with("a", "app:1"), &with("a", "app:2")),
        (Reason::Spec, 0)
    );
}

#[test]
fn a_network_under_a_new_name_is_a_dependency_too() {
    let with = |hash: &str| {
        let user = service("a", |s| {
            put(
                &mut s.networks,
                &format!("shop_net-{hash}"),
                ["a".to_owned()].into(),
            );
        });
        needing(
            plan([("network.net", network(hash, "")), ("service.a", user)]),
            [("service.a", "network.net")],
        )
    };
    let changes = ChangeSet::between(&with("a"), &with("b"));
    assert_eq!(order(&changes), ["replace network.net", "update service.a"]);
    assert_eq!(changes.changes[1].reason, Reason::Dependency);
}

#[test]
fn a_new_secret_value_is_the_cause_of_a_filled_in_variable() {
    let with = |print: &str| {
        let secret = Payload::Secret(skep_schema::plan::Secret {
            name: format!("shop_db-{print}"),
            source: SecretSource::Env("DB".to_owned()),
            labels: [].into(),
        });
        let user = service("a", |s| {
            let text = SecretText {
                template: "x${secret.db}".to_owned(),
                fingerprint: Some(print.to_owned()),
            };
            s.secret_env.insert("URL".to_owned(), text);
        });
        needing(
            plan([("secret.db", secret), ("service.a", user)]),
            [("service.a", "secret.db")],
        )
    };
    let changes = ChangeSet::between(&with("a"), &with("b"));
    let user = changes.get(&at("service.a")).expect("a change");
    assert_eq!(
        (user.reason, user.caused_by.contains(&at("secret.db"))),
        (Reason::Dependency, true)
    );
}

#[test]
fn deletes_go_against_the_old_needs() {
    let all = [
        ("config.conf", config("a")),
        ("service.a", service("a", |_| ())),
        ("service.b", service("b", |_| ())),
    ];
    let old = needing(
        plan(all),
        [("service.a", "service.b"), ("service.b", "config.conf")],
    );
    let changes = ChangeSet::between(&old, &Plan::empty("shop", None));
    assert_eq!(
        order(&changes),
        ["delete service.a", "delete service.b", "delete config.conf"]
    );
}

#[test]
fn without_a_spec_the_payloads_tell_the_order_of_deletes() {
    let user = service("z", |s| {
        s.configs.insert("/conf".to_owned(), file("shop_conf-a"));
        s.networks.insert("shop_net-a".to_owned(), [].into());
    });
    let old = plan([
        ("config.conf", config("a")),
        ("network.net", network("a", "")),
        ("service.z", user),
    ]);
    let changes = ChangeSet::toward(&Plan::empty("shop", None), &observed(&old));
    assert_eq!(
        order(&changes),
        [
            "delete service.z",
            "delete network.net",
            "delete config.conf"
        ]
    );
}

#[test]
fn a_needed_node_is_seen_through_declared_ones() {
    let of = |image: &str| {
        let all = [
            (
                "gateway.edge",
                service("edge", |s| s.image = image.to_owned()),
            ),
            ("route.shop", Payload::Declared(Value::Bool(true))),
            (
                "service.web",
                service("web", |s| s.image = image.to_owned()),
            ),
        ];
        needing(
            plan(all),
            [
                ("gateway.edge", "route.shop"),
                ("route.shop", "service.web"),
            ],
        )
    };
    let changes = ChangeSet::toward(&of("app:2"), &observed(&of("app:1")));
    assert_eq!(
        order(&changes),
        ["update service.web", "update gateway.edge"]
    );
    assert!(changes.changes[1].waits_for.contains(&at("service.web")));
}

#[test]
fn a_port_is_given_up_before_another_service_takes_it() {
    let publishing = |name: &str| service(name, |s| put(&mut s.publish, "80/tcp", ingress(8080)));
    let old = plan([("service.web", publishing("web"))]);
    let new = plan([("service.site", publishing("site"))]);
    let changes = ChangeSet::between(&old, &new);
    assert_eq!(
        order(&changes),
        ["delete service.web", "create service.site"]
    );
    assert_eq!(changes.changes[1].effect, Effect::Downtime);
    assert_eq!(changes.early_deletes(), [&at("service.web")].into());

    let moved = plan([
        ("service.site", publishing("site")),
        ("service.web", service("web", |_| ())),
    ]);
    assert_eq!(
        order(&ChangeSet::between(&old, &moved)),
        ["update service.web", "create service.site"]
    );
}

/// As after a rollback by hand, which the engine lets take back what another has by now.
#[test]
fn of_two_services_with_one_port_the_one_that_gives_it_up_goes_first() {
    let with = |name: &str, image: &str| {
        service(name, |s| {
            s.image = image.to_owned();
            put(&mut s.publish, "80/tcp", ingress(8080));
        })
    };
    let old = plan([
        ("service.a", with("a", "app:1")),
        ("service.b", with("b", "app:1")),
    ]);
    let new = plan([
        ("service.a", with("a", "app:2")),
        ("service.b", service("b", |_| ())),
    ]);
    assert_eq!(
        order(&ChangeSet::between(&old, &new)),
        ["update service.b", "update service.a"]
    );
}

#[test]
fn a_port_that_goes_to_what_its_holder_waits_for_needs_an_apply_between() {
    let with = |name: &str, port: &str| service(name, |s| put(&mut s.publish, port, ingress(8080)));
    let both = |front: &str, back: &str| {
        let nodes = [
            ("service.front", with("front", front)),
            ("service.back", with("back", back)),
        ];
        needing(plan(nodes), [("service.front", "service.back")])
    };
    let changes = ChangeSet::between(&both("80/tcp", "81/tcp"), &both("82/tcp", "80/tcp"));
    assert_eq!(
        late(&changes),
        ["service.back takes 80/tcp from service.front"]
    );
    let there = ChangeSet::between(&both("80/tcp", "81/tcp"), &both("82/tcp", "83/tcp"));
    let on = ChangeSet::between(&both("82/tcp", "83/tcp"), &both("82/tcp", "80/tcp"));
    assert!(late(&there).is_empty() && late(&on).is_empty());
}

/// What is taken from a change that comes too late to give it.
fn late(changes: &ChangeSet) -> Vec<String> {
    let told = changes.blocked().into_iter().filter_map(|blocked| {
        let Block::HandedOverLate { held, holder } = blocked.because else {
            return None;
        };
        Some(format!("{} takes {held} from {holder}", blocked.address))
    });
    told.collect()
}

#[test]
fn a_port_comes_before_the_order_of_deletes() {
    let publishing = |name: &str| service(name, |s| put(&mut s.publish, "80/tcp", ingress(8080)));
    let caller = |image: &str| service("api", |s| s.image = image.to_owned());
    let old = needing(
        plan([
            ("service.api", caller("app:1")),
            ("service.web", publishing("web")),
        ]),
        [("service.api", "service.web")],
    );
    let new = needing(
        plan([
            ("service.api", caller("app:2")),
            ("service.site", publishing("site")),
        ]),
        [("service.api", "service.site")],
    );
    let changes = ChangeSet::between(&old, &new);
    assert_eq!(
        order(&changes),
        [
            "delete service.web",
            "create service.site",
            "update service.api"
        ]
    );
}

#[test]
fn services_that_swap_ports_do_not_wait_for_each_other_for_ever() {
    let with = |name: &str, port: &str| service(name, |s| put(&mut s.publish, port, ingress(8080)));
    let old = plan([
        ("service.a", with("a", "80/tcp")),
        ("service.b", with("b", "81/tcp")),
    ]);
    let new = plan([
        ("service.a", with("a", "81/tcp")),
        ("service.b", with("b", "80/tcp")),
    ]);
    let changes = ChangeSet::between(&old, &new);
    assert_eq!(order(&changes), ["update service.b", "update service.a"]);
    assert_eq!(late(&changes), ["service.b takes 80/tcp from service.a"]);
}

#[test]
fn a_cycle_written_by_hand_is_cut() {
    let all = || {
        [
            ("service.a", service("a", |_| ())),
            ("service.b", service("b", |_| ())),
        ]
    };
    let round = needing(
        plan(all()),
        [("service.a", "service.b"), ("service.b", "service.a")],
    );
    let changes = ChangeSet::between(&Plan::empty("shop", None), &round);
    assert_eq!(order(&changes), ["create service.a", "create service.b"]);
    assert!(changes.changes[0].waits_for.is_empty());
}

#[test]
fn what_is_external_is_left_alone() {
    let external = |name: &str| {
        let Payload::Network(mut net) = network(name, "") else {
            unreachable!()
        };
        net.external = true;
        Payload::Network(net)
    };
    let none = Plan::empty("shop", None);
    let theirs = plan([("network.net", external("a"))]);
    assert!(ChangeSet::between(&none, &theirs).is_empty());
    assert!(ChangeSet::between(&theirs, &none).is_empty());
    assert!(ChangeSet::between(&theirs, &plan([("network.net", external("b"))])).is_empty());

    let ours = plan([("network.net", network("a", ""))]);
    assert!(ChangeSet::between(&ours, &theirs).is_empty());
    assert_eq!(
        order(&ChangeSet::between(&theirs, &ours)),
        ["create network.net"]
    );
    let elsewhere = plan([("network.net", external("b"))]);
    assert_eq!(
        order(&ChangeSet::between(&ours, &elsewhere)),
        ["delete network.net"]
    );
}

#[test]
fn what_no_manager_can_see_never_differs_from_what_was_found() {
    let disk = |label: &str| {
        let labels = [("l".to_owned(), label.to_owned())].into();
        Payload::Volume(Volume {
            name: "shop_disk".to_owned(),
            labels,
            ..Volume::default()
        })
    };
    let all = |label| {
        plan([
            ("volume.disk", disk(label)),
            ("flow.nightly", Payload::Declared(Value::Text("x".into()))),
        ])
    };
    assert!(ChangeSet::toward(&all("a"), &observed(&all("b"))).is_empty());
    assert_eq!(
        ChangeSet::between(&all("a"), &all("b")).changes[0].effect,
        Effect::NoRestart
    );

    let secret = |source| {
        Payload::Secret(skep_schema::plan::Secret {
            name: "shop_db-x".to_owned(),
            source,
            labels: [].into(),
        })
    };
    let seen = observed(&plan([("secret.db", secret(SecretSource::Unknown))]));
    let meant = plan([("secret.db", secret(SecretSource::Env("DB".to_owned())))]);
    assert!(ChangeSet::toward(&meant, &seen).is_empty());
}

#[test]
fn drift_is_what_differs_from_what_its_label_says() {
    let with = |image: &str| plan([("service.a", service("a", |s| s.image = image.to_owned()))]);
    let why =
        |inventory: &Inventory| ChangeSet::toward(&with("app:2"), inventory).changes[0].reason;
    let mut found = observed(&with("app:1"));
    assert_eq!(why(&found), Reason::Spec);
    found.nodes.get_mut(&at("service.a")).expect("found").digest = observed(&with("app:2")).nodes
        [&at("service.a")]
        .digest
        .clone();
    assert_eq!(why(&found), Reason::Drift);
}

#[test]
fn a_look_tells_how_many_tasks_a_global_service_has() {
    let with = |image: &str| {
        plan([(
            "service.a",
            service("a", |s| {
                s.mode = Mode::Global;
                s.image = image.to_owned();
            }),
        )])
    };
    assert_eq!(
        ChangeSet::between(&with("app:1"), &with("app:2"))
            .summary
            .tasks_restarted,
        0
    );
    let seen = ChangeSet::toward(&with("app:2"), &observed(&with("app:1")));
    assert_eq!(
        (
            seen.changes[0].tasks,
            seen.summary.tasks_restarted,
            seen.summary.noop
        ),
        (3, 3, 0)
    );
}

#[test]
fn a_protected_node_is_neither_deleted_nor_replaced() {
    let protected = |edit: fn(&mut skep_schema::plan::Service)| {
        let mut plan = plan([("service.db", service("db", edit))]);
        plan.nodes.get_mut(&at("service.db")).expect("db").protect = true;
        plan
    };
    let blocked = |after: &Plan| {
        let changes = ChangeSet::between(&protected(|_| ()), after);
        changes
            .blocked()
            .into_iter()
            .map(|b| b.because)
            .collect::<Vec<_>>()
    };
    assert_eq!(blocked(&Plan::empty("shop", None)), [Block::Protected]);
    assert_eq!(
        blocked(&protected(|s| s.mode = Mode::Global)),
        [Block::Protected]
    );
    assert_eq!(blocked(&protected(|s| s.image = "app:2".to_owned())), []);
}

#[test]
fn a_subnet_is_not_given_to_two_networks() {
    let old = plan([("network.net", network("a", "10.1.0.0/24"))]);
    let blocked = |address: &str, subnet: &str| {
        let new = plan([(address, network("b", subnet))]);
        let found = ChangeSet::between(&old, &new).blocked();
        found
            .into_iter()
            .map(|blocked| blocked.because)
            .collect::<Vec<_>>()
    };
    let (subnet, holder) = ("10.1.0.0/24".to_owned(), at("network.net"));
    let held = [Block::SubnetHeld { subnet, holder }];
    assert_eq!(blocked("network.net", "10.1.0.0/24"), held);
    assert_eq!(blocked("network.other", "10.1.0.0/24"), held);
    assert_eq!(blocked("network.net", "10.2.0.0/24"), []);
}

#[test]
fn a_node_that_only_stays_declared_loses_its_object() {
    let mut external = plan([("gateway.edge", service("edge", |_| ()))]);
    external
        .nodes
        .get_mut(&at("gateway.edge"))
        .expect("edge")
        .target = Target::Declared;
    let ours = plan([("gateway.edge", service("edge", |_| ()))]);
    assert_eq!(
        order(&ChangeSet::toward(&external, &observed(&ours))),
        ["delete gateway.edge"]
    );
    assert_eq!(
        order(&ChangeSet::between(&external, &ours)),
        ["create gateway.edge"]
    );
    assert_eq!(
        ChangeSet::between(&external, &ours).changes[0].action,
        Action::Create
    );
}

#[test]
fn only_what_is_touched_or_needed_can_make_an_approval_stale() {
    let with = |touched: &str, needed: &str, other: &str| {
        let all = ["a", "b", "c"].into_iter().zip([touched, needed, other]);
        let [a, b, c] = all
            .map(|(name, image)| service(name, |s| s.image = image.to_owned()))
            .collect::<Vec<_>>()
            .try_into()
            .expect("three services");
        needing(
            plan([("service.a", a), ("service.b", b), ("service.c", c)]),
            [("service.a", "service.b")],
        )
    };
    let from = |base: &Plan, target: &Plan| ChangeSet::between(base, target).from;
    let approved = from(
        &with("app:1", "app:1", "app:1"),
        &with("app:2", "app:1", "app:1"),
    );
    assert_eq!(
        approved,
        from(
            &with("app:1", "app:1", "app:9"),
            &with("app:2", "app:1", "app:9")
        )
    );
    assert_ne!(
        approved,
        from(
            &with("app:9", "app:1", "app:1"),
            &with("app:2", "app:1", "app:1")
        )
    );
    assert_ne!(
        approved,
        from(
            &with("app:1", "app:9", "app:1"),
            &with("app:2", "app:9", "app:1")
        )
    );
}
