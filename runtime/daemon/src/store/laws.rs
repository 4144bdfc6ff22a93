//! What every store does, whatever it is made of.

use super::*;

/// Each law as a test of the store that `open` makes, which hands back what keeps it too.
macro_rules! laws {
    ($open:path: $($law:ident)*) => {
        $(#[tokio::test]
        async fn $law() {
            let (store, _kept) = $open().await;
            $crate::store::laws::$law(store).await;
        })*
    };
    ($open:path) => {
        $crate::store::laws::laws! { $open:
            a_document_is_read_as_it_was_written
            a_write_that_expects_something_else_is_a_conflict
            what_is_required_has_to_be_so
            a_batch_comes_true_as_a_whole_or_not_at_all
            documents_are_listed_by_the_bytes_of_their_keys
            numbers_begin_at_1_and_go_on_from_batch_to_batch
            lines_are_handed_back_in_the_order_of_a_batch
            two_writers_leave_no_gap_and_one_chain
            of_two_who_write_the_same_version_one_is_refused
            lines_that_are_forgotten_are_gone_and_numbers_go_on
            a_copy_is_a_file_with_all_of_it
        }
    };
}
pub(crate) use laws;

type Any = Arc<dyn Store>;

fn at(number: u64) -> Timestamp {
    Timestamp(1_800_000_000_000 + number)
}

fn line(text: &str) -> Batch {
    Batch::default().append(Log::Events, at(1), text.into())
}

async fn body(store: &Any, shelf: Shelf, key: &str) -> Option<(u64, Vec<u8>)> {
    let found = store.get(shelf, key).await.expect("it is read");
    found.map(|document| (document.version, document.body))
}

async fn is_one_chain(store: &Any, log: Log) -> u64 {
    let lines = store.read(log, 0, 10_000).await.expect("they are read");
    let (mut before, mut wanted) = ([0; 32], 1);
    for line in &lines {
        assert_eq!(line.number, wanted);
        assert_eq!(line.chain, chained(&before, wanted, line.at, &line.body));
        (before, wanted) = (line.chain, wanted + 1);
    }
    assert_eq!(
        store.last(log).await.expect("it is read"),
        lines.last().cloned()
    );
    wanted - 1
}

pub(crate) async fn a_document_is_read_as_it_was_written(store: Any) {
    assert_eq!(body(&store, Shelf::Stack, "shop").await, None);
    let bytes = vec![0, 255, b'\'', b'"', 10];
    let put =
        |body: &[u8]| Batch::default().put(Shelf::Stack, "shop", Expect::Anything, body.to_vec());
    for version in 1..4 {
        store.commit(put(&bytes)).await.expect("it is written");
        let found = body(&store, Shelf::Stack, "shop").await;
        assert_eq!(found, Some((version, bytes.clone())));
    }
    assert_eq!(
        body(&store, Shelf::Plan, "shop").await,
        None,
        "another shelf"
    );
    let gone = Batch::default().remove(Shelf::Stack, "shop");
    store.commit(gone.clone()).await.expect("it is removed");
    store.commit(gone).await.expect("and may be gone already");
    assert_eq!(body(&store, Shelf::Stack, "shop").await, None);
}

pub(crate) async fn a_write_that_expects_something_else_is_a_conflict(store: Any) {
    let put = |expect| Batch::default().put(Shelf::Token, "a", expect, b"x".to_vec());
    let (shelf, key) = (Shelf::Token, "a".to_owned());
    let conflict = Err(StoreError::Conflict { shelf, key });
    assert_eq!(store.commit(put(Expect::Version(1))).await, conflict);
    store
        .commit(put(Expect::Absent))
        .await
        .expect("it is absent");
    assert_eq!(store.commit(put(Expect::Absent)).await, conflict);
    assert_eq!(store.commit(put(Expect::Version(2))).await, conflict);
    store
        .commit(put(Expect::Version(1)))
        .await
        .expect("it is so");
    assert_eq!(
        body(&store, Shelf::Token, "a").await,
        Some((2, b"x".to_vec()))
    );
}

pub(crate) async fn what_is_required_has_to_be_so(store: Any) {
    let require = |version| line("x").require(Shelf::Reign, "shop", version);
    let (shelf, key) = (Shelf::Reign, "shop".to_owned());
    let conflict = Err(StoreError::Conflict { shelf, key });
    assert_eq!(store.commit(require(1)).await, conflict);
    let put = Batch::default().put(Shelf::Reign, "shop", Expect::Absent, b"a".to_vec());
    store.commit(put).await.expect("it is written");
    store.commit(require(1)).await.expect("it is so");
    assert_eq!(store.commit(require(2)).await, conflict);
    let kept = body(&store, Shelf::Reign, "shop").await;
    assert_eq!(kept, Some((1, b"a".to_vec())), "nothing is written");
    assert_eq!(is_one_chain(&store, Log::Events).await, 1);
}

pub(crate) async fn a_batch_comes_true_as_a_whole_or_not_at_all(store: Any) {
    let put = |key: &str, expect| {
        let batch = line("a line").put(Shelf::Plan, "first", Expect::Anything, b"1".to_vec());
        batch.put(Shelf::Plan, key, expect, b"2".to_vec())
    };
    let refused = store.commit(put("second", Expect::Version(7))).await;
    refused.expect_err("the second is not there");
    assert_eq!(body(&store, Shelf::Plan, "first").await, None);
    assert_eq!(is_one_chain(&store, Log::Events).await, 0);
    store
        .commit(put("second", Expect::Absent))
        .await
        .expect("now it is so");
    assert_eq!(is_one_chain(&store, Log::Events).await, 1);
}

pub(crate) async fn documents_are_listed_by_the_bytes_of_their_keys(store: Any) {
    let keys = ["shop@prod", "Shop", "a/b", "a-b", "ab", "é", "_", "shop"];
    let batch = keys.iter().fold(Batch::default(), |batch, key| {
        batch.put(Shelf::Token, *key, Expect::Absent, key.as_bytes().to_vec())
    });
    store.commit(batch).await.expect("they are written");
    let listed = store.list(Shelf::Token).await.expect("they are read");
    let mut sorted = keys;
    sorted.sort_unstable();
    assert_eq!(
        listed
            .iter()
            .map(|one| one.key.as_str())
            .collect::<Vec<_>>(),
        sorted
    );
}

pub(crate) async fn numbers_begin_at_1_and_go_on_from_batch_to_batch(store: Any) {
    assert_eq!(store.last(Log::Events).await.expect("it is read"), None);
    for number in 1..4 {
        let lines = store.commit(line("x")).await.expect("it is written");
        assert_eq!(lines[0].number, number);
    }
    let audit = Batch::default().append(Log::Audit, at(2), b"who".to_vec());
    let lines = store.commit(audit).await.expect("it is written");
    assert_eq!(
        (lines[0].number, lines[0].log),
        (1, Log::Audit),
        "each log has its own"
    );
    let read = store.read(Log::Events, 1, 1).await.expect("it is read");
    assert_eq!(read.iter().map(|line| line.number).collect::<Vec<_>>(), [2]);
    assert_eq!(is_one_chain(&store, Log::Events).await, 3);
}

pub(crate) async fn lines_are_handed_back_in_the_order_of_a_batch(store: Any) {
    let batch = line("a").append(Log::Audit, at(2), b"b".to_vec());
    let batch = batch.append(Log::Events, at(3), b"c".to_vec());
    let lines = store.commit(batch).await.expect("it is written");
    let said: Vec<_> = lines
        .iter()
        .map(|one| (one.log, one.number, one.at, &one.body[..]))
        .collect();
    let wanted: [(_, _, _, &[u8]); 3] = [
        (Log::Events, 1, at(1), b"a"),
        (Log::Audit, 1, at(2), b"b"),
        (Log::Events, 2, at(3), b"c"),
    ];
    assert_eq!(said, wanted);
    let read = store.read(Log::Events, 0, 10).await.expect("it is read");
    assert_eq!(read, [lines[0].clone(), lines[2].clone()]);
}

pub(crate) async fn two_writers_leave_no_gap_and_one_chain(store: Any) {
    let write = |who: &'static str| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for _ in 0..40 {
                let both = line(who).append(Log::Audit, at(3), who.into());
                let lines = store
                    .commit(both.append(Log::Events, at(2), who.into()))
                    .await;
                let lines = lines.expect("it is written");
                assert_eq!(lines[2].number, lines[0].number + 1, "nobody comes between");
            }
        })
    };
    let (one, other) = (write("one"), write("other"));
    one.await.expect("it ends");
    other.await.expect("it ends");
    assert_eq!(is_one_chain(&store, Log::Events).await, 160);
    assert_eq!(is_one_chain(&store, Log::Audit).await, 80);
}

pub(crate) async fn of_two_who_write_the_same_version_one_is_refused(store: Any) {
    let put = |expect| Batch::default().put(Shelf::Reign, "shop", expect, b"x".to_vec());
    store
        .commit(put(Expect::Absent))
        .await
        .expect("it is written");
    for version in 1..20 {
        let two = || store.commit(put(Expect::Version(version)));
        let (one, other) = tokio::join!(two(), two());
        assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    }
}

pub(crate) async fn lines_that_are_forgotten_are_gone_and_numbers_go_on(store: Any) {
    for _ in 0..3 {
        store
            .commit(line("x").append(Log::Audit, at(1), b"who".to_vec()))
            .await
            .expect("written");
    }
    let last = store
        .last(Log::Events)
        .await
        .expect("it is read")
        .expect("it is there");
    let gone = Batch::default().forget(Log::Events, 2);
    store.commit(gone).await.expect("they are gone");
    let left = store.read(Log::Events, 0, 10).await.expect("it is read");
    assert_eq!(left, std::slice::from_ref(&last));
    assert_eq!(
        is_one_chain(&store, Log::Audit).await,
        3,
        "the other log is whole"
    );
    store
        .commit(Batch::default().forget(Log::Events, 3))
        .await
        .expect("all are gone");
    let lines = store.commit(line("y")).await.expect("it is written");
    assert_eq!(lines[0].number, 4);
    assert_eq!(lines[0].chain, chained(&last.chain, 4, at(1), b"y"));
}

pub(crate) async fn a_copy_is_a_file_with_all_of_it(store: Any) {
    for shelf in Shelf::ALL {
        let put = line(shelf.word()).put(shelf, "shop", Expect::Absent, shelf.word().into());
        store
            .commit(put.append(Log::Audit, at(9), b"who".to_vec()))
            .await
            .expect("written");
    }
    let gone = Batch::default().forget(Log::Events, 5);
    store.commit(gone).await.expect("they are gone");
    let folder = tempfile::tempdir().expect("a folder");
    let whole = copy(&*store, &folder.path().join("made"), "whole")
        .await
        .expect("a copy");
    assert!(
        std::fs::read_dir(folder.path().join("made"))
            .expect("a folder")
            .next()
            .is_none()
    );
    std::fs::write(sqlite::file(folder.path()), whole).expect("it is written");
    let other: Any = Arc::new(Sqlite::open(folder.path()).expect("it opens"));
    for shelf in Shelf::ALL {
        let (here, there) = (store.list(shelf).await, other.list(shelf).await);
        assert_eq!(here.expect("read"), there.expect("read"));
    }
    assert_eq!(is_one_chain(&other, Log::Audit).await, 5);
    let (here, there) = (store.commit(line("z")).await, other.commit(line("z")).await);
    assert_eq!(
        here.expect("written"),
        there.expect("written"),
        "both go on alike"
    );
}

mod of_sqlite {
    use super::*;

    fn open() -> std::future::Ready<(Any, tempfile::TempDir)> {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Sqlite::open(folder.path()).expect("it opens");
        std::future::ready((Arc::new(store), folder))
    }

    laws!(open);
}
