//! What a change is said to do to what runs.

mod stack;

use skep_schema::change::{Action, Change, ChangeSet, Effect};
use skep_schema::plan::{Mode, Mount, MountSource, Order, Payload, SecretText, Service};
use stack::{at, config, file, network, plan, put, service};

fn of(before: Payload, after: Payload) -> Change {
    let changes = ChangeSet::between(
        &plan([("service.a", before)]),
        &plan([("service.a", after)]),
    );
    changes.get(&at("service.a")).expect("a change").clone()
}

/// A service with three replicas that starts new tasks first, and the same after an edit.
fn edit(change: impl FnOnce(&mut Service)) -> Change {
    let base = |s: &mut Service| {
        s.replicas = Some(3);
        s.update.order = Some(Order::StartFirst);
        s.placement.constraints = ["node.role==worker".to_owned()].into();
        s.mounts
            .insert("/data".to_owned(), volume("shop_disk", &[]));
    };
    of(
        service("a", base),
        service("a", |s| {
            base(s);
            change(s);
        }),
    )
}

fn volume(name: &str, options: &[(&str, &str)]) -> Mount {
    let from = MountSource::Volume {
        name: name.to_owned(),
        driver: None,
        options: options
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
        labels: [].into(),
        no_copy: false,
        subpath: None,
    };
    Mount {
        from,
        read_only: false,
    }
}

#[test]
fn what_swarm_leaves_alone_is_no_restart() {
    let edits: [fn(&mut Service); 7] = [
        |s| s.replicas = Some(5),
        |s| put(&mut s.labels, "team", "b".to_owned()),
        |s| s.update.parallelism = Some(2),
        |s| s.rollback.parallelism = Some(2),
        |s| s.placement.constraints.clear(),
        |s| s.placement.spread = vec!["node.labels.rack".to_owned()],
        |s| s.placement.max_per_node = Some(1),
    ];
    for (i, change) in edits.into_iter().map(edit).enumerate() {
        assert_eq!(
            (change.action, change.effect, change.tasks),
            (Action::Update, Effect::NoRestart, 0),
            "{i}"
        );
    }
}

#[test]
fn what_is_in_the_task_restarts_all_of_them() {
    let edits: [fn(&mut Service); 4] = [
        |s| s.image = "app:2".to_owned(),
        |s| put(&mut s.container_labels, "team", "b".to_owned()),
        |s| s.placement.constraints = ["node.labels.disk==ssd".to_owned()].into(),
        |s| put(&mut s.mounts, "/more", volume("shop_more", &[("o", "ro")])),
    ];
    for (i, change) in edits.into_iter().map(edit).enumerate() {
        assert_eq!(
            (change.action, change.effect, change.tasks),
            (Action::Update, Effect::RollingRestart, 3),
            "{i}"
        );
    }
}

#[test]
fn scaling_down_stops_tasks_and_scaling_to_nothing_is_downtime() {
    let down = edit(|s| s.replicas = Some(1));
    assert_eq!((down.effect, down.tasks), (Effect::NoRestart, 2));
    let off = edit(|s| s.replicas = Some(0));
    assert_eq!((off.effect, off.tasks), (Effect::Downtime, 3));
}

#[test]
fn a_restart_that_stops_every_task_first_is_downtime() {
    let restart = |replicas, order, parallelism| {
        let with = |image: &str| {
            service("a", |s| {
                s.image = image.to_owned();
                s.replicas = replicas;
                s.update.order = order;
                s.update.parallelism = parallelism;
            })
        };
        of(with("app:1"), with("app:2")).effect
    };
    assert_eq!(restart(Some(1), None, None), Effect::Downtime);
    assert_eq!(
        restart(None, Some(Order::StopFirst), None),
        Effect::Downtime
    );
    assert_eq!(restart(Some(3), None, Some(0)), Effect::Downtime);
    assert_eq!(
        restart(Some(1), Some(Order::StartFirst), None),
        Effect::RollingRestart
    );
    assert_eq!(restart(Some(2), None, None), Effect::RollingRestart);
    assert_eq!(restart(Some(0), None, None), Effect::NoRestart);
}

#[test]
fn what_the_engine_refuses_is_a_replacement_with_downtime() {
    let mode = edit(|s| s.mode = Mode::Global);
    assert_eq!(
        (mode.action, mode.effect, mode.tasks),
        (Action::Replace, Effect::Downtime, 3)
    );
    let name = edit(|s| s.name = "other".to_owned());
    assert_eq!(
        (name.action, name.effect),
        (Action::Replace, Effect::Downtime)
    );
}

#[test]
fn a_look_tells_whether_all_tasks_of_a_global_service_stop_at_once() {
    let with = |image: &str, parallelism| {
        let global = service("a", |s| {
            s.mode = Mode::Global;
            s.image = image.to_owned();
            s.update.parallelism = Some(parallelism);
        });
        plan([("service.a", global)])
    };
    let found = |parallelism| {
        let seen = stack::observed(&with("app:1", parallelism));
        let changes = ChangeSet::toward(&with("app:2", parallelism), &seen);
        (changes.changes[0].effect, changes.changes[0].tasks)
    };
    assert_eq!(found(1), (Effect::RollingRestart, 3));
    assert_eq!(found(3), (Effect::Downtime, 3));
    assert_eq!(found(0), (Effect::Downtime, 3));
}

#[test]
fn another_run_of_a_one_shot_is_a_new_service_but_new_labels_are_not() {
    let once = |edit: fn(&mut Service)| {
        service("a", |s| {
            s.mode = Mode::Once;
            edit(s);
        })
    };
    let run = of(once(|_| ()), once(|s| s.image = "app:2".to_owned()));
    assert_eq!(
        (run.action, run.effect, run.tasks),
        (Action::Replace, Effect::RollingRestart, 1)
    );
    let label = of(
        once(|_| ()),
        once(|s| put(&mut s.labels, "a", "b".to_owned())),
    );
    assert_eq!(
        (label.action, label.effect),
        (Action::Update, Effect::NoRestart)
    );
}

#[test]
fn options_of_a_volume_that_exists_put_its_data_at_risk() {
    let options = edit(|s| {
        put(
            &mut s.mounts,
            "/data",
            volume("shop_disk", &[("type", "nfs")]),
        );
    });
    assert_eq!((options.effect, options.tasks), (Effect::DataLoss, 3));
    let other = edit(|s| {
        put(
            &mut s.mounts,
            "/data",
            volume("shop_new", &[("type", "nfs")]),
        );
    });
    assert_eq!(other.effect, Effect::RollingRestart);
}

#[test]
fn new_content_lives_beside_the_old_and_restarts_who_mounts_it() {
    let with = |hash: &str| {
        let mount = service("a", |s| {
            s.replicas = Some(2);
            s.configs
                .insert("/conf".to_owned(), file(&format!("shop_conf-{hash}")));
        });
        let plan = plan([("config.conf", config(hash)), ("service.a", mount)]);
        stack::needing(plan, [("service.a", "config.conf")])
    };
    let changes = ChangeSet::between(&with("a"), &with("b"));
    let found: Vec<_> = changes
        .changes
        .iter()
        .map(|c| (c.address.to_string(), c.action, c.effect))
        .collect();
    assert_eq!(
        found,
        [
            ("config.conf".to_owned(), Action::Replace, Effect::Replace),
            (
                "service.a".to_owned(),
                Action::Update,
                Effect::RollingRestart
            ),
        ]
    );
    assert_eq!(
        (
            changes.summary.replace,
            changes.summary.update,
            changes.summary.tasks_restarted
        ),
        (1, 1, 2)
    );
}

#[test]
fn content_without_a_name_of_its_own_has_to_go_first() {
    let old = plan([("network.net", network("a", ""))]);
    let Payload::Network(mut same) = network("a", "") else {
        unreachable!()
    };
    same.attachable = true;
    let changes = ChangeSet::between(&old, &plan([("network.net", Payload::Network(same))]));
    assert_eq!(
        (changes.changes[0].action, changes.changes[0].effect),
        (Action::Replace, Effect::Downtime)
    );
}

#[test]
fn a_secret_variable_is_one_field_that_never_shows_as_text() {
    let secret = |print: &str| SecretText {
        template: "postgres://${secret.db}@db".to_owned(),
        fingerprint: Some(print.to_owned()),
    };
    let change = edit(|s| put(&mut s.secret_env, "URL", secret("abc")));
    assert_eq!(change.fields.len(), 1);
    assert_eq!(change.fields[0].path, ["env", "URL"]);
    assert!(change.fields[0].secret);

    let plain = service("a", |s| put(&mut s.env, "URL", "x".to_owned()));
    let hidden = service("a", |s| put(&mut s.secret_env, "URL", secret("abc")));
    let change = of(plain, hidden);
    assert_eq!(change.fields.len(), 1);
    assert!(
        change.fields[0].secret
            && change.fields[0].before.is_some()
            && change.fields[0].after.is_some()
    );
}
