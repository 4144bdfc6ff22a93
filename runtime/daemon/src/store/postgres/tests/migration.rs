//! Formats of the shared store.

use super::super::tables::{STEPS, migrate};
use super::*;
use crate::store::StoreError;
use crate::store::format::Step;

const ADDS: &[Step] = &[STEPS[0], ADDITION];
const CHANGES: &[Step] = &[STEPS[0], ADDITION, CHANGE];
const BREAKS: &[Step] = &[STEPS[0], ADDITION, BROKEN];

const ADDITION: Step = Step {
    oldest: 1,
    sql: "CREATE TABLE skep.more (key text NOT NULL); INSERT INTO skep.more SELECT key FROM skep.document;",
};
const CHANGE: Step = Step {
    oldest: 3,
    sql: "ALTER TABLE skep.document RENAME COLUMN body TO content;",
};
const BROKEN: Step = Step {
    oldest: 3,
    sql: "ALTER TABLE skep.document RENAME COLUMN body TO content; DROP TABLE skep.nothing;",
};

async fn said(database: &Database) -> (i64, i64) {
    let sql = "SELECT number, oldest FROM skep.format";
    let row = database.client().await.query_one(sql, &[]).await;
    let row = row.expect("it is said once");
    (row.get(0), row.get(1))
}

#[tokio::test]
async fn daemons_that_open_a_new_store_at_once_make_it_once() {
    let database = Database::new();
    let told = database.told();
    let open = || Postgres::open(&told);
    let (one, two, three) = tokio::join!(open(), open(), open());
    for opened in [one, two, three] {
        drop(opened.expect("it opens"));
    }
    assert_eq!(said(&database).await, (1, 1));
}

#[tokio::test]
async fn the_program_before_goes_on_where_a_step_added_and_is_refused_where_it_changed() {
    let (store, database) = open().await;
    let mut client = database.client().await;
    migrate(&mut client, ADDS).await.expect("it is done");
    assert_eq!(said(&database).await, (2, 1));
    drop(Postgres::open(&database.told()).await.expect("it opens"));
    migrate(&mut client, CHANGES).await.expect("it is done");
    assert_eq!(said(&database).await, (3, 3));
    let refused = Postgres::open(&database.told()).await.err();
    let newer = StoreError::Newer {
        found: 3,
        oldest: 3,
        known: 1,
    };
    assert_eq!(refused, Some(newer));
    drop(store);
}

#[tokio::test]
async fn a_way_that_fails_half_way_leaves_the_old_format() {
    let (_store, database) = open().await;
    let mut client = database.client().await;
    migrate(&mut client, BREAKS)
        .await
        .expect_err("its last step fails");
    assert_eq!(said(&database).await, (1, 1));
    let sql = "SELECT to_regclass('skep.more') IS NULL";
    let row = client.query_one(sql, &[]).await.expect("it is read");
    assert!(row.get::<_, bool>(0), "a step is left");
}

/// Whoever is killed on the way has not committed, so the server takes all of it back.
#[tokio::test]
async fn a_program_that_is_killed_on_the_way_leaves_the_old_format() {
    let (_store, database) = open().await;
    let mut client = database.client().await;
    let step = client.transaction().await.expect("it begins");
    step.batch_execute(ADDITION.sql).await.expect("it is done");
    let pid = step.query_one("SELECT pg_backend_pid()", &[]).await;
    let pid: i32 = pid.expect("it is read").get(0);
    let other = database.client().await;
    let killed = other
        .execute("SELECT pg_terminate_backend($1)", &[&pid])
        .await;
    killed.expect("it is ended");
    drop(step);
    assert_eq!(said(&database).await, (1, 1));
    let mut client = database.client().await;
    migrate(&mut client, ADDS)
        .await
        .expect("the next one goes all the way");
    assert_eq!(said(&database).await, (2, 1));
}
