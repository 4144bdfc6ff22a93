//! A daemon that dies at a write of its store is followed by one that ends what it began.

use std::future::pending;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use skep_schema::api::stack::StackState;
use tempfile::TempDir;
use tokio::sync::watch;

use super::lab::Lab;
use crate::store::sqlite::Sqlite;
use crate::store::{Batch, Document, Line, Log, Shelf, Store, Stored};

const POLICY: &str = "apply auto\n every \"1h\"";
const FIRST: &str = "\
network inner
config page text=\"one\"
config old text=\"old\"
service web { image \"web:1\"; network inner; config page target=\"/page\" }
service gone { image \"web:1\"; network inner; config old target=\"/old\" }
";
const LAST: &str = "\
network inner
config page text=\"two\"
service web { image \"web:2\"; network inner; config page target=\"/page\" }
";
/// For what blocks when a daemon dies.
const SOON: Duration = Duration::from_secs(10);

/// Whether the write that kills is done.
#[derive(Clone, Copy, Debug)]
enum Side {
    Before,
    After,
}

/// A store that answers nobody any more from one of its writes on, as if the process was killed there.
struct Mortal {
    life: Mutex<Life>,
    side: Side,
    dead: watch::Sender<bool>,
}

struct Life {
    store: Option<Arc<dyn Store>>,
    /// Writes until the one that kills.
    left: usize,
}

impl Mortal {
    fn new(folder: &Path, left: usize, side: Side) -> Self {
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(folder).expect("a store"));
        Self {
            life: Mutex::new(Life {
                store: Some(store),
                left,
            }),
            side,
            dead: watch::Sender::new(false),
        }
    }

    async fn alive(&self) -> Arc<dyn Store> {
        let store = self
            .life
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .store
            .clone();
        match store {
            Some(store) => store,
            None => pending().await,
        }
    }

    /// Whether this write is the last one.
    fn dies(&self) -> bool {
        let mut life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
        let is_last = life.left == 0;
        life.left = life.left.saturating_sub(1);
        if is_last {
            life.store = None;
        }
        is_last
    }
}

impl Store for Mortal {
    fn is_shared(&self) -> bool {
        false
    }

    fn commit(&self, batch: Batch) -> Stored<'_, Vec<Line>> {
        Box::pin(async move {
            let store = self.alive().await;
            if !self.dies() {
                return store.commit(batch).await;
            }
            if let Side::After = self.side {
                store.commit(batch).await?;
            }
            drop(store);
            self.dead.send_replace(true);
            pending().await
        })
    }

    fn get<'a>(&'a self, shelf: Shelf, key: &'a str) -> Stored<'a, Option<Document>> {
        Box::pin(async move { self.alive().await.get(shelf, key).await })
    }

    fn list(&self, shelf: Shelf) -> Stored<'_, Vec<Document>> {
        Box::pin(async move { self.alive().await.list(shelf).await })
    }

    fn read(&self, log: Log, after: u64, limit: usize) -> Stored<'_, Vec<Line>> {
        Box::pin(async move { self.alive().await.read(log, after, limit).await })
    }

    fn last(&self, log: Log) -> Stored<'_, Option<Line>> {
        Box::pin(async move { self.alive().await.last(log).await })
    }

    fn back_up<'a>(&'a self, to: &'a Path) -> Stored<'a, ()> {
        Box::pin(async move { self.alive().await.back_up(to).await })
    }
}

/// Lets a daemon do both rounds and end, and says whether it lived so long.
async fn lives(dir: &Arc<TempDir>, left: usize, side: Side) -> bool {
    let store = Arc::new(Mortal::new(&dir.path().join("state"), left, side));
    let mut dead = store.dead.subscribe();
    let rounds = async {
        let mut lab = Lab::on(Arc::clone(dir), store, POLICY).await;
        lab.push(FIRST).await;
        drop(lab.hear("applied").await);
        lab.push(LAST).await;
        drop(lab.hear("applied").await);
        lab.until(StackState::InSync).await;
        lab.daemon.stop().await;
    };
    tokio::select! {
        biased;
        _ = dead.wait_for(|dead| *dead) => false,
        () = rounds => true,
    }
}

/// The next daemon on the same store, and whoever got no answer sends his plan again.
async fn succeed(dir: Arc<TempDir>) {
    let mut lab = Lab::begin(dir, "state", POLICY, "").await;
    lab.push(LAST).await;
    lab.until(StackState::InSync).await;
    let world = lab.model().world().expect("a world");
    let images = world.services.iter();
    let images: Vec<(&str, &str)> = images
        .map(|(name, service)| (name.as_str(), service.spec.image.as_str()))
        .collect();
    assert_eq!(images, [("shop_web", "web:2")]);
    let pages = world
        .configs
        .keys()
        .filter(|name| name.starts_with("shop_page"));
    assert!(pages.count() >= 1);
    let check = lab.get("/v1/audit/check").await;
    let check: Value = serde_json::from_slice(&check.body).expect("JSON");
    assert_eq!(check["whole"], true, "{check}");
    lab.daemon.stop().await;
}

/// A dead process keeps no lock: on a real swarm that is seen by its number.
fn unlock(dir: &Path) {
    let unlocked = super::lab::model(dir).by_hand(|world| {
        world.index += 1;
        world
            .configs
            .retain(|name, _| !name.starts_with("skep-lock-"));
    });
    unlocked.expect("a world");
}

/// Does it, and then ends every task that is left, as the end of a process does.
fn alone<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be made");
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(SOON);
    done
}

#[test]
fn a_daemon_that_dies_at_a_write_of_its_store_is_followed_by_one_that_ends_it() {
    let mut deaths = 0;
    for left in 0.. {
        let before = deaths;
        for side in [Side::Before, Side::After] {
            println!("write {left}, {side:?}");
            let dir = Arc::new(tempfile::tempdir().expect("a folder"));
            if !alone(lives(&dir, left, side)) {
                deaths += 1;
                unlock(dir.path());
            }
            alone(succeed(dir));
        }
        if deaths == before {
            break;
        }
    }
    assert!(deaths > 10, "{deaths}");
}
