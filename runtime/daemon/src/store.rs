//! What the daemon keeps: documents by kind and key, and logs that only grow.
//!
//! Nothing in it is the truth about a swarm. A store that is lost or older than it should be costs
//! approvals, tokens and history, and never an object: see the rule of *overtaken* stacks in
//! [`skep_engine::reconcile`].

mod format;
#[cfg(test)]
mod laws;
#[cfg(feature = "postgres")]
mod moving;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use skep_schema::event::Timestamp;

use self::sqlite::Sqlite;
use crate::settings::{self, Settings};

/// What a store does on request.
pub(crate) type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Kinds of documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shelf {
    /// What a stack shall be and what was applied of it, by the stack's name.
    Stack,
    /// The plan that was pushed last, by the stack's name.
    Plan,
    /// What stands for a token, by the token's id.
    Token,
    /// Webhooks that were taken, by their sender's id for them: none is taken twice.
    Delivery,
    /// The daemon that has a stack, by the stack's name, where several share the store.
    Reign,
}

impl Shelf {
    #[cfg(any(test, feature = "postgres"))]
    pub(crate) const ALL: [Self; 5] = [
        Self::Stack,
        Self::Plan,
        Self::Token,
        Self::Delivery,
        Self::Reign,
    ];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::Plan => "plan",
            Self::Token => "token",
            Self::Delivery => "delivery",
            Self::Reign => "reign",
        }
    }
}

/// Kinds of logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Log {
    /// What happened, for everyone who watches.
    Events,
    /// Who did what, and who was refused.
    Audit,
}

impl Log {
    #[cfg(feature = "postgres")]
    pub(crate) const ALL: [Self; 2] = [Self::Events, Self::Audit];

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Audit => "audit",
        }
    }
}

/// A document as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) key: String,
    /// How often it was written since it is there.
    pub(crate) version: u64,
    pub(crate) body: Vec<u8>,
}

/// A line of a log. Numbers begin at 1 and have no gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) log: Log,
    pub(crate) number: u64,
    pub(crate) at: Timestamp,
    pub(crate) body: Vec<u8>,
    /// BLAKE3 over the line before's and this one's number, time and body: no line can be changed, and
    /// none taken out, without all later ones showing it.
    pub(crate) chain: [u8; 32],
}

/// What a write of a document depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expect {
    Anything,
    Absent,
    Version(u64),
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Put {
        shelf: Shelf,
        key: String,
        expect: Expect,
        body: Vec<u8>,
    },
    Remove {
        shelf: Shelf,
        key: String,
    },
    /// Nothing is written: the whole batch is a conflict unless the document has this version still.
    Require {
        shelf: Shelf,
        key: String,
        version: u64,
    },
    Append {
        log: Log,
        at: Timestamp,
        body: Vec<u8>,
    },
    /// Removes the lines of a log up to this number.
    Forget {
        log: Log,
        up_to: u64,
    },
}

/// Writes that come true together or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) writes: Vec<Write>,
}

impl Batch {
    pub(crate) fn put(
        mut self,
        shelf: Shelf,
        key: impl Into<String>,
        expect: Expect,
        body: Vec<u8>,
    ) -> Self {
        let key = key.into();
        self.writes.push(Write::Put {
            shelf,
            key,
            expect,
            body,
        });
        self
    }

    pub(crate) fn remove(mut self, shelf: Shelf, key: impl Into<String>) -> Self {
        let key = key.into();
        self.writes.push(Write::Remove { shelf, key });
        self
    }

    pub(crate) fn require(mut self, shelf: Shelf, key: impl Into<String>, version: u64) -> Self {
        let key = key.into();
        self.writes.push(Write::Require {
            shelf,
            key,
            version,
        });
        self
    }

    pub(crate) fn append(mut self, log: Log, at: Timestamp, body: Vec<u8>) -> Self {
        self.writes.push(Write::Append { log, at, body });
        self
    }

    pub(crate) fn forget(mut self, log: Log, up_to: u64) -> Self {
        self.writes.push(Write::Forget { log, up_to });
        self
    }
}

/// Why a store could not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Read again and decide anew.
    #[error("the {} `{key}` was changed by somebody else", shelf.word())]
    Conflict { shelf: Shelf, key: String },
    /// Make room, or wait.
    #[error("the store cannot be written: {0}")]
    Unwritable(String),
    /// Restore it, or begin anew.
    #[error("the store is broken: {0}")]
    Broken(String),
    /// Run the program that wrote it, or one that is not much older.
    #[error(
        "the store has the format {found}, for programs that know {oldest} or a later one; this one knows {known}"
    )]
    Newer { found: u32, oldest: u32, known: u32 },
}

/// Opens the store that the settings name.
///
/// # Errors
/// It cannot be used, or is of a program that is too new.
pub(crate) async fn open(settings: &Settings) -> Result<Arc<dyn Store>, StoreError> {
    let Some(database) = &settings.postgres else {
        return Ok(Arc::new(Sqlite::open(&settings.state)?));
    };
    // Sockets may lie in it, and copies of repositories do.
    sqlite::make(&settings.state)?;
    of_database(database, &settings.state).await
}

#[cfg(feature = "postgres")]
async fn of_database(
    told: &settings::Postgres,
    folder: &Path,
) -> Result<Arc<dyn Store>, StoreError> {
    let database = postgres::Postgres::open(told).await?;
    moving::take(folder, &database).await?;
    Ok(Arc::new(database))
}

#[cfg(not(feature = "postgres"))]
#[expect(
    clippy::unused_async,
    reason = "with PostgreSQL there is something to wait for"
)]
async fn of_database(
    told: &settings::Postgres,
    _folder: &Path,
) -> Result<Arc<dyn Store>, StoreError> {
    let text = format!("`{}` needs a program with PostgreSQL", told.url);
    Err(StoreError::Unwritable(text))
}

/// A place where documents and logs are kept.
pub(crate) trait Store: Send + Sync {
    /// Whether other daemons may write it too.
    fn is_shared(&self) -> bool;

    /// The lines that were appended are handed back, in order.
    fn commit(&self, batch: Batch) -> Stored<'_, Vec<Line>>;

    fn get<'a>(&'a self, shelf: Shelf, key: &'a str) -> Stored<'a, Option<Document>>;

    /// In order of their keys.
    fn list(&self, shelf: Shelf) -> Stored<'_, Vec<Document>>;

    /// At most `limit` lines after a number, oldest first.
    fn read(&self, log: Log, after: u64, limit: usize) -> Stored<'_, Vec<Line>>;

    /// The last line of a log, if it has any.
    fn last(&self, log: Log) -> Stored<'_, Option<Line>>;

    /// A copy of the whole as one file that [`sqlite`] can open, made while it is used.
    fn back_up<'a>(&'a self, to: &'a Path) -> Stored<'a, ()>;
}

/// The value of a document. One that cannot be read is not taken for none: nothing that was promised is
/// forgotten.
pub(crate) async fn value<T: DeserializeOwned>(
    store: &dyn Store,
    shelf: Shelf,
    key: &str,
) -> Result<Option<T>, StoreError> {
    let Some(found) = store.get(shelf, key).await? else {
        return Ok(None);
    };
    let read = serde_json::from_slice(&found.body);
    let broken = |error| format!("the {} `{key}` cannot be read: {error}", shelf.word());
    read.map(Some)
        .map_err(|error| StoreError::Broken(broken(error)))
}

/// The bytes of a copy, made in a folder of our own and removed from it.
pub(crate) async fn copy(
    store: &dyn Store,
    folder: &Path,
    name: &str,
) -> Result<Vec<u8>, StoreError> {
    let failed = |error: std::io::Error| StoreError::Unwritable(error.to_string());
    std::fs::create_dir_all(folder).map_err(failed)?;
    let file = folder.join(name);
    let made = store.back_up(&file).await;
    let read = made.and_then(|()| std::fs::read(&file).map_err(failed));
    drop(std::fs::remove_file(&file));
    read
}

/// The chain of a line after one with the chain `before`, which is zeros for the first.
pub(crate) fn chained(before: &[u8; 32], number: u64, at: Timestamp, body: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("skep daemon log line 1");
    hasher.update(before);
    hasher.update(&number.to_le_bytes());
    hasher.update(&at.0.to_le_bytes());
    hasher.update(body);
    *hasher.finalize().as_bytes()
}
