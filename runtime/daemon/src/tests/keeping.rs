//! A stack is kept as it was declared.

use std::sync::Arc;
use std::time::Duration;

use skep_schema::api::access::Verb;
use skep_schema::api::audit::Origin;
use skep_schema::api::stack::{Hold, StackEvent, StackState, Wait};
use skep_schema::event::{Outcome, Timestamp};

use super::lab::Lab;
use crate::audit::{self, Occasion, Verdict};
use crate::auth::Permit;
use crate::store::sqlite::Sqlite;

const WEB: &str = "network inner\nservice web { image \"web:1\"; network inner }\n";

#[tokio::test]
async fn a_plan_that_is_pushed_is_applied_and_then_nothing_is_left_to_do() {
    let mut lab = Lab::open("apply \"auto\"").await;
    lab.push(WEB).await;
    let applied = lab.hear("applied").await;
    let StackEvent::Applied { last } = applied.event else {
        panic!("{applied:?}");
    };
    assert_eq!((last.outcome, last.revision), (Outcome::Done, Some(1)));
    lab.until(StackState::InSync).await;
    let world = lab.model().world().expect("a world");
    assert!(world.services.contains_key("shop_web"));
}

/// T26 of the defects to beat: who hears that it is over reads how it ended.
#[tokio::test]
async fn when_the_end_is_told_the_status_says_so_already() {
    let mut lab = Lab::open("apply \"auto\"").await;
    lab.push(WEB).await;
    drop(lab.hear("applied").await);
    let last = lab.status().last.expect("it is over");
    assert_eq!(last.outcome, Outcome::Done);
}

/// T5: drift is seen within seconds, by the target's own events, and only that node is planned.
#[tokio::test]
async fn what_is_removed_by_hand_is_seen_at_once_and_made_again() {
    let mut lab = Lab::open("apply \"auto\"\n drift \"revert\"\n every \"1h\"").await;
    lab.push("config page text=\"hi\"\nnetwork inner\n").await;
    drop(lab.hear("applied").await);
    lab.until(StackState::InSync).await;
    let gone = lab.model().by_hand(|world| {
        world.index += 1;
        world.networks.remove("shop_inner")
    });
    assert!(gone.expect("a world").is_some());
    let applying = lab.hear("applying").await;
    let StackEvent::Applying { summary, .. } = applying.event else {
        panic!("{applying:?}");
    };
    assert_eq!(summary.create, 1, "{summary:?}");
    lab.until(StackState::InSync).await;
}

#[tokio::test]
async fn a_daemon_that_starts_again_goes_on_with_what_was_pushed() {
    let mut lab = Lab::open("apply \"approve\"").await;
    lab.push(WEB).await;
    let waits = StackState::Changes {
        waits_for: Wait::Approval,
    };
    lab.until(waits.clone()).await;
    let mut lab = lab.again("apply \"approve\"").await;
    lab.until(waits).await;
    assert!(lab.model().world().expect("a world").services.is_empty());
}

/// T32: of two daemons for one swarm one stands by.
#[tokio::test]
async fn a_second_daemon_stands_by() {
    let mut first = Lab::open("apply \"auto\"").await;
    first.push(WEB).await;
    drop(first.hear("applied").await);
    let mut second = first.beside("apply \"auto\"").await;
    second.push("network other\n").await;
    let by = Hold::Standby;
    second.until(StackState::Held { by }).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(second.status().state, StackState::Held { by });
    assert!(
        !first
            .model()
            .world()
            .expect("a world")
            .networks
            .contains_key("shop_other")
    );
}

#[tokio::test]
async fn old_records_of_the_audit_are_let_go_of_where_the_settings_say_so() {
    let dir = Arc::new(tempfile::tempdir().expect("a folder"));
    let store = Sqlite::open(&dir.path().join("state")).expect("a store");
    let occasion = Occasion {
        request: "a".repeat(26).parse().expect("an id"),
        from: Origin::Inside,
    };
    let record = audit::allowed(&Permit::own(Verb::Token, None), &occasion, Vec::new());
    for _ in 0..3 {
        let written = audit::write(&store, &record, Timestamp(0)).await;
        written.expect("written");
    }
    drop(store);
    let lab = Lab::with_own(dir, "keep-audit \"1d\"", "apply \"report\"").await;
    for _ in 0..300 {
        let verdict = audit::verify(&*lab.daemon.shared.store, None).await;
        match verdict.expect("it is read") {
            Verdict::Whole { first: 4, .. } => return,
            Verdict::Whole { first: 1, .. } => {}
            other => panic!("{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("they are kept");
}
