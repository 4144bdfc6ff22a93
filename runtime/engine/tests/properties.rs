//! What holds for every apply: any two plans, any order in which calls end, any faults.

#[path = "../../../schema/tests/arbitrary/mod.rs"]
mod arbitrary;
mod sim;

use std::collections::BTreeMap;

use arbitrary::plan;
use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sim::{Fault, Hand, Manner, World, objects, run};
use skep_engine::apply::{Effect, Limits};
use skep_schema::address::Address;
use skep_schema::change::ChangeSet;
use skep_schema::event::{ApplyReport, NodeOutcome, Outcome};
use skep_schema::inventory::Verdict;
use skep_schema::plan::Plan;

/// What the world does to an apply.
#[derive(Clone, Debug)]
struct Weather {
    manners: BTreeMap<Address, Manner>,
    writes: usize,
    hand: Hand,
}

fn fault() -> impl Strategy<Value = Fault> {
    let once = select(vec![
        Fault::Fails(Verdict::CrashLooping),
        Fault::Fails(Verdict::RolledBack),
        Fault::Rejected,
        Fault::Denied,
        Fault::Raced,
        Fault::RacedAlike,
        Fault::Stuck,
        Fault::Mute,
    ]);
    prop_oneof![4 => once, 1 => (1..9u32).prop_map(Fault::Lost)]
}

fn foul(share: f64) -> impl Strategy<Value = Weather> {
    weather(option::weighted(share, fault()))
}

fn fair() -> impl Strategy<Value = Weather> {
    weather(Just(None))
}

fn weather(fault: impl Strategy<Value = Option<Fault>>) -> impl Strategy<Value = Weather> {
    let manner = (0..2_000u64, 0..4u64, fault).prop_map(|(write, checks, fault)| Manner {
        write,
        checks,
        fault,
    });
    let names: Vec<Address> = [
        "network.net",
        "config.c0",
        "config.c1",
        "secret.key",
        "service.s0",
        "service.s1",
        "service.s2",
        "service.s3",
        "service.s4",
    ]
    .map(|name| name.parse().expect(name))
    .to_vec();
    let cancels = prop_oneof![4 => Just(Vec::new()), 1 => prop::collection::vec(0..5_000u64, 1..3)];
    (btree_map(select(names), manner, 0..9), 1..5usize, cancels).prop_map(
        |(manners, writes, cancels)| Weather {
            manners,
            writes,
            hand: Hand {
                cancels,
                crash: None,
            },
        },
    )
}

fn limits(weather: &Weather) -> Limits {
    Limits {
        writes: weather.writes,
        deadline: 60_000,
        ..Limits::default()
    }
}

/// Applies `target` in this world; the report, and the number of inputs it took.
fn apply(
    world: &mut World,
    target: &Plan,
    limits: Limits,
    hand: &Hand,
) -> (ChangeSet, Option<ApplyReport>) {
    let changes = ChangeSet::toward(target, &world.inventory());
    let report = run(world, target, &changes, limits, hand, &mut |_, _| ());
    (changes, report)
}

/// Applies once more in fair weather: it has to work, and then nothing may be left to do.
fn converge(world: &mut World, target: &Plan) {
    world.heal();
    let (_, report) = apply(world, target, Limits::default(), &Hand::default());
    assert_eq!(report.map(|report| report.outcome), Some(Outcome::Done));
    assert_eq!(world.objects, objects(target));
    let (left, report) = apply(world, target, Limits::default(), &Hand::default());
    assert!(left.is_empty(), "{:?}", left.changes);
    assert_eq!(report.map(|report| report.outcome), Some(Outcome::Done));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn in_fair_weather_the_world_becomes_the_plan((a, b, weather) in (plan(), plan(), fair())) {
        let mut world = World::of(&a, weather.manners.clone());
        let (changes, report) = apply(&mut world, &b, limits(&weather), &Hand::default());
        prop_assert_eq!(&world.wrong, &Vec::<String>::new());
        let report = report.expect("it ends");
        prop_assert_eq!(report.outcome, Outcome::Done);
        prop_assert_eq!(report.nodes.len(), changes.changes.len());
        prop_assert_eq!(&world.objects, &objects(&b));
        prop_assert_eq!(world.collected, world.writes > 0);
        prop_assert_eq!(ChangeSet::toward(&b, &world.inventory()).changes, Vec::new());
    }

    #[test]
    fn in_any_weather_it_ends_in_order_and_tells_the_truth((a, b, weather) in (plan(), plan(), foul(0.4))) {
        let mut world = World::of(&a, weather.manners.clone());
        let (changes, report) = apply(&mut world, &b, limits(&weather), &weather.hand);
        prop_assert_eq!(&world.wrong, &Vec::<String>::new());
        let report = report.expect("it ends");
        for change in &changes.changes {
            prop_assert!(report.nodes.contains_key(&change.address), "{} is not in the report", change.address);
        }
        let all_done = report.nodes.values().all(|node| matches!(node, NodeOutcome::Done { .. }));
        prop_assert_eq!(report.outcome == Outcome::Done, all_done);
        if report.outcome == Outcome::Done {
            prop_assert_eq!(&world.objects, &objects(&b));
        }
        let any_done = report.nodes.values().any(|node| matches!(node, NodeOutcome::Done { .. }));
        prop_assert!(report.outcome != Outcome::Failed || !any_done);
        converge(&mut world, &b);
        prop_assert_eq!(&world.wrong, &Vec::<String>::new());
    }

    #[test]
    fn two_plans_without_a_look_between_them_are_applied_alike((a, b, weather) in (plan(), plan(), fair())) {
        let mut world = World::of(&a, weather.manners.clone());
        let changes = ChangeSet::between(&a, &b);
        let mut written = Vec::new();
        let mut note = |_, effect: &Effect| {
            if let Effect::Write(address) = effect {
                written.push(address.clone());
            }
        };
        let report = run(&mut world, &b, &changes, limits(&weather), &Hand::default(), &mut note);
        prop_assert_eq!(&world.wrong, &Vec::<String>::new());
        prop_assert_eq!(report.map(|report| report.outcome), Some(Outcome::Done));
        prop_assert_eq!(&world.objects, &objects(&b));
        for change in &changes.changes {
            let place = |address: &Address| written.iter().position(|w| w == address);
            for before in &change.waits_for {
                prop_assert!(place(&change.address).is_none() || place(before) <= place(&change.address));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn after_a_crash_at_any_input_another_apply_converges((a, b, weather) in (plan(), plan(), foul(0.1))) {
        for crash in 0.. {
            let mut world = World::of(&a, weather.manners.clone());
            let hand = Hand { crash: Some(crash), ..Hand::default() };
            let (_, report) = apply(&mut world, &b, limits(&weather), &hand);
            prop_assert_eq!(&world.wrong, &Vec::<String>::new());
            converge(&mut world, &b);
            prop_assert_eq!(&world.wrong, &Vec::<String>::new());
            if report.is_some() {
                break;
            }
        }
    }
}
