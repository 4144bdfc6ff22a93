//! The connection breaks, or the database goes.

use std::time::Duration;

use skep_fixtures::postgres::Cluster;
use skep_schema::event::Timestamp;

use super::super::commit::commit;
use super::super::place::Place;
use super::super::{Clerk, Doubt};
use super::*;
use crate::store::{Batch, Log, StoreError};

fn line(number: u64) -> Batch {
    Batch::default().append(Log::Events, Timestamp(number), number.to_string().into())
}

/// As the main loop does it.
async fn until_written(store: &dyn Store, batch: &Batch) {
    let mut tries = 0;
    while let Err(error) = store.commit(batch.clone()).await {
        assert!(matches!(error, StoreError::Unwritable(_)), "{error:?}");
        tries += 1;
        assert!(tries < 60, "{error}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn numbers(store: &dyn Store) -> Vec<u64> {
    let lines = store
        .read(Log::Events, 0, 10_000)
        .await
        .expect("it is read");
    let text = |body: Vec<u8>| String::from_utf8(body).expect("text");
    lines
        .into_iter()
        .map(|one| text(one.body).parse().expect("a number"))
        .collect()
}

#[tokio::test]
async fn a_database_that_stops_and_starts_loses_nothing_and_has_nothing_twice() {
    let database = Database::of(Arc::new(Cluster::alone()));
    let store = Postgres::open(&database.told()).await.expect("it opens");
    let cluster = Arc::clone(&database.cluster);
    let stops = std::thread::spawn(move || {
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(700));
            cluster.stop();
            std::thread::sleep(Duration::from_millis(700));
            cluster.start();
        }
    });
    let mut written = 0;
    while !stops.is_finished() {
        written += 1;
        until_written(&store, &line(written)).await;
    }
    stops.join().expect("it ends");
    assert_eq!(numbers(&store).await, (1..=written).collect::<Vec<_>>());
}

/// The answer to a commit is lost: it came true, and asking for it again does nothing.
#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_not_done_twice() {
    let (store, database) = open().await;
    let (told, batch) = (database.told(), line(1));
    let place = Arc::new(Place::of(&told).expect("an address"));
    let mut client = place.connect().await.expect("it opens");
    let sent = commit(&mut client, &batch, &mut Vec::new()).await;
    let lines = sent.ok().expect("it is written");
    let mut clerk = Clerk {
        place,
        client: Some(client),
        tried: tokio::time::Instant::now(),
        doubts: vec![Doubt {
            batch: batch.clone(),
            sent: lines.clone(),
        }],
    };
    assert_eq!(clerk.commit(batch.clone()).await, Ok(lines));
    assert_eq!(numbers(&*store).await, [1]);
    assert_eq!(
        clerk.commit(batch).await.expect("it is another")[0].number,
        2
    );
}

/// Who sleeps in a transaction keeps nobody from the log for long.
#[tokio::test]
async fn a_sleeper_with_the_log_in_hand_is_let_go_of() {
    let (store, database) = open().await;
    let place = Place::of(&database.told()).expect("an address");
    let mut sleeper = place.connect().await.expect("it opens");
    let step = sleeper.transaction().await.expect("it begins");
    let sql = "SELECT 1 FROM skep.head WHERE log = 'events' FOR UPDATE";
    step.query_one(sql, &[]).await.expect("it has it");
    let refused = store.commit(line(1)).await.expect_err("he has it still");
    assert!(matches!(refused, StoreError::Unwritable(_)), "{refused:?}");
    until_written(&*store, &line(1)).await;
    step.commit().await.expect_err("his transaction is gone");
    assert_eq!(numbers(&*store).await, [1]);
}

#[tokio::test]
async fn a_connection_that_is_ended_is_opened_again() {
    let (store, database) = open().await;
    until_written(&*store, &line(1)).await;
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name = 'skep' AND datname = current_database()";
    let ended = database.client().await.execute(sql, &[]).await;
    assert_eq!(ended.expect("it is ours"), 1);
    until_written(&*store, &line(2)).await;
    assert_eq!(numbers(&*store).await, [1, 2]);
}
