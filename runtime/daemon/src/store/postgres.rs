//! The store in a PostgreSQL that several daemons share. One task asks it, by one connection, which is
//! opened anew when it breaks.
//!
//! Each append holds its log's head until the commit, so numbers come true in their order: who has seen a
//! line has seen all before it.

mod commit;
mod copy;
mod fill;
mod place;
mod read;
mod tables;
#[cfg(test)]
pub(crate) mod tests;
mod tls;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_postgres::Client;

use self::commit::Failed;
use super::sqlite::Whole;
use super::{Batch, Document, Line, Log, Shelf, Store, StoreError, Stored};
use crate::settings;

use self::place::Place;

pub(crate) use self::place::check;

/// Requests that wait for the connection.
const WAITING: usize = 256;
/// For one answer of the database. What takes longer is taken for a connection that is dead.
const LIMIT: Duration = Duration::from_secs(10);
/// Between two tries to get a connection.
const PAUSE: Duration = Duration::from_secs(1);
/// Tries of a batch that others were in the way of.
const TRIES: u32 = 4;
/// Commits without an answer that are remembered.
const DOUBTS: usize = 16;

/// The store of a database.
pub(crate) struct Postgres {
    asks: mpsc::Sender<Ask>,
    place: Arc<Place>,
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

enum Ask {
    Commit(Batch, Reply<Vec<Line>>),
    Get(Shelf, String, Reply<Option<Document>>),
    List(Shelf, Reply<Vec<Document>>),
    Read(Log, u64, usize, Reply<Vec<Line>>),
    Last(Log, Reply<Option<Line>>),
}

impl Postgres {
    /// Opens the store, or makes one.
    ///
    /// # Errors
    /// The database cannot be reached, refuses, or is of a program that is too new.
    pub(crate) async fn open(told: &settings::Postgres) -> Result<Self, StoreError> {
        let place = Arc::new(Place::of(told)?);
        let client = place.connect().await?;
        let (asks, asked) = mpsc::channel(WAITING);
        let clerk = Clerk {
            place: Arc::clone(&place),
            client: Some(client),
            tried: Instant::now(),
            doubts: Vec::new(),
        };
        tokio::spawn(clerk.run(asked));
        Ok(Self { asks, place })
    }

    /// # Errors
    /// The database does not answer.
    pub(super) async fn is_empty(&self) -> Result<bool, StoreError> {
        let client = self.place.connect().await?;
        let asked = fill::is_empty(&client).await;
        asked.map_err(|error| failed(&error))
    }

    /// Puts all that another store has into this one, unless it has something: then nothing.
    ///
    /// # Errors
    /// The database takes nothing.
    pub(super) async fn fill(&self, whole: &Whole) -> Result<bool, StoreError> {
        let mut client = self.place.connect().await?;
        let filled = fill::fill(&mut client, whole).await;
        filled.map_err(|error| failed(&error))
    }

    fn ask<T: Send + 'static>(&self, ask: impl FnOnce(Reply<T>) -> Ask) -> Stored<'_, T> {
        let (reply, replied) = oneshot::channel();
        let ask = ask(reply);
        Box::pin(async move {
            let gone = || StoreError::Unwritable("nobody asks the database any more".to_owned());
            self.asks.send(ask).await.map_err(|_| gone())?;
            replied.await.map_err(|_| gone())?
        })
    }
}

impl Store for Postgres {
    fn is_shared(&self) -> bool {
        true
    }

    fn commit(&self, batch: Batch) -> Stored<'_, Vec<Line>> {
        self.ask(|reply| Ask::Commit(batch, reply))
    }

    fn get<'a>(&'a self, shelf: Shelf, key: &'a str) -> Stored<'a, Option<Document>> {
        self.ask(|reply| Ask::Get(shelf, key.to_owned(), reply))
    }

    fn list(&self, shelf: Shelf) -> Stored<'_, Vec<Document>> {
        self.ask(|reply| Ask::List(shelf, reply))
    }

    fn read(&self, log: Log, after: u64, limit: usize) -> Stored<'_, Vec<Line>> {
        self.ask(|reply| Ask::Read(log, after, limit, reply))
    }

    fn last(&self, log: Log) -> Stored<'_, Option<Line>> {
        self.ask(|reply| Ask::Last(log, reply))
    }

    /// By a connection of its own, so that nobody waits for it.
    fn back_up<'a>(&'a self, to: &'a Path) -> Stored<'a, ()> {
        Box::pin(async move { copy::copy(self.place.connect().await?, to).await })
    }
}

/// Asks the database, one thing after the other.
struct Clerk {
    place: Arc<Place>,
    client: Option<Client>,
    /// When a connection was last wanted.
    tried: Instant,
    doubts: Vec<Doubt>,
}

/// A batch whose commit may have come true.
struct Doubt {
    batch: Batch,
    /// Its lines, as they then are in the store.
    sent: Vec<Line>,
}

impl Clerk {
    async fn run(mut self, mut asked: mpsc::Receiver<Ask>) {
        while let Some(ask) = asked.recv().await {
            self.answer(ask).await;
        }
    }

    /// Whoever asked may be gone, and what was asked is done all the same.
    async fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Commit(batch, reply) => drop(reply.send(self.commit(batch).await)),
            Ask::Get(shelf, key, reply) => {
                let got = self.done(read::get, (shelf, key)).await;
                drop(reply.send(got));
            }
            Ask::List(shelf, reply) => drop(reply.send(self.done(read::list, shelf).await)),
            Ask::Read(log, after, limit, reply) => {
                let lines = self.done(read::lines, (log, after, limit)).await;
                drop(reply.send(lines));
            }
            Ask::Last(log, reply) => drop(reply.send(self.done(read::last, log).await)),
        }
    }

    /// A connection, which a new try is made for now and then where there is none.
    async fn client(&mut self) -> Result<&mut Client, StoreError> {
        let is_open = self.client.as_ref().is_some_and(|one| !one.is_closed());
        if !is_open {
            self.client = None;
            if self.tried.elapsed() < PAUSE {
                let text = "the connection to the database is lost";
                return Err(StoreError::Unwritable(text.to_owned()));
            }
            let opened = self.place.connect().await;
            // Whoever waited meanwhile is told at once.
            self.tried = Instant::now();
            self.client = Some(opened?);
            tracing::info!("the database is there again");
        }
        Ok(self.client.as_mut().expect("it was just opened"))
    }

    /// Reads something.
    async fn done<Q, T>(
        &mut self,
        read: impl AsyncFnOnce(&Client, Q) -> Result<T, tokio_postgres::Error>,
        what: Q,
    ) -> Result<T, StoreError> {
        let client = self.client().await?;
        match timeout(LIMIT, read(client, what)).await {
            Ok(read) => read.map_err(|error| failed(&error)),
            Err(_) => Err(self.dead()),
        }
    }

    /// Gives a connection up that does not answer.
    fn dead(&mut self) -> StoreError {
        self.client = None;
        self.tried = Instant::now();
        let text = format!("the database does not answer within {} s", LIMIT.as_secs());
        StoreError::Unwritable(text)
    }

    /// Does a batch. Where nothing is heard of it, it is remembered, so that it is not done twice when it is
    /// asked for again.
    async fn commit(&mut self, batch: Batch) -> Result<Vec<Line>, StoreError> {
        let doubt = self.doubts.iter().position(|one| one.batch == batch);
        let doubt = doubt.map(|place| self.doubts.remove(place).sent);
        let mut sent = doubt.unwrap_or_default();
        match self.do_or_try_again(&batch, &mut sent).await {
            Err(Failed::Unanswered(error)) => {
                if !sent.is_empty() {
                    self.doubts.push(Doubt { batch, sent });
                    let excess = self.doubts.len().saturating_sub(DOUBTS);
                    self.doubts.drain(..excess);
                }
                Err(error)
            }
            Err(Failed::Refused(error)) => Err(error),
            Err(Failed::InTheWay) => {
                let text = "others write the same all the time";
                Err(StoreError::Unwritable(text.to_owned()))
            }
            Ok(lines) => Ok(lines),
        }
    }

    async fn do_or_try_again(
        &mut self,
        batch: &Batch,
        sent: &mut Vec<Line>,
    ) -> Result<Vec<Line>, Failed> {
        for _ in 0..TRIES {
            let client = self.client().await.map_err(Failed::Unanswered)?;
            match timeout(LIMIT, commit::commit(client, batch, sent)).await {
                Ok(Err(Failed::InTheWay)) => {}
                Ok(done) => return done,
                Err(_) => return Err(Failed::Unanswered(self.dead())),
            }
        }
        Err(Failed::InTheWay)
    }
}

/// A number as the database has it.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that was written by us.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// What the database said, or why nothing was heard of it.
fn failed(error: &tokio_postgres::Error) -> StoreError {
    let Some(said) = error.as_db_error() else {
        let source = std::error::Error::source(error);
        let text = source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        return StoreError::Unwritable(text);
    };
    // Classes of what is missing or misread, and of data that is damaged.
    let is_broken = ["42", "XX"]
        .iter()
        .any(|class| said.code().code().starts_with(class));
    let text = format!("{} ({})", said.message(), said.code().code());
    if is_broken && said.code() != &tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE {
        StoreError::Broken(text)
    } else {
        StoreError::Unwritable(text)
    }
}
