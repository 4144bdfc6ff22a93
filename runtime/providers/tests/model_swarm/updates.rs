//! Rolling updates in virtual time, watched half second by half second.

use std::collections::BTreeMap;

use skep_providers::model::{TaskState, UpdateState, World};
use skep_schema::plan::{
    Condition, FailureAction, FileRef, Health, HealthTest, Mode, Order, Placement, PublishMode,
    Published, Restart, Rollout, Service,
};
use skep_schema::units::{Cpu, Duration, FileMode, Ratio};

fn web(image: &str, replicas: u32, update: Rollout) -> Service {
    Service {
        name: "web".to_owned(),
        image: image.to_owned(),
        replicas: Some(replicas),
        update,
        ..Service::default()
    }
}

/// A world in which the service runs.
fn running(spec: Service) -> World {
    let mut world = World::new([1; 32]);
    world.create_service(spec).expect("the name is free");
    world.advance(10_000);
    world
}

fn update(world: &mut World, spec: Service) {
    let version = world.services["web"].meta.version;
    world
        .update_service("web", version, spec)
        .expect("the version is right");
}

fn running_images(world: &World) -> BTreeMap<&str, usize> {
    let mut images = BTreeMap::new();
    for task in world
        .tasks()
        .filter(|task| task.state == TaskState::Running)
    {
        *images.entry(task.template.image.as_str()).or_default() += 1;
    }
    images
}

fn state(world: &World) -> Option<UpdateState> {
    world.services["web"]
        .status
        .as_ref()
        .map(|status| status.state)
}

/// The fewest tasks that ran at any time until the update ended, the most, and how long it took.
fn watch(world: &mut World) -> (usize, usize, u64) {
    let (begun, mut least, mut most) = (world.clock, usize::MAX, 0);
    while state(world) == Some(UpdateState::Updating) && world.clock < begun + 600_000 {
        world.advance(500);
        let count = running_images(world).values().sum();
        (least, most) = (least.min(count), most.max(count));
    }
    (least, most, world.clock - begun)
}

#[test]
fn one_after_the_other_and_stopped_before_the_next_is_started() {
    let mut world = running(web("bb:1", 3, Rollout::default()));
    update(&mut world, web("bb:2", 3, Rollout::default()));
    let (least, most, took) = watch(&mut world);
    assert_eq!(state(&world), Some(UpdateState::Completed));
    assert_eq!(running_images(&world), BTreeMap::from([("bb:2", 3)]));
    assert_eq!((least, most), (2, 3));
    assert!(took > 5_000, "it watches for five seconds: {took}");
}

#[test]
fn all_at_once_interrupts() {
    let at_once = Rollout {
        parallelism: Some(0),
        ..Rollout::default()
    };
    let mut world = running(web("bb:1", 3, at_once));
    update(&mut world, web("bb:2", 3, at_once));
    assert_eq!(watch(&mut world).0, 0);
}

#[test]
fn starting_first_never_runs_fewer() {
    let first = Rollout {
        order: Some(Order::StartFirst),
        ..Rollout::default()
    };
    let mut world = running(web("bb:1", 3, first));
    update(&mut world, web("bb:2", 3, first));
    let (least, most, _) = watch(&mut world);
    assert_eq!((least, most), (3, 4));
}

#[test]
fn a_delay_lies_between_two_turns() {
    let delayed = |seconds| Rollout {
        delay: Some(Duration::seconds(seconds)),
        ..Rollout::default()
    };
    let took = |seconds| {
        let mut world = running(web("bb:1", 3, delayed(seconds)));
        update(&mut world, web("bb:2", 3, delayed(seconds)));
        watch(&mut world).2
    };
    assert_eq!(took(10) - took(0), 20_000, "two delays between three turns");
}

#[test]
fn what_is_watched_longer_takes_longer() {
    let watched = |seconds| Rollout {
        monitor: Some(Duration::seconds(seconds)),
        ..Rollout::default()
    };
    let took = |seconds| {
        let mut world = running(web("bb:1", 1, watched(seconds)));
        update(&mut world, web("bb:2", 1, watched(seconds)));
        watch(&mut world).2
    };
    assert_eq!(took(30) - took(5), 25_000);
}

#[test]
fn some_failures_may_be_allowed() {
    let lenient = |ratio| Rollout {
        max_failure_ratio: Some(Ratio(ratio)),
        ..Rollout::default()
    };
    for (ratio, end) in [
        (0, UpdateState::Paused),
        (1_000_000, UpdateState::Completed),
    ] {
        let mut world = running(web("bb:1", 2, lenient(ratio)));
        update(&mut world, web("bb:model-flaky", 2, lenient(ratio)));
        watch(&mut world);
        assert_eq!(state(&world), Some(end), "{ratio}");
    }
}

#[test]
fn a_failed_update_goes_back_and_leaves_nothing_to_go_back_to() {
    let careful = Rollout {
        on_failure: Some(FailureAction::Rollback),
        ..Rollout::default()
    };
    let mut world = running(web("bb:1", 3, careful));
    update(&mut world, web("bb:model-fail", 3, careful));
    world.advance(120_000);
    assert_eq!(state(&world), Some(UpdateState::RollbackCompleted));
    assert_eq!(running_images(&world), BTreeMap::from([("bb:1", 3)]));
    assert_eq!(world.services["web"].previous, None);
}

#[test]
fn a_rollback_that_fails_is_paused_and_not_rolled_back() {
    let careful = Rollout {
        on_failure: Some(FailureAction::Rollback),
        ..Rollout::default()
    };
    let spec = |image| Service {
        rollback: Rollout::default(),
        ..web(image, 1, careful)
    };
    let mut world = running(spec("bb:1-model-fail"));
    update(&mut world, spec("bb:2-model-fail"));
    world.advance(120_000);
    assert_eq!(state(&world), Some(UpdateState::RollbackPaused));
}

/// The engine deletes a config that only the previous spec names.
#[test]
fn going_back_to_a_config_that_is_gone_leaves_nothing_running() {
    let mount = |name: &str| {
        let (source, uid, gid) = (name.to_owned(), "0".to_owned(), "0".to_owned());
        let configs = BTreeMap::from([(
            "/c".to_owned(),
            FileRef {
                source,
                uid,
                gid,
                mode: FileMode(0o444),
            },
        )]);
        Service {
            configs,
            ..web("bb:1", 1, Rollout::default())
        }
    };
    let mut world = World::new([1; 32]);
    for name in ["old", "new"] {
        world
            .create_config(name, BTreeMap::new(), b"x")
            .expect("the name is free");
    }
    world
        .create_service(mount("old"))
        .expect("the name is free");
    world.advance(10_000);
    update(&mut world, mount("new"));
    world.advance(20_000);
    world
        .remove_config("old")
        .expect("no present spec names it");
    let version = world.services["web"].meta.version;
    world
        .rollback_service("web", version)
        .expect("there is a previous spec");
    world.advance(20_000);
    assert_eq!(state(&world), Some(UpdateState::RollbackPaused));
    assert_eq!(running_images(&world), BTreeMap::new());
    assert!(
        world
            .tasks()
            .any(|task| task.error == "config old not found")
    );
}

#[test]
fn labels_and_scale_are_no_update() {
    let mut world = running(web("bb:1", 2, Rollout::default()));
    let tasks: Vec<String> = world.tasks().map(|task| task.id.clone()).collect();
    let mut spec = web(
        "bb:1",
        3,
        Rollout {
            parallelism: Some(2),
            ..Rollout::default()
        },
    );
    spec.labels.insert("team".to_owned(), "a".to_owned());
    update(&mut world, spec);
    world.advance(10_000);
    assert_eq!(state(&world), None);
    assert_eq!(running_images(&world), BTreeMap::from([("bb:1", 3)]));
    assert!(tasks.iter().all(|id| {
        world
            .tasks()
            .any(|task| task.id == *id && !task.state.has_ended())
    }));
}

#[test]
fn a_placement_that_still_fits_restarts_nothing() {
    let placed = |zone: &str| Service {
        placement: Placement {
            constraints: [format!("node.labels.zone!={zone}")].into(),
            ..Placement::default()
        },
        ..web("bb:1", 1, Rollout::default())
    };
    let mut world = running(placed("moon"));
    let node = world
        .tasks()
        .next()
        .and_then(|task| task.node.clone())
        .expect("it runs");
    let zone = world.nodes[&node].labels["zone"].clone();
    update(&mut world, placed("mars"));
    world.advance(10_000);
    assert_eq!((state(&world), world.tasks().count()), (None, 1));
    update(&mut world, placed(&zone));
    world.advance(30_000);
    assert_eq!(
        (state(&world), world.tasks().count()),
        (Some(UpdateState::Completed), 2)
    );
}

#[test]
fn a_one_shot_that_is_updated_is_paused_when_it_ends() {
    let once = |image| Service {
        mode: Mode::Once,
        restart: Restart {
            condition: Some(Condition::None),
            ..Restart::default()
        },
        ..web(image, 1, Rollout::default())
    };
    let mut world = running(once("bb:1"));
    update(&mut world, once("bb:2"));
    world.advance(10_000);
    assert_eq!(
        state(&world),
        Some(UpdateState::Paused),
        "an end with 0 is an early termination too"
    );
}

#[test]
fn a_health_check_delays_the_start() {
    let health = Health {
        test: HealthTest::Shell("true".to_owned()),
        every: Some(Duration::seconds(10)),
        timeout: None,
        retries: None,
        start: None,
        start_every: None,
    };
    let mut world = World::new([1; 32]);
    let spec = Service {
        health: Some(health),
        ..web("bb:1", 1, Rollout::default())
    };
    world.create_service(spec).expect("free");
    world.advance(9_000);
    assert_eq!(running_images(&world), BTreeMap::new());
    world.advance(4_000);
    assert_eq!(running_images(&world), BTreeMap::from([("bb:1", 1)]));
}

#[test]
fn an_update_that_finds_no_node_hangs_with_one_task_less() {
    let mut world = running(web("bb:1", 3, Rollout::default()));
    let mut greedy = web("bb:1", 3, Rollout::default());
    greedy.reserve.cpu = Some(Cpu(1_000_000_000_000));
    update(&mut world, greedy);
    world.advance(600_000);
    assert_eq!(state(&world), Some(UpdateState::Updating));
    assert_eq!(running_images(&world), BTreeMap::from([("bb:1", 2)]));
    let pending = world
        .tasks()
        .find(|task| task.state == TaskState::Pending)
        .expect("it waits");
    assert_eq!(
        pending.error,
        "no suitable node (insufficient resources on 3 nodes)"
    );
}

/// Out of that hang it takes a minute: the task that never began cannot be stopped.
#[test]
fn going_back_from_a_task_that_never_began_takes_a_minute() {
    let mut world = running(web("bb:1", 3, Rollout::default()));
    let mut greedy = web("bb:1", 3, Rollout::default());
    greedy.reserve.cpu = Some(Cpu(1_000_000_000_000));
    update(&mut world, greedy);
    world.advance(10_000);
    let version = world.services["web"].meta.version;
    world
        .rollback_service("web", version)
        .expect("there is a previous spec");
    world.advance(50_000);
    assert_eq!(running_images(&world), BTreeMap::from([("bb:1", 2)]));
    world.advance(20_000);
    assert_eq!(running_images(&world), BTreeMap::from([("bb:1", 3)]));
    assert_eq!(state(&world), Some(UpdateState::RollbackCompleted));
}

#[test]
fn starting_first_on_a_host_port_never_ends() {
    let spec = |image| Service {
        publish: [(
            "80/tcp".to_owned(),
            Published {
                target: 80,
                mode: PublishMode::Host,
            },
        )]
        .into(),
        ..web(
            image,
            3,
            Rollout {
                order: Some(Order::StartFirst),
                ..Rollout::default()
            },
        )
    };
    let mut world = running(spec("bb:1"));
    update(&mut world, spec("bb:2"));
    world.advance(600_000);
    assert_eq!(state(&world), Some(UpdateState::Updating));
    let pending = world
        .tasks()
        .find(|task| task.state == TaskState::Pending)
        .expect("it waits");
    assert_eq!(
        pending.error,
        "no suitable node (host-mode port already in use on 3 nodes)"
    );
}

#[test]
fn a_global_service_runs_wherever_it_fits() {
    let global = |constraint: &str| Service {
        mode: Mode::Global,
        replicas: None,
        placement: Placement {
            constraints: [constraint.to_owned()].into(),
            ..Placement::default()
        },
        ..web("bb:1", 1, Rollout::default())
    };
    let mut world = running(global("node.role==worker"));
    assert_eq!(running_images(&world), BTreeMap::from([("bb:1", 2)]));
    update(&mut world, global("node.role!=worker"));
    world.advance(10_000);
    assert_eq!(running_images(&world), BTreeMap::from([("bb:1", 1)]));
}

#[test]
fn tries_are_counted_and_then_it_is_silent() {
    let mut spec = web("bb:model-fail", 1, Rollout::default());
    spec.restart.max = Some(2);
    let mut world = running(spec);
    world.advance(60_000);
    let failed = |world: &World| {
        world
            .tasks()
            .filter(|task| task.state == TaskState::Failed)
            .count()
    };
    assert_eq!(failed(&world), 3, "one more than the tries");
    world.advance(60_000);
    assert_eq!(failed(&world), 3);
}

#[test]
fn history_is_five_tasks_long() {
    let mut world = running(web("bb:model-fail", 1, Rollout::default()));
    world.advance(600_000);
    let ended = world.tasks().filter(|task| task.state.has_ended()).count();
    assert!((5..=6).contains(&ended), "{ended}");
}
