//! Applies that meet lost requests, lost replies, lost races, crashes and other people.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use skep_providers::model::{Fate, Model, World};
use skep_schema::event::Outcome;
use skep_schema::plan::{self, Plan};

use crate::support::{
    Node, STACK, apply, apply_within, changes, config, config_name, file, model, network, plan,
    secret, service, values,
};

/// Applies until nothing is left to do.
const ROUNDS: usize = 3;

#[derive(Clone, Debug)]
struct Shop {
    /// Content of each config.
    configs: BTreeMap<u8, u8>,
    /// Names of networks, each with its range.
    networks: BTreeMap<u8, u8>,
    services: BTreeMap<u8, Part>,
    secret: bool,
}

#[derive(Clone, Debug)]
struct Part {
    image: u8,
    replicas: u32,
    once: bool,
    config: Option<u8>,
    network: Option<u8>,
    label: u8,
}

fn shop() -> impl Strategy<Value = Shop> {
    let part = (
        0..3u8,
        0..4u32,
        any::<bool>(),
        proptest::option::of(0..3u8),
        proptest::option::of(0..2u8),
        0..2u8,
    )
        .prop_map(|(image, replicas, once, config, network, label)| Part {
            image,
            replicas,
            once,
            config,
            network,
            label,
        });
    (
        proptest::collection::btree_map(0..3u8, 0..3u8, 0..3),
        proptest::collection::btree_map(0..2u8, 0..2u8, 0..2),
        proptest::collection::btree_map(0..4u8, part, 0..4),
        any::<bool>(),
    )
        .prop_map(|(configs, networks, services, secret)| Shop {
            configs,
            networks,
            services,
            secret,
        })
}

fn network_name(number: u8, range: u8) -> String {
    format!("{STACK}_n{number}-{range}")
}

fn compile(shop: &Shop) -> Plan {
    let text = |content: u8| format!("content {content}");
    let mut nodes: Vec<Node> = Vec::new();
    nodes.extend(
        shop.configs
            .iter()
            .map(|(number, content)| config(&format!("c{number}"), &text(*content))),
    );
    nodes.extend(shop.networks.iter().map(|(number, range)| {
        network(&format!("n{number}"), |network| {
            network.name = network_name(*number, *range);
            network.attachable = *range > 0;
        })
    }));
    nodes.extend(shop.secret.then(|| secret("db")));
    nodes.extend(shop.services.iter().map(|(number, part)| {
        service(
            &format!("s{number}"),
            &format!("bb:{}", part.image),
            |service| {
                service.replicas = Some(part.replicas);
                service
                    .labels
                    .insert("team".to_owned(), part.label.to_string());
                if part.once {
                    service.mode = plan::Mode::Once;
                    service.restart.condition = Some(plan::Condition::None);
                }
                if let Some((number, content)) = part
                    .config
                    .and_then(|number| shop.configs.get_key_value(&number))
                {
                    let name = config_name(&format!("c{number}"), &text(*content));
                    service.configs.insert("/c".to_owned(), file(name));
                }
                if let Some((number, range)) = part
                    .network
                    .and_then(|number| shop.networks.get_key_value(&number))
                {
                    service
                        .networks
                        .insert(network_name(*number, *range), BTreeSet::new());
                }
                if shop.secret && part.image == 0 {
                    service
                        .secrets
                        .insert("/s".to_owned(), file(format!("{STACK}_db-*")));
                }
            },
        )
    }));
    plan(nodes)
}

fn fresh() -> Model {
    let model = model(values([("db", "s3cret")]));
    model.by_hand(plant).expect("in memory");
    model
}

/// What belongs to others, under names and labels as near to ours as can be.
fn plant(world: &mut World) {
    let owner = BTreeMap::from([("skep.stack".to_owned(), "shop@prod".to_owned())]);
    world
        .create_config("shop_theirs", owner.clone(), b"x")
        .expect("free");
    world
        .create_secret("shop_db", BTreeMap::new(), b"x")
        .expect("free");
    let network = plan::Network {
        name: "shop_n9".to_owned(),
        labels: owner,
        ..plan::Network::default()
    };
    world.create_network(network).expect("free");
    let name = "theirs".to_owned();
    world
        .create_service(plan::Service {
            name,
            image: "bb:1".to_owned(),
            ..plan::Service::default()
        })
        .expect("free");
    world.advance(60_000);
}

/// Objects that are not ours, as they are.
fn foreign(world: &World) -> String {
    let ours = |labels: &BTreeMap<String, String>| {
        labels.get("skep.stack").is_some_and(|stack| stack == STACK)
    };
    let configs: Vec<_> = world
        .configs
        .iter()
        .filter(|(_, config)| !ours(&config.labels))
        .collect();
    let secrets: Vec<_> = world
        .secrets
        .iter()
        .filter(|(_, secret)| !ours(&secret.labels))
        .collect();
    let networks: Vec<_> = world
        .networks
        .iter()
        .filter(|(_, network)| !ours(&network.spec.labels))
        .collect();
    let services: Vec<_> = world
        .services
        .iter()
        .filter(|(_, service)| !ours(&service.spec.labels))
        .collect();
    format!("{configs:?} {secrets:?} {networks:?} {services:?}")
}

/// Our services, and what they use, as far as two ways to the same plan must agree.
fn essence(world: &World) -> BTreeMap<String, plan::Service> {
    let ours = world.services.iter().filter(|(_, service)| {
        service
            .spec
            .labels
            .get("skep.stack")
            .is_some_and(|s| s == STACK)
    });
    ours.map(|(name, service)| (name.clone(), (*service.spec).clone()))
        .collect()
}

async fn converge(model: &Model, plan: &Plan) -> Result<(), TestCaseError> {
    for _ in 0..ROUNDS {
        apply(model, plan).await;
        if changes(model, plan).await.is_empty() {
            break;
        }
    }
    let left = changes(model, plan).await;
    prop_assert!(left.is_empty(), "left after {ROUNDS} rounds: {left:#?}");
    for _ in 0..2 {
        let calls = apply(model, plan).await.calls;
        prop_assert!(calls.is_empty(), "an applied plan sent {calls:?}");
    }
    Ok(())
}

/// What becomes of the calls of one apply: a fate for each, then all as the last one.
fn script() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        4 => Just(Fate::Arrive),
        1 => Just(Fate::LoseRequest),
        1 => Just(Fate::LoseReply),
        1 => Just(Fate::LoseRace),
    ];
    proptest::collection::vec(fate, 0..12)
}

fn play(model: &Model, script: &[Fate], after: Fate) {
    let mut fates = script.to_vec();
    fates.reverse();
    model.break_with(move |_| fates.pop().unwrap_or(after));
}

fn run(test: impl Future<Output = Result<(), TestCaseError>>) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime without threads").block_on(test)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn faults_of_any_kind_leave_nothing_that_a_later_apply_does_not_mend(
        first in shop(), second in shop(), script in script(), crash in any::<bool>(),
    ) {
        run(async {
            let (first, second) = (compile(&first), compile(&second));
            let model = fresh();
            let others = foreign(&model.world().expect("in memory"));
            apply(&model, &first).await;
            // A process that is gone sends nothing any more.
            play(&model, &script, if crash { Fate::LoseRequest } else { Fate::Arrive });
            apply_within(&model, &second, if crash { 1 } else { 3 }).await;
            model.mend();
            converge(&model, &second).await?;
            let straight = fresh();
            apply(&straight, &second).await;
            prop_assert_eq!(essence(&model.world().expect("in memory")), essence(&straight.world().expect("in memory")));
            prop_assert_eq!(foreign(&model.world().expect("in memory")), others);
            Ok(())
        })?;
    }

    #[test]
    fn whatever_others_did_is_put_right(first in shop(), second in shop(), hand in 0..4u8) {
        run(async {
            let (first, second) = (compile(&first), compile(&second));
            let model = fresh();
            apply(&model, &first).await;
            model.by_hand(|world| meddle(world, hand)).expect("in memory");
            converge(&model, &second).await
        })?;
    }

    #[test]
    fn destroying_leaves_nothing_of_ours(shop in shop(), script in script()) {
        run(async {
            let model = fresh();
            let others = foreign(&model.world().expect("in memory"));
            apply(&model, &compile(&shop)).await;
            play(&model, &script, Fate::Arrive);
            apply_within(&model, &plan([]), 3).await;
            model.mend();
            converge(&model, &plan([])).await?;
            let world = model.world().expect("in memory");
            prop_assert_eq!(essence(&world), BTreeMap::new());
            prop_assert_eq!(foreign(&world), others);
            Ok(())
        })?;
    }
}

fn meddle(world: &mut World, hand: u8) {
    let ours = world
        .services
        .values()
        .find(|service| service.spec.labels.contains_key("skep.address"));
    let Some(service) = ours.cloned() else { return };
    let (name, version, mut spec) = (
        service.spec.name.clone(),
        service.meta.version,
        *service.spec,
    );
    let done = match hand {
        0 => world.remove_service(&name),
        1 => {
            "bb:by-hand".clone_into(&mut spec.image);
            world.update_service(&name, version, spec)
        }
        2 => {
            spec.labels.remove("skep.digest");
            world.update_service(&name, version, spec)
        }
        _ => world.update_service(&name, version, spec),
    };
    done.expect("the version is right");
}

/// Each point of one apply at which the process may end, before and after the call took effect.
#[tokio::test(start_paused = true)]
async fn a_crash_at_any_call_is_survived() {
    let shop = |content, image| Shop {
        configs: BTreeMap::from([(0, content)]),
        networks: BTreeMap::from([(0, content % 2)]),
        services: (0..3)
            .map(|number| {
                let once = number == 2;
                (
                    number,
                    Part {
                        image,
                        replicas: 1,
                        once,
                        config: Some(0),
                        network: Some(0),
                        label: 0,
                    },
                )
            })
            .collect(),
        secret: true,
    };
    let (first, second) = (compile(&shop(0, 0)), compile(&shop(1, 1)));
    let whole = {
        let model = fresh();
        apply(&model, &first).await;
        apply(&model, &second).await.calls.len()
    };
    assert!(whole >= 6, "{whole} calls are too few to be a test");
    for point in 0..whole {
        for last in [Fate::LoseRequest, Fate::LoseReply] {
            let model = fresh();
            apply(&model, &first).await;
            let mut script = vec![Fate::Arrive; point];
            script.push(last);
            play(&model, &script, Fate::LoseRequest);
            apply_within(&model, &second, 1).await;
            model.mend();
            converge(&model, &second)
                .await
                .unwrap_or_else(|e| panic!("call {point}, {last:?}: {e}"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_race_is_run_again_against_the_same_content() {
    let model = model(values([]));
    let of = |image: &str| plan([service("api", image, |_| ())]);
    apply(&model, &of("bb:1")).await;
    play(&model, &[Fate::LoseRace, Fate::LoseRace], Fate::Arrive);
    let applied = apply(&model, &of("bb:2")).await;
    assert_eq!(
        (applied.report.outcome, applied.calls.len()),
        (Outcome::Done, 3)
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_not_answered_with_a_second_write() {
    let model = model(values([("db", "x")]));
    let all = plan([
        config("c", "x"),
        secret("db"),
        network("n", |_| ()),
        service("api", "bb:1", |_| ()),
    ]);
    play(&model, &[Fate::LoseReply; 4], Fate::Arrive);
    let applied = apply_within(&model, &all, 3).await;
    assert_eq!(applied.report.outcome, Outcome::Done);
    // One of the four lost replies was that to the making of the key.
    assert_eq!(applied.calls.len(), 4, "{:?}", applied.calls);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_others_hold_is_told_before_and_refused_after() {
    let model = model(values([]));
    let spec = plan::Service {
        name: "SHOP_api".to_owned(),
        image: "bb:1".to_owned(),
        labels: BTreeMap::from([("com.docker.stack.namespace".to_owned(), "blog".to_owned())]),
        ..plan::Service::default()
    };
    model
        .by_hand(|world| world.create_service(spec))
        .expect("in memory")
        .expect("free");
    let before = model.world().expect("in memory").services;
    let wanted = plan([service("api", "bb:1", |_| ())]);
    let look = skep_engine::drive::look(&model, &wanted)
        .await
        .expect("a model can be looked at");
    let owners: Vec<_> = look
        .taken
        .iter()
        .map(|(address, taken)| (address.to_string(), taken.owner.clone()))
        .collect();
    assert_eq!(
        owners,
        [(
            "service.api".to_owned(),
            Some("docker stack blog".to_owned())
        )]
    );
    let applied = apply(&model, &wanted).await;
    assert_eq!(
        applied.report.outcome,
        Outcome::Failed,
        "{:#?}",
        applied.report
    );
    assert_eq!(model.world().expect("in memory").services, before);
}
