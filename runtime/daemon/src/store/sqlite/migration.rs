//! A store from one format to the next, and back to the program before.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::tables::STEPS;
use super::*;
use crate::audit::{self, Verdict};
use crate::auth::tokens::Tokens;

/// What a program of format 1 wrote.
const FIRST: &str = include_str!("../../../../../fixtures/store/format-1.sql");

/// A program that only adds, one that changes what there is, and one whose step fails half-way.
const ADDS: &[Step] = &[STEPS[0], STEPS[1], ADDITION];
const CHANGES: &[Step] = &[STEPS[0], STEPS[1], ADDITION, CHANGE];
const BREAKS: &[Step] = &[STEPS[0], STEPS[1], ADDITION, BROKEN];

const ADDITION: Step = Step {
    oldest: 2,
    sql: "CREATE TABLE more (key TEXT NOT NULL) STRICT; INSERT INTO more SELECT key FROM document;",
};
const CHANGE: Step = Step {
    oldest: 4,
    sql: "ALTER TABLE document RENAME COLUMN body TO content;",
};
const BROKEN: Step = Step {
    oldest: 4,
    sql: "ALTER TABLE document RENAME COLUMN body TO content; DROP TABLE nothing;",
};

/// A folder with a store as it was.
fn of_format_1() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let connection = Connection::open(file(folder.path())).expect("a file");
    connection.execute_batch(FIRST).expect("it is SQL");
    folder
}

/// The format, and the oldest program for it.
fn said(folder: &Path) -> (u32, u32) {
    let connection = Connection::open(file(folder)).expect("a file");
    let oldest = connection.pragma_query_value(None, "user_version", |row| row.get(0));
    let number = connection.query_row("SELECT number FROM format", [], |row| row.get(0));
    (number.unwrap_or(1), oldest.expect("a number"))
}

/// All that is in a store, but for what says its format.
fn whole(folder: &Path) -> Vec<String> {
    let connection = Connection::open(file(folder)).expect("a file");
    let rows = |sql: &str| -> Vec<String> {
        let mut asked = connection.prepare(sql).expect("sql");
        let rows = asked.query_map([], |row| row.get(0)).expect("rows");
        rows.map(|row| row.expect("text")).collect()
    };
    let documents = "SELECT shelf || key || version || hex(body) FROM document ORDER BY shelf, key";
    let lines =
        "SELECT log || number || at || hex(body) || hex(chain) FROM line ORDER BY log, number";
    let heads = "SELECT log || number || hex(chain) FROM head ORDER BY log";
    [rows(documents), rows(lines), rows(heads)].concat()
}

#[tokio::test]
async fn a_store_of_the_first_format_is_upgraded_and_keeps_all() {
    let folder = of_format_1();
    let before = whole(folder.path());
    assert_eq!(before.len(), 16, "{before:#?}");
    let store = Sqlite::open(folder.path()).expect("it opens");
    assert_eq!(whole(folder.path()), before);
    assert_eq!(said(folder.path()), (2, 1));
    let audit = audit::verify(&store, None).await.expect("it is read");
    assert!(
        matches!(audit, Verdict::Whole { first: 1, .. }),
        "{audit:?}"
    );
    let events = store.read(Log::Events, 0, 10).await.expect("it is read");
    for pair in events.windows(2) {
        let (before, line) = (pair[0].chain, &pair[1]);
        let chain = chained(&before, line.number, line.at, &line.body);
        assert_eq!(chain, line.chain);
    }
    let tokens = Tokens::new(Arc::new(store)).list().await;
    assert_eq!(tokens.expect("they are read").tokens.len(), 2);
}

#[test]
fn a_new_store_has_the_newest_format() {
    let folder = tempfile::tempdir().expect("a folder");
    drop(Sqlite::open(folder.path()).expect("it opens"));
    assert_eq!(said(folder.path()), (2, 1));
}

#[tokio::test]
async fn the_program_before_goes_on_with_what_a_step_added_to() {
    let folder = of_format_1();
    drop(Sqlite::open_as(folder.path(), ADDS).expect("the newer one opens it"));
    assert_eq!(said(folder.path()), (3, 2));
    let store = Sqlite::open_as(folder.path(), STEPS).expect("the one before opens it");
    let batch = Batch::default().append(Log::Events, Timestamp(9), b"later".to_vec());
    let lines = store.commit(batch).await.expect("and writes it");
    assert_eq!(lines[0].number, 8);
    drop(store);
    assert_eq!(said(folder.path()), (3, 2), "it stays what it was");
    drop(Sqlite::open_as(folder.path(), ADDS).expect("and the newer one once more"));
}

#[test]
fn a_program_that_is_too_old_is_refused_and_changes_nothing() {
    let folder = of_format_1();
    drop(Sqlite::open_as(folder.path(), CHANGES).expect("the newest one opens it"));
    for (steps, known) in [(ADDS, 3), (STEPS, 2), (&STEPS[..1], 1)] {
        let refused = Sqlite::open_as(folder.path(), steps).expect_err("it is too old");
        let newer = StoreError::Newer {
            found: 4,
            oldest: 4,
            known,
        };
        assert_eq!(refused, newer);
    }
    assert_eq!(said(folder.path()), (4, 4));
}

/// A program of format 1 knows of no table that says the format, and looks at `user_version` alone.
#[test]
fn a_program_of_the_first_format_opens_what_this_one_wrote() {
    let folder = of_format_1();
    drop(Sqlite::open(folder.path()).expect("this one opens it"));
    drop(Sqlite::open_as(folder.path(), &STEPS[..1]).expect("the first one opens it"));
    assert_eq!(said(folder.path()), (2, 1));
}

#[test]
fn a_way_that_fails_half_way_leaves_the_old_format() {
    let folder = of_format_1();
    let before = whole(folder.path());
    let failed = Sqlite::open_as(folder.path(), BREAKS).expect_err("its last step fails");
    assert!(matches!(failed, StoreError::Unwritable(_)), "{failed:?}");
    assert_eq!(said(folder.path()), (1, 1));
    assert_eq!(whole(folder.path()), before);
    drop(Sqlite::open_as(folder.path(), &STEPS[..1]).expect("the old one opens it"));
}

/// What lies on the disk at each moment of the way is what a program finds after one that was killed then.
#[test]
fn a_program_that_is_killed_on_the_way_leaves_the_old_format() {
    let folder = of_format_1();
    let before = whole(folder.path());
    let mut connection = Connection::open(file(folder.path())).expect("a file");
    settle(&connection).expect("it is settled");
    // So that what is not committed is on the disk already.
    connection
        .pragma_update(None, "cache_size", 1)
        .expect("a small cache");
    let step = connection.transaction().expect("a transaction");
    for sql in [ADDS[1].sql, ADDS[2].sql] {
        step.execute_batch(sql).expect("sql");
        let killed = image(folder.path());
        assert_eq!(said(killed.path()), (1, 1), "after {sql}");
        assert_eq!(whole(killed.path()), before);
        drop(Sqlite::open_as(killed.path(), ADDS).expect("the next one goes all the way"));
        assert_eq!(said(killed.path()), (3, 2));
    }
}

fn image(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let name = entry.expect("it can be read").file_name();
        std::fs::copy(folder.join(&name), copy.path().join(&name)).expect("it can be copied");
    }
    copy
}
