//! The journal of a stack, and what it keeps for a rollback.

use skep_engine::journal::{Journal, KEPT};
use skep_engine::provider::Provider;
use skep_providers::model::Model;
use skep_providers::secrets::Secrets;
use skep_schema::address::Address;
use skep_schema::change::{ChangeSet, Summary};
use skep_schema::event::{Outcome, Timestamp};
use skep_schema::plan::Plan;
use skep_schema::revision::{Ending, Purpose, REVISION_FORMAT, Revision, failed_before};

use crate::support::{STACK, plan, service};

fn model() -> Model {
    Model::open(None, STACK, Secrets::default()).expect("it is in memory")
}

fn revision(number: u32, image: &str) -> Revision {
    Revision {
        format: REVISION_FORMAT.to_owned(),
        number,
        begun: Timestamp(number.into()),
        by: "ann@laptop".to_owned(),
        purpose: Purpose::Apply,
        summary: Summary::default(),
        plan: plan([service("api", image, |_| {})]),
        secrets: [].into(),
        env: [].into(),
    }
}

fn ending(outcome: Outcome) -> Ending {
    Ending {
        at: Timestamp(99),
        outcome,
        failed: [].into(),
    }
}

async fn record(model: &Model, image: &str, end: Ending) -> Journal {
    let journal = Journal::read(model).await.expect("it answers");
    let revision = revision(journal.next(), image);
    let begun = journal.begin(model, &revision).await.expect("it is new");
    journal.end(model, begun, &end).await.expect("it is ours");
    Journal::read(model).await.expect("it answers")
}

#[tokio::test]
async fn what_was_written_is_read_again_in_order() {
    let model = model();
    for image in ["app:1", "app:2"] {
        record(&model, image, ending(Outcome::Done)).await;
    }
    let journal = Journal::read(&model).await.expect("it answers");
    let read: Vec<_> = journal
        .entries()
        .iter()
        .map(|entry| &entry.revision)
        .collect();
    assert_eq!(read, [&revision(1, "app:1"), &revision(2, "app:2")]);
    assert_eq!(
        journal.last().and_then(|e| e.ending.clone()),
        Some(ending(Outcome::Done))
    );
}

#[tokio::test]
async fn an_apply_that_was_killed_stays_without_an_end() {
    let model = model();
    let journal = Journal::read(&model).await.expect("it answers");
    let _killed = journal
        .begin(&model, &revision(1, "app:1"))
        .await
        .expect("it is new");
    let journal = Journal::read(&model).await.expect("it answers");
    assert_eq!(journal.last().map(|entry| entry.ending.clone()), Some(None));
    assert_eq!(journal.next(), 2);
}

#[tokio::test]
async fn a_number_is_given_once() {
    let model = model();
    let journal = Journal::read(&model).await.expect("it answers");
    let _first = journal
        .begin(&model, &revision(1, "app:1"))
        .await
        .expect("it is new");
    assert!(journal.begin(&model, &revision(1, "app:2")).await.is_err());
}

#[tokio::test]
async fn only_the_newest_stay() {
    let model = model();
    for _ in 0..KEPT + 3 {
        record(&model, "app:1", ending(Outcome::Done)).await;
    }
    let journal = Journal::read(&model).await.expect("it answers");
    let numbers: Vec<u32> = journal
        .entries()
        .iter()
        .map(|e| e.revision.number)
        .collect();
    assert_eq!(numbers, (4..=13).collect::<Vec<u32>>());
    Journal::clear(&model).await.expect("it answers");
    assert!(Journal::read(&model).await.expect("it answers").is_empty());
}

/// Losing the journal costs history and nothing else; so does a record that somebody spoiled.
#[tokio::test]
async fn a_spoiled_record_is_told_and_hides_no_other() {
    let model = model();
    record(&model, "app:1", ending(Outcome::Done)).await;
    record(&model, "app:2", ending(Outcome::Done)).await;
    let spoil = |world: &mut skep_providers::model::World| {
        let (name, config) = world.configs.first_key_value().expect("there are records");
        let (name, labels) = (name.clone(), config.labels.clone());
        world.remove_config(&name).expect("nothing uses it");
        world
            .create_config(&name, labels, b"not a revision")
            .expect("it fits");
    };
    model.by_hand(spoil).expect("it is in memory");
    let journal = Journal::read(&model).await.expect("it answers");
    assert_eq!(
        (
            journal.unreadable().collect::<Vec<_>>(),
            journal.entries().len()
        ),
        (vec![1], 1)
    );
    assert_eq!(journal.next(), 3);
}

#[tokio::test]
async fn the_way_back_leads_to_what_worked_and_was_different() {
    let model = model();
    assert!(Journal::default().before_last().is_none());
    record(&model, "app:1", ending(Outcome::Done)).await;
    record(&model, "app:2", ending(Outcome::RolledBack)).await;
    record(&model, "app:3", ending(Outcome::Done)).await;
    let journal = record(&model, "app:3", ending(Outcome::Done)).await;
    assert_eq!(
        journal.before_last().map(|entry| entry.revision.number),
        Some(1)
    );
}

#[tokio::test]
async fn what_failed_is_known_until_something_else_worked() {
    let model = model();
    let spoiled = revision(1, "app:bad").plan;
    let address: Address = "service.api".parse().expect("it is an address");
    let changes = ChangeSet::between(&Plan::empty(STACK, None), &spoiled);
    let failed = Ending {
        failed: [(address.clone(), spoiled.nodes[&address].digest.clone())].into(),
        ..ending(Outcome::RolledBack)
    };
    let journal = record(&model, "app:bad", failed).await;
    assert_eq!(failed_before(journal.entries(), &changes), [(address, 1)]);
    let other = ChangeSet::between(&Plan::empty(STACK, None), &revision(1, "app:2").plan);
    assert_eq!(failed_before(journal.entries(), &other), []);
    let journal = record(&model, "app:2", ending(Outcome::Done)).await;
    assert_eq!(
        failed_before(journal.entries(), &changes),
        [],
        "the ground may be another now"
    );
}

#[tokio::test]
async fn records_are_no_objects_of_the_stack() {
    let model = model();
    record(&model, "app:1", ending(Outcome::Done)).await;
    let seen = model
        .observe(&Plan::empty(STACK, None))
        .await
        .expect("it answers");
    assert!(seen.nodes.is_empty() && seen.superseded.is_empty());
}
