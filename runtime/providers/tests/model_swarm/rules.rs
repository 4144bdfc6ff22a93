//! What holds in the model whatever is asked of it, in whatever order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use skep_providers::model::{Desired, Refusal, UpdateState, World};
use skep_schema::plan::{FileRef, Mode, Network, Service};
use skep_schema::units::FileMode;

#[derive(Clone, Debug)]
enum Ask {
    CreateConfig(u8),
    RelabelConfig(u8, u64),
    RemoveConfig(u8),
    CreateSecret(u8),
    RemoveSecret(u8),
    CreateNetwork(u8),
    RemoveNetwork(u8),
    CreateService(u8, Shape),
    /// The number is added to the right version.
    UpdateService(u8, u64, Shape),
    RollbackService(u8),
    RemoveService(u8),
    Advance(u64),
}

#[derive(Clone, Debug)]
struct Shape {
    image: u8,
    global: bool,
    replicas: u32,
    config: Option<u8>,
    secret: Option<u8>,
    network: Option<u8>,
}

fn shape() -> impl Strategy<Value = Shape> {
    let which = || proptest::option::of(0..3u8);
    (0..5u8, any::<bool>(), 0..4u32, which(), which(), which()).prop_map(
        |(image, global, replicas, config, secret, network)| Shape {
            image,
            global,
            replicas,
            config,
            secret,
            network,
        },
    )
}

fn ask() -> impl Strategy<Value = Ask> {
    let which = || 0..3u8;
    let off = || prop_oneof![4 => Just(0u64), 1 => 1..3u64];
    prop_oneof![
        1 => which().prop_map(Ask::CreateConfig),
        1 => (which(), off()).prop_map(|(name, off)| Ask::RelabelConfig(name, off)),
        1 => which().prop_map(Ask::RemoveConfig),
        1 => which().prop_map(Ask::CreateSecret),
        1 => which().prop_map(Ask::RemoveSecret),
        1 => which().prop_map(Ask::CreateNetwork),
        1 => which().prop_map(Ask::RemoveNetwork),
        3 => (which(), shape()).prop_map(|(name, shape)| Ask::CreateService(name, shape)),
        4 => (which(), off(), shape()).prop_map(|(name, off, shape)| Ask::UpdateService(name, off, shape)),
        1 => which().prop_map(Ask::RollbackService),
        1 => which().prop_map(Ask::RemoveService),
        4 => (1..40_000u64).prop_map(Ask::Advance),
    ]
}

/// Names differ in case only for services, which the engine takes for the same.
const SERVICES: [&str; 3] = ["web", "WEB", "api"];

fn spec(name: u8, shape: &Shape) -> Service {
    let file = |name: String| {
        let (uid, gid) = ("0".to_owned(), "0".to_owned());
        BTreeMap::from([(
            "/f".to_owned(),
            FileRef {
                source: name,
                uid,
                gid,
                mode: FileMode(0o444),
            },
        )])
    };
    let image = [
        "bb:1",
        "bb:2",
        "bb:model-fail",
        "bb:model-missing",
        "bb:model-flaky",
    ][usize::from(shape.image)];
    Service {
        name: SERVICES[usize::from(name)].to_owned(),
        image: image.to_owned(),
        mode: if shape.global {
            Mode::Global
        } else {
            Mode::Replicated
        },
        replicas: (!shape.global).then_some(shape.replicas),
        configs: shape
            .config
            .map(|config| file(format!("c{config}")))
            .unwrap_or_default(),
        secrets: shape
            .secret
            .map(|secret| file(format!("s{secret}")))
            .unwrap_or_default(),
        networks: shape
            .network
            .map(|network| (format!("n{network}"), BTreeSet::new()))
            .into_iter()
            .collect(),
        ..Service::default()
    }
}

fn answer(world: &mut World, ask: &Ask) -> Result<(), Refusal> {
    let none = BTreeMap::new;
    let service = |name: u8| SERVICES[usize::from(name)];
    let version = |world: &World, name: &str| {
        world
            .services
            .get(name)
            .map_or(0, |service| service.meta.version)
    };
    match ask {
        Ask::CreateConfig(name) => world
            .create_config(&format!("c{name}"), none(), b"x")
            .map(drop),
        Ask::RelabelConfig(name, off) => {
            let name = format!("c{name}");
            let version = world
                .configs
                .get(&name)
                .map_or(0, |config| config.meta.version);
            world.update_config(&name, version + off, none(), None)
        }
        Ask::RemoveConfig(name) => world.remove_config(&format!("c{name}")),
        Ask::CreateSecret(name) => world
            .create_secret(&format!("s{name}"), none(), b"x")
            .map(drop),
        Ask::RemoveSecret(name) => world.remove_secret(&format!("s{name}")),
        Ask::CreateNetwork(name) => {
            let spec = Network {
                name: format!("n{name}"),
                ..Network::default()
            };
            world.create_network(spec).map(drop)
        }
        Ask::RemoveNetwork(name) => world.remove_network(&format!("n{name}")),
        Ask::CreateService(name, shape) => world.create_service(spec(*name, shape)).map(drop),
        Ask::UpdateService(name, off, shape) => {
            let version = version(world, service(*name)) + off;
            world.update_service(service(*name), version, spec(*name, shape))
        }
        Ask::RollbackService(name) => {
            let version = version(world, service(*name));
            world.rollback_service(service(*name), version)
        }
        Ask::RemoveService(name) => world.remove_service(service(*name)),
        Ask::Advance(millis) => {
            world.advance(*millis);
            Ok(())
        }
    }
}

fn refers_to_what_is_there(world: &World, spec: &Service) -> bool {
    spec.configs
        .values()
        .all(|file| world.configs.contains_key(&file.source))
        && spec
            .secrets
            .values()
            .all(|file| world.secrets.contains_key(&file.source))
        && spec
            .networks
            .keys()
            .all(|network| world.networks.contains_key(network))
}

fn check(world: &World) {
    let folded: BTreeSet<String> = world
        .services
        .keys()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    assert_eq!(
        folded.len(),
        world.services.len(),
        "two services share a name"
    );
    for (name, service) in &world.services {
        assert_eq!(*name, service.spec.name);
        // The engine guards present specs, and not those that a rollback brings back.
        let state = service.status.as_ref().map(|status| status.state);
        let rolled_back = matches!(
            state,
            Some(
                UpdateState::RollbackStarted
                    | UpdateState::RollbackPaused
                    | UpdateState::RollbackCompleted
            )
        );
        assert!(
            rolled_back || refers_to_what_is_there(world, &service.spec),
            "{name} refers to what is gone"
        );
        assert!(service.meta.version <= world.index);
        let filled: BTreeSet<_> = world
            .tasks()
            .filter(|task| task.service == *name && task.desired <= Desired::Running)
            .map(|task| task.slot.clone())
            .collect();
        let most = service
            .spec
            .replicas
            .map_or(world.nodes.len(), |replicas| replicas as usize);
        assert!(
            filled.len() <= most,
            "{name} fills {} slots of {most}",
            filled.len()
        );
    }
    for task in world.tasks() {
        assert!(world.services.contains_key(&task.service) || task.desired == Desired::Remove);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_sequence_of_calls_breaks_a_rule(asks in proptest::collection::vec(ask(), 1..60)) {
        let mut world = World::new([3; 32]);
        for ask in &asks {
            let before = world.clone();
            match answer(&mut world, ask) {
                Ok(()) if matches!(ask, Ask::Advance(_)) => prop_assert!(world.index >= before.index),
                Ok(()) => prop_assert!(world.index > before.index, "a write got no version: {ask:?}"),
                Err(_) => prop_assert_eq!(&world, &before, "a refusal had an effect: {:?}", ask),
            }
            check(&world);
        }
        let text = serde_json::to_string(&world).expect("a world is plain data");
        let read: World = serde_json::from_str(&text).expect("it was just written");
        prop_assert_eq!(read, world);
    }

    #[test]
    fn time_passes_alike_in_one_step_and_in_many(asks in proptest::collection::vec(ask(), 1..30), steps in 1..20u64) {
        let mut whole = World::new([3; 32]);
        for ask in &asks {
            // Only what is refused may be, and it changes nothing.
            drop(answer(&mut whole, ask));
        }
        let mut parts = whole.clone();
        whole.advance(steps * 500);
        for _ in 0..steps {
            parts.advance(500);
        }
        parts.index = whole.index;
        prop_assert_eq!(parts.tasks().map(|t| t.state).collect::<Vec<_>>(), whole.tasks().map(|t| t.state).collect::<Vec<_>>());
        prop_assert_eq!(parts.clock, whole.clock);
    }
}
