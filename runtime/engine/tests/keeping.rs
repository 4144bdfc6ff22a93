//! What holds however a stack is kept: any settings, whatever happens, in any order.

mod keep;

use keep::Yard;
use keep::script::{command, settled};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use skep_schema::api::stack::{ApplyPolicy, DriftPolicy, StackState, Wait};

/// A stack's settings, as a script has them.
fn settings() -> impl Strategy<Value = String> {
    let apply = select(vec![
        "apply=auto",
        "apply=auto",
        "apply=approve",
        "apply=report",
    ]);
    let drift = select(vec!["drift=report", "drift=revert"]);
    let windows = select(vec!["", "", "windows"]);
    (apply, drift, windows).prop_map(|(apply, drift, windows)| format!("{apply} {drift} {windows}"))
}

fn nodes() -> impl Strategy<Value = String> {
    let version = || prop::option::weighted(0.8, 1..4u8);
    (version(), version(), version(), any::<bool>()).prop_map(|(a, b, c, waits)| {
        let mut words = Vec::new();
        words.extend(a.map(|version| format!("service.a={version}")));
        let waits = if waits && a.is_some() {
            "<service.a"
        } else {
            ""
        };
        words.extend(b.map(|version| format!("service.b={version}{waits}")));
        words.extend(c.map(|version| format!("service.c={version}")));
        words.join(" ")
    })
}

fn node() -> impl Strategy<Value = &'static str> {
    select(vec!["service.a", "service.b", "service.c"])
}

/// One thing that happens, as a line of a script.
fn happening() -> impl Strategy<Value = String> {
    let plain = select(vec![
        "source broken it is gone",
        "destroyed",
        "event service-a",
        "person ann",
        "retry ann",
        "approve ann",
        "approve ann retry",
        "approve ann retry allow-deletes=9",
        "withdraw bob",
        "hold standby",
        "hold draining",
        "release standby",
        "release draining",
        "target down",
        "target up",
        "lock held",
        "lock free",
        "history refuses",
        "history accepts",
        "restart",
        "restart without-store",
    ]);
    prop_oneof![
        4 => nodes().prop_map(|nodes| format!("source {nodes}")),
        1 => nodes().prop_map(|nodes| format!("other bob {nodes}")),
        2 => (node(), 1..9u8).prop_map(|(node, version)| format!("outside {node}={version}")),
        1 => node().prop_map(|node| format!("outside removes {node}")),
        2 => (select(vec!["fails", "lacks", "works", "ill", "well"]), node())
            .prop_map(|(how, node)| format!("{how} {node}")),
        6 => select(vec![0u64, 1, 3, 10, 70, 400, 4_000]).prop_map(|wait| format!("wait {wait}")),
        6 => plain.prop_map(str::to_owned),
    ]
}

fn story() -> impl Strategy<Value = (String, Vec<String>)> {
    (settings(), vec(happening(), 1..40))
}

fn live(settings: &str, story: &[String]) -> Yard {
    let mut yard = settled(settings);
    for line in story {
        command(&mut yard, line);
    }
    yard
}

/// Everything works, and nothing is held back any more.
fn heal(yard: &mut Yard) {
    for line in [
        "target up",
        "lock free",
        "history accepts",
        "release standby",
        "release draining",
        "works service.a",
        "works service.b",
        "works service.c",
        "well service.a",
        "well service.b",
        "well service.c",
    ] {
        command(yard, line);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 400, ..ProptestConfig::with_cases(160) })]

    #[test]
    fn nothing_happens_that_must_not((settings, story) in story()) {
        let yard = live(&settings, &story);
        prop_assert_eq!(&yard.wrong, &Vec::<String>::new());
    }

    #[test]
    fn every_trigger_is_followed_by_a_look_once_one_can_be_made((settings, story) in story()) {
        let mut yard = live(&settings, &story);
        heal(&mut yard);
        command(&mut yard, "source service.a=7");
        yard.wait(120_000);
        let asked = yard.now;
        command(&mut yard, "event service-a");
        yard.wait(20_000);
        prop_assert!(yard.looked.is_some_and(|looked| looked >= asked));
    }

    #[test]
    fn when_faults_end_and_people_agree_the_target_is_as_it_shall_be((settings, story) in story()) {
        let mut yard = live(&settings, &story);
        command(&mut yard, "source service.a=7 service.b=1<service.a");
        heal(&mut yard);
        for _ in 0..4 {
            yard.wait(4_000_000);
            command(&mut yard, "approve ann retry allow-deletes=9");
        }
        yard.wait(8_000_000);
        prop_assert_eq!(&yard.wrong, &Vec::<String>::new());
        if yard.policy().0 == ApplyPolicy::Report {
            let told = StackState::Changes { waits_for: Wait::Report };
            prop_assert_eq!(yard.applies, 0);
            prop_assert!([told, StackState::Drifted, StackState::InSync].contains(yard.state()));
        } else {
            prop_assert_eq!(yard.state(), &StackState::InSync);
            prop_assert!(yard.is_as_desired());
            prop_assert!(yard.status().unhealthy.is_empty());
        }
    }

    #[test]
    fn unasked_it_comes_to_rest((settings, story) in story()) {
        let mut yard = live(&settings, &story);
        heal(&mut yard);
        yard.wait(20_000_000);
        let applies = yard.applies;
        yard.wait(20_000_000);
        prop_assert_eq!(yard.applies, applies);
        let (apply, drift) = yard.policy();
        let is_free = apply == ApplyPolicy::Auto && drift == DriftPolicy::Revert;
        let rests = match yard.state() {
            StackState::InSync | StackState::Held { .. } | StackState::Failed { again: None } => true,
            StackState::Drifted => drift == DriftPolicy::Report || apply == ApplyPolicy::Report,
            StackState::Changes { waits_for } => match waits_for {
                Wait::Report | Wait::Approval => !is_free,
                Wait::Consent => true,
                Wait::Source | Wait::Window { .. } | Wait::Turn { .. } => false,
            },
            StackState::Unknown => !yard.has_plan(),
            StackState::Applying | StackState::Failed { again: Some(_) } => false,
        };
        prop_assert!(rests, "{:?}", yard.state());
    }
}
