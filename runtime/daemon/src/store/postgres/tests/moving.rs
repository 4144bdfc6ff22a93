//! What a file had, in a database.

use std::path::Path;

use skep_schema::event::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::audit::{Verdict, verify};
use crate::settings::Settings;
use crate::store::sqlite::{Sqlite, file};
use crate::store::{self, Batch, Expect, Log, Shelf, StoreError};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A daemon's folder with a file that has documents of each kind and both logs, one without its beginning.
async fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let kept = Sqlite::open(folder.path()).expect("it opens");
    for round in 0..3_u8 {
        let mut batch = Batch::default();
        for shelf in Shelf::ALL {
            batch = batch.put(shelf, "ä/1", Expect::Anything, vec![round, 0, 255]);
        }
        for log in Log::ALL {
            for number in 0..700_u32 {
                batch = batch.append(log, NOW, number.to_le_bytes().to_vec());
            }
        }
        kept.commit(batch).await.expect("written");
    }
    let gone = Batch::default().forget(Log::Events, 700);
    kept.commit(gone).await.expect("forgotten");
    folder
}

async fn opened(folder: &Path, database: &Database) -> Result<Arc<dyn Store>, StoreError> {
    let (state, url) = (folder.display(), database.url());
    let text = format!("daemon {{ state \"{state}\"; store postgres=\"{url}\" }}");
    let settings = Settings::of("daemon.kdl", &text).expect("good settings");
    store::open(&settings).await
}

/// All that can be read.
async fn all(store: &dyn Store) -> Vec<String> {
    let mut told = Vec::new();
    for shelf in Shelf::ALL {
        told.push(format!("{:?}", store.list(shelf).await));
    }
    for log in Log::ALL {
        told.push(format!("{:?}", store.read(log, 0, 10_000).await));
    }
    told
}

fn is_moved(folder: &TempDir) -> bool {
    let is_there = file(folder.path()).exists();
    assert_ne!(is_there, folder.path().join("skep.db.moved").exists());
    !is_there
}

#[tokio::test]
async fn a_database_that_has_nothing_goes_on_with_what_the_file_had() {
    let (folder, database) = (folder().await, Database::new());
    let kept = Sqlite::open(folder.path()).expect("it opens");
    let had = all(&kept).await;
    drop(kept);
    let store = opened(folder.path(), &database).await.expect("it opens");
    assert_eq!(all(&*store).await, had);
    assert!(is_moved(&folder));
    let line = Batch::default().append(Log::Events, NOW, b"next".to_vec());
    let lines = store.commit(line).await.expect("written");
    assert_eq!(lines[0].number, 2101);
    let before = store.read(Log::Events, 2099, 1).await.expect("read");
    let chain = store::chained(&before[0].chain, 2101, NOW, b"next");
    assert_eq!(lines[0].chain, chain);
    // The next start finds no file, and the one after somebody put one there leaves it alone.
    drop(opened(folder.path(), &database).await.expect("it opens"));
    let other = Sqlite::open(folder.path()).expect("a new one");
    drop(other);
    let store = opened(folder.path(), &database).await.expect("it opens");
    assert_eq!(
        store.last(Log::Events).await.expect("read"),
        lines.last().cloned()
    );
    assert!(file(folder.path()).exists());
}

#[tokio::test]
async fn of_two_files_that_come_at_once_one_is_taken_and_the_other_stays() {
    let (one, two, database) = (folder().await, folder().await, Database::new());
    let (first, second) =
        tokio::join!(opened(one.path(), &database), opened(two.path(), &database));
    let (first, second) = (first.expect("it opens"), second.expect("it opens"));
    assert_eq!(all(&*first).await, all(&*second).await);
    assert_ne!(is_moved(&one), is_moved(&two));
    let last = first.last(Log::Audit).await.expect("read").expect("a line");
    assert_eq!(last.number, 2100);
}

#[tokio::test]
async fn a_file_that_somebody_has_open_is_not_moved() {
    let (folder, database) = (folder().await, Database::new());
    let kept = Sqlite::open(folder.path()).expect("it opens");
    let refused = opened(folder.path(), &database).await.err();
    assert!(
        matches!(refused, Some(StoreError::Unwritable(_))),
        "{refused:?}"
    );
    drop(kept);
    assert!(!is_moved(&folder));
    drop(opened(folder.path(), &database).await.expect("it opens"));
    assert!(is_moved(&folder));
}

#[tokio::test]
async fn a_copy_of_a_database_goes_into_another_one() {
    let (store, _kept) = open().await;
    let record = Batch::default()
        .put(Shelf::Token, "a", Expect::Absent, b"{}".to_vec())
        .append(Log::Events, NOW, b"1".to_vec());
    store.commit(record).await.expect("written");
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let copied = store.back_up(&file(folder.path())).await;
    copied.expect("it is copied");
    let database = Database::new();
    let other = opened(folder.path(), &database).await.expect("it opens");
    assert_eq!(all(&*other).await, all(&*store).await);
    assert!(matches!(verify(&*other, None).await, Ok(Verdict::Empty)));
}
