//! Two daemons for one swarm, with one store.

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};
use skep_fixtures::postgres::Cluster;
use skep_schema::api::stack::{Hold, StackState, Wait};
use skep_schema::event::Timestamp;

use super::lab::{Lab, STACK, plan};
use super::watching::Reader;
use crate::clock::now;
use crate::main_loop::{About, Pushed};
use crate::reign;
use crate::store::postgres::tests::Database;
use crate::store::sqlite::{self, Sqlite};
use crate::store::{Batch, Expect, Log, Shelf, Store as _};

const WEB: &str = "network inner\nservice web { image \"web:1\"; network inner }\n";
const STANDBY: StackState = StackState::Held { by: Hold::Standby };

/// The first one acts, and the second stands by.
async fn pair(database: &Database, stack: &str) -> (Lab, Lab) {
    let first = Lab::of_database(&database.url(), stack).await;
    until_acting(&first).await;
    let second = first.beside_with(&database.url(), stack).await;
    (first, second)
}

async fn until_acting(lab: &Lab) {
    for _ in 0..300 {
        if lab.daemon.shared.condition.is_ready() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it does not act: {:#?}", lab.status());
}

async fn until_window(lab: &mut Lab) {
    let waits = |state: &StackState| {
        let StackState::Changes { waits_for } = state else {
            return false;
        };
        matches!(waits_for, Wait::Window { .. })
    };
    while !waits(&lab.status().state) {
        drop(lab.hear("state").await);
    }
}

/// A window that is neither now nor soon.
fn later() -> String {
    const DAYS: [&str; 7] = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"];
    let Timestamp(now) = now();
    let day = usize::try_from(now / 86_400_000 + 3).expect("a day") % 7;
    format!("window \"{}\"", DAYS[day])
}

async fn put(lab: &Lab, text: &str) -> (StatusCode, Value) {
    let plan = serde_json::to_value(plan(text)).expect("plain data");
    lab.send("PUT", &format!("/v1/stacks/{STACK}/plan"), &plan)
        .await
}

async fn approve(lab: &Lab) -> (StatusCode, Value) {
    let changes = lab.get(&format!("/v1/stacks/{STACK}/changes")).await;
    let changes: Value = serde_json::from_slice(&changes.body).expect("JSON");
    let body = json!({ "changes": changes["id"], "consent": {} });
    lab.send("PUT", &format!("/v1/stacks/{STACK}/approval"), &body)
        .await
}

/// Pushes a plan and approves it; then it waits for a window, as `later` gives one.
async fn push_and_approve(lab: &mut Lab) {
    let (status, answer) = put(lab, WEB).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let waits_for = Wait::Approval;
    lab.until(StackState::Changes { waits_for }).await;
    let (status, answer) = approve(lab).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    until_window(lab).await;
    assert!(lab.status().approved_by.is_some());
}

#[tokio::test]
async fn who_takes_over_knows_what_was_pushed_and_approved() {
    let database = Database::new();
    let policy = format!("apply approve\n {}", later());
    let (mut first, mut second) = pair(&database, &policy).await;
    push_and_approve(&mut first).await;
    let approved = first.status();
    assert_eq!(second.status().state, STANDBY);
    assert_eq!(second.status().approved_by, None);
    first.daemon.stop().await;
    until_window(&mut second).await;
    let status = second.status();
    assert_eq!(status.approved_by, approved.approved_by);
    assert_eq!(status.plan, approved.plan);
}

#[tokio::test]
async fn a_daemon_whose_store_moves_into_a_database_knows_what_it_knew() {
    let database = Database::new();
    let policy = format!("apply approve\n {}", later());
    let mut alone = Lab::open(&policy).await;
    push_and_approve(&mut alone).await;
    let before = alone.status();
    let told = alone.daemon.shared.journal.newest();
    let mut moved = alone.again_in(&database.url(), &policy).await;
    assert!(moved.daemon.shared.store.is_shared());
    assert!(moved.daemon.shared.journal.newest() >= told);
    until_window(&mut moved).await;
    let after = moved.status();
    assert_eq!(after.approved_by, before.approved_by);
    assert_eq!(after.plan, before.plan);
}

#[tokio::test]
async fn whose_reign_was_taken_writes_nothing_more_until_it_has_it_again() {
    let database = Database::new();
    let mut first = Lab::of_database(&database.url(), "apply report").await;
    until_acting(&first).await;
    first.push(WEB).await;
    first
        .until(StackState::Changes {
            waits_for: Wait::Report,
        })
        .await;
    let store = Arc::clone(&first.daemon.shared.store);
    // As a successor does that this daemon has not heard of.
    let stacks = [STACK.to_owned()];
    let reigns = reign::begin(&*store, &stacks, "skep@other".to_owned(), now()).await;
    let other = plan("network other\n");
    let body = serde_json::to_vec(&other).expect("plain data");
    let his = Batch::default()
        .put(Shelf::Plan, STACK, Expect::Anything, body)
        .require(Shelf::Reign, STACK, reigns.expect("it is begun")[STACK]);
    store.commit(his).await.expect("he has it");
    let before = store.last(Log::Events).await.expect("it is read");
    let (status, answer) = put(&first, "network mine\n").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    assert_eq!(
        answer["error"],
        "another daemon acts for `shop`: `skep@other`"
    );
    let kept = store
        .get(Shelf::Plan, STACK)
        .await
        .expect("it is read")
        .expect("a plan");
    assert_eq!(kept.version, 2, "only he wrote it");
    let after = store
        .read(Log::Events, before.expect("a line").number, 10)
        .await;
    assert_eq!(after.expect("it is read"), [], "nothing is told");
    // It has the lease still, so it is told so again, takes over, and begins with what he left.
    until_acting(&first).await;
    while first.status().plan != Some(other.digest.clone()) {
        drop(first.hear("planned").await);
    }
}

/// Numbers without a gap, and kinds, until one of a kind comes.
async fn follow(reader: &mut Reader, word: &str) -> Vec<(u64, String)> {
    let mut heard: Vec<(u64, String)> = Vec::new();
    loop {
        let (number, kind) = reader.next().await;
        if let Some((last, _)) = heard.last() {
            assert_eq!(number, last + 1, "after {heard:?}");
        }
        heard.push((number, kind.clone()));
        if kind == word {
            return heard;
        }
    }
}

#[tokio::test]
async fn whoever_follows_the_one_that_stands_by_hears_what_the_other_does() {
    let database = Database::new();
    let (first, second) = pair(&database, "apply auto").await;
    let (mut at_first, mut at_second) = (
        Reader::open(&first, None).await,
        Reader::open(&second, None).await,
    );
    for reader in [&mut at_first, &mut at_second] {
        assert_eq!(reader.next().await.1, "snapshot");
    }
    first.push(WEB).await;
    let (here, there) = tokio::join!(
        follow(&mut at_first, "applied"),
        follow(&mut at_second, "applied")
    );
    let after = |heard: &[(u64, String)], number| -> Vec<(u64, String)> {
        heard
            .iter()
            .filter(|(one, _)| *one >= number)
            .cloned()
            .collect()
    };
    let begin = here[0].0.max(there[0].0);
    assert_eq!(after(&here, begin), after(&there, begin));
    assert_eq!(second.status().state, STANDBY, "and it is silent itself");
}

#[tokio::test]
async fn the_one_that_stands_by_says_who_acts_and_keeps_nothing() {
    let database = Database::new();
    let (_first, second) = pair(&database, "apply report").await;
    let (status, answer) = put(&second, WEB).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{answer}");
    let error = answer["error"].as_str().unwrap_or_default();
    assert!(
        error.starts_with("another daemon acts for `shop`: `skep@"),
        "{answer}"
    );
    assert!(answer["help"].is_string(), "{answer}");
    let store = &second.daemon.shared.store;
    assert_eq!(
        store.get(Shelf::Plan, STACK).await.expect("it is read"),
        None
    );
    let path = format!("/v1/stacks/{STACK}/look");
    let (status, _) = second.send("POST", &path, &json!({})).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        second.get("/readyz").await.status,
        StatusCode::SERVICE_UNAVAILABLE
    );
}

#[tokio::test]
async fn tokens_and_the_audit_are_those_of_both() {
    let database = Database::new();
    let (first, second) = pair(&database, "apply report").await;
    let token = json!({ "name": "ci", "role": "viewer", "stacks": "*", "days": 1 });
    let (status, made) = second.send("POST", "/v1/tokens", &token).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let (status, _) = first.send("POST", "/v1/tokens", &token).await;
    assert_eq!(status, StatusCode::CONFLICT, "the name is taken");
    let listed = first.get("/v1/tokens").await;
    let listed: Value = serde_json::from_slice(&listed.body).expect("JSON");
    assert_eq!(listed["tokens"][0]["name"], "ci", "{listed}");
    let check = first.get("/v1/audit/check").await;
    let check: Value = serde_json::from_slice(&check.body).expect("JSON");
    assert_eq!(check["whole"], true, "{check}");
}

#[tokio::test]
async fn a_database_that_was_away_is_gone_on_with() {
    let database = Database::of(Arc::new(Cluster::alone()));
    let mut lab = Lab::of_database(&database.url(), "apply auto").await;
    until_acting(&lab).await;
    let mut reader = Reader::open(&lab, None).await;
    assert_eq!(reader.next().await.1, "snapshot");
    database.cluster.stop();
    let text = plan(WEB);
    let (answer, answered) = tokio::sync::oneshot::channel();
    let pushed = Pushed {
        plan: text,
        who: "ann".to_owned(),
        answer,
    };
    lab.say(About::Pushed(Box::new(pushed))).await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(!lab.daemon.shared.condition.is_storing());
    assert_eq!(lab.status().plan, None, "what is not stored is not shown");
    database.cluster.start();
    answered.await.expect("it is stored");
    follow(&mut reader, "applied").await;
    lab.until(StackState::InSync).await;
    assert!(lab.daemon.shared.condition.is_storing());
}

/// It lets an apply end for 30 s, and waits 5 s more for the store.
#[tokio::test]
async fn a_daemon_whose_database_is_away_comes_to_an_end() {
    let database = Database::of(Arc::new(Cluster::alone()));
    let lab = Lab::of_database(&database.url(), "apply report").await;
    until_acting(&lab).await;
    lab.push(WEB).await;
    database.cluster.stop();
    let ended = tokio::time::timeout(Duration::from_mins(1), lab.daemon.stop()).await;
    assert!(ended.is_ok(), "it waits for the database");
}

#[tokio::test]
async fn a_backup_of_the_database_is_a_store_in_a_file() {
    let database = Database::new();
    let lab = Lab::of_database(&database.url(), "apply report").await;
    until_acting(&lab).await;
    lab.push(WEB).await;
    let copy = lab.get("/v1/backup").await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(sqlite::file(folder.path()), &copy.body).expect("it is written");
    let store = Sqlite::open(folder.path()).expect("it opens");
    let plans = store.list(Shelf::Plan).await;
    assert_eq!(plans.expect("it is read").len(), 1);
}
