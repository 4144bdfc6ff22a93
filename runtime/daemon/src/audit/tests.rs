use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use skep_schema::api::audit::AuditLine;
use skep_schema::api::subject::{Subject, Via};

use super::check::Fault;
use super::keep::forget;
use super::*;
use crate::store::sqlite::{Sqlite, file};
use crate::store::{Document, Line, Shelf, Stored, Write};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn occasion() -> Occasion {
    Occasion {
        request: "a".repeat(26).parse().expect("an id"),
        from: Origin::Socket { uid: 1000 },
    }
}

fn permit() -> Permit {
    Permit::own(Verb::Apply, Some("shop@prod".parse().expect("a stack")))
}

struct Book {
    folder: tempfile::TempDir,
    store: Sqlite,
}

impl Book {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let store = Sqlite::open(folder.path()).expect("a store");
        Self { folder, store }
    }

    async fn with(lines: usize) -> Self {
        let book = Self::new();
        for _ in 0..lines {
            let record = allowed(&permit(), &occasion(), Vec::new());
            write(&book.store, &record, NOW).await.expect("written");
        }
        book
    }

    async fn verdict(&self) -> Verdict {
        verify(&self.store, None).await.expect("read")
    }

    /// Does what somebody with the file could do.
    fn tamper(&self, sql: &str) {
        let connection = rusqlite::Connection::open(file(self.folder.path())).expect("the file");
        let changed = connection.execute(sql, []).expect("sql");
        assert_eq!(changed, 1, "{sql}");
    }
}

#[tokio::test]
async fn asvs_16_4_2_whatever_is_changed_in_the_log_is_found_and_named() {
    let cases = [
        (
            "UPDATE line SET at = at + 1 WHERE number = 4",
            4,
            Fault::Changed,
        ),
        (
            "UPDATE line SET body = x'7b7d' WHERE number = 4",
            4,
            Fault::Changed,
        ),
        (
            "UPDATE line SET chain = zeroblob(32) WHERE number = 4",
            4,
            Fault::Changed,
        ),
        (
            "UPDATE line SET chain = zeroblob(32) WHERE number = 7",
            7,
            Fault::Changed,
        ),
        ("DELETE FROM line WHERE number = 4", 4, Fault::Missing),
        (
            "UPDATE line SET number = 9 WHERE number = 7",
            7,
            Fault::Missing,
        ),
        (
            "UPDATE line SET body = x'7b7d' WHERE number = 1",
            1,
            Fault::Changed,
        ),
    ];
    for (sql, number, fault) in cases {
        let book = Book::with(7).await;
        assert!(
            matches!(book.verdict().await, Verdict::Whole { first: 1, last } if last.number == 7)
        );
        book.tamper(sql);
        assert_eq!(
            book.verdict().await,
            Verdict::Broken { number, fault },
            "{sql}"
        );
    }
}

#[tokio::test]
async fn a_log_that_was_cut_or_written_anew_is_found_by_a_mark_kept_elsewhere() {
    let book = Book::with(5).await;
    let Verdict::Whole { last: mark, .. } = book.verdict().await else {
        panic!("it is whole");
    };
    assert!(matches!(
        verify(&book.store, Some(mark)).await,
        Ok(Verdict::Whole { .. })
    ));
    book.tamper("DELETE FROM line WHERE number = 5");
    let cut = verify(&book.store, Some(mark)).await.expect("read");
    assert_eq!(
        cut,
        Verdict::Broken {
            number: 5,
            fault: Fault::Missing
        }
    );
    let anew = Book::with(4).await;
    let record = outcome(&allowed(&permit(), &occasion(), Vec::new()), Ruling::Done);
    write(&anew.store, &record, NOW).await.expect("written");
    let anew = verify(&anew.store, Some(mark)).await.expect("read");
    assert_eq!(
        anew,
        Verdict::Broken {
            number: 5,
            fault: Fault::NotAsMarked
        }
    );
}

#[tokio::test]
async fn what_is_let_go_of_is_old_and_on_record() {
    let book = Book::with(3).await;
    let later = Timestamp(NOW.0 + 2000);
    let record = allowed(&permit(), &occasion(), Vec::new());
    write(&book.store, &record, later).await.expect("written");
    let second = Duration::from_secs(1);
    let at = |millis| Timestamp(NOW.0 + millis);
    assert_eq!(forget(&book.store, second, at(1000)).await, Ok(None));
    let last = forget(&book.store, second, at(1001)).await.expect("done");
    assert_eq!(last.map(|last| last.number), Some(3));
    assert!(matches!(book.verdict().await, Verdict::Whole { first: 4, last } if last.number == 5));
    assert_eq!(forget(&book.store, second, at(1002)).await, Ok(None));
    // The record of it is let go of in its turn, and all that is left is the record of that.
    let last = forget(&book.store, second, at(9000)).await.expect("done");
    assert_eq!(last.map(|last| last.number), Some(5));
    assert!(matches!(book.verdict().await, Verdict::Whole { first: 6, last } if last.number == 6));
    assert_eq!(Book::new().verdict().await, Verdict::Empty);
}

#[tokio::test]
async fn a_log_without_its_beginning_is_broken_unless_it_says_so() {
    let missing = |number| Verdict::Broken {
        number,
        fault: Fault::Missing,
    };
    let book = Book::with(5).await;
    book.tamper("DELETE FROM line WHERE number = 1");
    assert_eq!(book.verdict().await, missing(1));

    let age = Duration::from_secs(1);
    let later = Timestamp(NOW.0 + 5000);
    let forgotten = async || {
        let book = Book::with(2).await;
        let record = allowed(&permit(), &occasion(), Vec::new());
        let two = append(append(Batch::default(), &record, later), &record, later);
        book.store.commit(two).await.expect("written");
        forget(&book.store, age, later).await.expect("done");
        assert!(matches!(
            book.verdict().await,
            Verdict::Whole { first: 3, .. }
        ));
        book
    };
    let book = forgotten().await;
    book.tamper("DELETE FROM line WHERE number = 3");
    assert_eq!(book.verdict().await, missing(3));
    let book = forgotten().await;
    book.tamper("UPDATE line SET at = at + 1 WHERE number = 3");
    let fault = Fault::Changed;
    assert_eq!(book.verdict().await, Verdict::Broken { number: 3, fault });
}

#[tokio::test]
async fn more_than_a_page_is_let_go_of_at_once() {
    let book = Book::new();
    let record = allowed(&permit(), &occasion(), Vec::new());
    let many = (0..2500).fold(Batch::default(), |batch, _| append(batch, &record, NOW));
    book.store.commit(many).await.expect("written");
    let (age, later) = (Duration::from_secs(1), Timestamp(NOW.0 + 5000));
    let last = forget(&book.store, age, later).await.expect("done");
    assert_eq!(last.map(|last| last.number), Some(2500));
    assert!(matches!(
        book.verdict().await,
        Verdict::Whole { first: 2501, .. }
    ));
}

/// A store that lets go of what is old while its second read waits.
struct Forgetful {
    store: Sqlite,
    reads: AtomicUsize,
    later: Timestamp,
}

impl Store for Forgetful {
    fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    fn commit(&self, batch: Batch) -> Stored<'_, Vec<Line>> {
        self.store.commit(batch)
    }

    fn get<'a>(&'a self, shelf: Shelf, key: &'a str) -> Stored<'a, Option<Document>> {
        self.store.get(shelf, key)
    }

    fn list(&self, shelf: Shelf) -> Stored<'_, Vec<Document>> {
        self.store.list(shelf)
    }

    fn read(&self, log: Log, after: u64, limit: usize) -> Stored<'_, Vec<Line>> {
        Box::pin(async move {
            if after > 0 && self.reads.fetch_add(1, Ordering::Relaxed) == 0 {
                forget(&self.store, Duration::from_secs(1), self.later).await?;
            }
            self.store.read(log, after, limit).await
        })
    }

    fn last(&self, log: Log) -> Stored<'_, Option<Line>> {
        self.store.last(log)
    }

    fn back_up<'a>(&'a self, to: &'a Path) -> Stored<'a, ()> {
        self.store.back_up(to)
    }
}

#[tokio::test]
async fn what_is_let_go_of_while_the_chain_is_walked_is_not_missing() {
    let later = Timestamp(NOW.0 + 5000);
    let record = allowed(&permit(), &occasion(), Vec::new());
    let (old, new) = ((0..1500).map(|_| NOW), (0..1500).map(|_| later));
    let many = || old.clone().chain(new.clone());
    let batch = many().fold(Batch::default(), |batch, at| append(batch, &record, at));
    let while_walked = async |tamper: Option<&str>| {
        let book = Book::new();
        book.store.commit(batch.clone()).await.expect("written");
        if let Some(sql) = tamper {
            book.tamper(sql);
        }
        let (store, reads) = (book.store, AtomicUsize::new(0));
        let store = Forgetful {
            store,
            reads,
            later,
        };
        verify(&store, None).await.expect("read")
    };
    let whole = while_walked(None).await;
    assert!(matches!(whole, Verdict::Whole { first: 1501, last } if last.number == 3001));
    // What somebody else took away is missing all the same.
    assert_eq!(
        while_walked(Some("DELETE FROM line WHERE number = 2000")).await,
        Verdict::Broken {
            number: 2000,
            fault: Fault::Missing
        }
    );
}

#[tokio::test]
async fn the_chain_is_walked_over_more_than_one_page() {
    let book = Book::new();
    let record = allowed(&permit(), &occasion(), Vec::new());
    let many = (0..2001).fold(Batch::default(), |batch, _| append(batch, &record, NOW));
    book.store.commit(many).await.expect("written");
    assert!(matches!(book.verdict().await, Verdict::Whole { last, .. } if last.number == 2001));
    book.tamper("UPDATE line SET at = 0 WHERE number = 2000");
    let fault = Fault::Changed;
    assert_eq!(
        book.verdict().await,
        Verdict::Broken {
            number: 2000,
            fault
        }
    );
}

#[tokio::test]
async fn what_is_no_record_is_named_and_not_exported() {
    let book = Book::with(1).await;
    let strange = Batch {
        writes: vec![Write::Append {
            log: Log::Audit,
            at: NOW,
            body: b"{}".to_vec(),
        }],
    };
    book.store.commit(strange).await.expect("written");
    let fault = Fault::Unreadable;
    assert_eq!(book.verdict().await, Verdict::Broken { number: 2, fault });
    assert!(export(&book.store, 1, 10).await.is_err());
}

#[tokio::test]
async fn asvs_16_2_1_an_export_says_who_what_when_and_from_where_and_can_be_verified() {
    let book = Book::with(1).await;
    let record = refused(
        None,
        &occasion(),
        Some(Verb::Token),
        None,
        Why::BadCredentials,
    );
    write(&book.store, &record, NOW).await.expect("written");
    let (text, last) = export(&book.store, 0, 10).await.expect("exported");
    assert_eq!(last, 2);
    let mut chain = [0; 32];
    for (line, number) in text.lines().zip(1..) {
        let read: AuditLine = serde_json::from_str(line).expect("a line");
        let start = line.find("\"record\":").expect("a record") + "\"record\":".len();
        let body = &line[start..line.len() - 1];
        chain = crate::store::chained(&chain, number, read.at, body.as_bytes());
        assert_eq!(
            read.chain,
            blake3::Hash::from_bytes(chain).to_hex().as_str()
        );
        assert_eq!((read.number, read.at), (number, NOW));
    }
    insta::assert_snapshot!(text.lines().last().expect("two lines").split_once("record").expect("it").1, @r#"":{"format":"skep.audit/1","request":"aaaaaaaaaaaaaaaaaaaaaaaaaa","who":"nobody","from":{"socket":{"uid":1000}},"verb":"token","ruling":{"refused":"bad-credentials"}}}"#);
}

#[tokio::test]
async fn asvs_16_2_5_a_record_goes_with_its_change_or_not_at_all() {
    use crate::store::{Expect, Shelf};
    let book = Book::with(1).await;
    let record = allowed(&permit(), &occasion(), Vec::new());
    let change = Batch::default().put(Shelf::Stack, "shop", Expect::Version(7), Vec::new());
    assert!(
        book.store
            .commit(append(change, &record, NOW))
            .await
            .is_err()
    );
    assert!(matches!(book.verdict().await, Verdict::Whole { last, .. } if last.number == 1));
}

#[test]
fn the_outcome_is_of_the_same_request() {
    let began = allowed(&permit(), &occasion(), Vec::new());
    let ended = outcome(&began, Ruling::Failed);
    assert_eq!(ended.request, began.request);
    assert_eq!(ended.stack, began.stack);
    assert_eq!(ended.ruling, Ruling::Failed);
    assert_eq!(began.who, Author::Daemon);
    assert_ne!(Some(Via::Socket), began.via);
    assert!("daemon".parse::<Subject>().is_err());
}
