//! The store as one file of SQLite: written through one connection, with a write-ahead log that is
//! on the disk before a commit is answered.

#[cfg(test)]
mod migration;
mod tables;
#[cfg(feature = "postgres")]
mod whole;

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, params};
use skep_schema::event::Timestamp;

use super::format::Step;
use super::{Batch, Document, Expect, Line, Log, Shelf, Store, StoreError, Stored, Write, chained};

#[cfg(feature = "postgres")]
pub(crate) use whole::{Head, Whole};

/// How long a store that somebody has open is waited for, and the pause between two tries.
const MOMENT: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(20);

/// A file that this process alone has open.
#[derive(Clone, Debug)]
pub(crate) struct Sqlite {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    connection: Connection,
    /// Held as long as the store is open.
    _lock: File,
}

impl Sqlite {
    /// Opens the store in a folder, or makes one.
    ///
    /// # Errors
    /// Another process has it, it is not ours, or it is of a program that is too new.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_as(folder, tables::STEPS)
    }

    /// As a program opens it that knows these formats.
    fn open_as(folder: &Path, steps: &'static [Step]) -> Result<Self, StoreError> {
        make(folder)?;
        let lock = lock(&folder.join("skep.lock"))?;
        let mut connection = Connection::open(file(folder)).map_err(failed)?;
        settle(&connection).map_err(failed)?;
        tables::migrate(&mut connection, steps)?;
        Ok(Self {
            inner: Arc::new(Mutex::new(Inner {
                connection,
                _lock: lock,
            })),
        })
    }

    /// Runs something with the connection where it may block.
    fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Stored<'static, T> {
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || {
                work(&mut inner.lock().unwrap_or_else(PoisonError::into_inner))
            });
            done.await
                .unwrap_or_else(|e| Err(StoreError::Unwritable(e.to_string())))
        })
    }
}

/// Makes a folder that nobody but its owner can look into; one that is there stays as it is.
pub(crate) fn make(folder: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let made = builder.recursive(true).create(folder);
    made.map_err(|error| unwritable(folder, &error))
}

/// The store's file in the daemon's folder.
pub(crate) fn file(folder: &Path) -> PathBuf {
    folder.join("skep.db")
}

/// Waits a moment for a process that has just ended: what it had begun to start has its files until it has
/// begun.
fn lock(path: &Path) -> Result<File, StoreError> {
    let mut options = OpenOptions::new();
    let opened = options.create(true).truncate(false).write(true).open(path);
    let file = opened.map_err(|e| unwritable(path, &e))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if begun.elapsed() < MOMENT => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                let text = "open; several daemons share a store only in PostgreSQL";
                let text = format!("another process has `{}` {text}", path.display());
                return Err(StoreError::Unwritable(text));
            }
            Err(TryLockError::Error(e)) => return Err(unwritable(path, &e)),
        }
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Unwritable(format!("{}: {error}", path.display()))
}

/// `FULL` because an answer is a promise: with a write-ahead log less would lose what was answered
/// last when the power fails.
fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)
}

impl Store for Sqlite {
    fn is_shared(&self) -> bool {
        false
    }

    fn commit(&self, batch: Batch) -> Stored<'_, Vec<Line>> {
        self.with(move |inner| {
            let step = inner.connection.transaction().map_err(failed)?;
            let mut lines = Vec::new();
            for one in batch.writes {
                lines.extend(write(&step, one)?);
            }
            step.commit().map_err(failed)?;
            Ok(lines)
        })
    }

    fn get<'a>(&'a self, shelf: Shelf, key: &'a str) -> Stored<'a, Option<Document>> {
        let key = key.to_owned();
        self.with(move |inner| get(&inner.connection, shelf, &key).map_err(failed))
    }

    fn list(&self, shelf: Shelf) -> Stored<'_, Vec<Document>> {
        self.with(move |inner| {
            let sql = "SELECT key, version, body FROM document WHERE shelf = ?1 ORDER BY key";
            let mut asked = inner.connection.prepare_cached(sql).map_err(failed)?;
            let rows = asked.query_map([shelf.word()], document).map_err(failed)?;
            rows.collect::<rusqlite::Result<_>>().map_err(failed)
        })
    }

    fn read(&self, log: Log, after: u64, limit: usize) -> Stored<'_, Vec<Line>> {
        self.with(move |inner| {
            let sql = "SELECT number, at, body, chain FROM line WHERE log = ?1 AND number > ?2
                       ORDER BY number LIMIT ?3";
            let mut asked = inner.connection.prepare_cached(sql).map_err(failed)?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let rows = asked
                .query_map(params![log.word(), after, limit], |row| line(log, row))
                .map_err(failed)?;
            rows.collect::<rusqlite::Result<_>>().map_err(failed)
        })
    }

    fn last(&self, log: Log) -> Stored<'_, Option<Line>> {
        self.with(move |inner| {
            let sql = "SELECT number, at, body, chain FROM line WHERE log = ?1
                       ORDER BY number DESC LIMIT 1";
            let found = inner
                .connection
                .query_row(sql, [log.word()], |row| line(log, row));
            found.optional().map_err(failed)
        })
    }

    fn back_up<'a>(&'a self, to: &'a Path) -> Stored<'a, ()> {
        let to = to.to_owned();
        self.with(move |inner| {
            let sql = "VACUUM INTO ?1";
            let to = to.to_string_lossy().into_owned();
            inner.connection.execute(sql, [to]).map_err(failed)?;
            Ok(())
        })
    }
}

fn get(connection: &Connection, shelf: Shelf, key: &str) -> rusqlite::Result<Option<Document>> {
    let sql = "SELECT key, version, body FROM document WHERE shelf = ?1 AND key = ?2";
    let mut asked = connection.prepare_cached(sql)?;
    asked.query_row([shelf.word(), key], document).optional()
}

fn document(row: &rusqlite::Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        key: row.get(0)?,
        version: row.get(1)?,
        body: row.get(2)?,
    })
}

fn line(log: Log, row: &rusqlite::Row<'_>) -> rusqlite::Result<Line> {
    Ok(Line {
        log,
        number: row.get(0)?,
        at: Timestamp(row.get(1)?),
        body: row.get(2)?,
        chain: row.get(3)?,
    })
}

fn write(step: &Transaction<'_>, write: Write) -> Result<Option<Line>, StoreError> {
    match write {
        Write::Put {
            shelf,
            key,
            expect,
            body,
        } => put(step, shelf, &key, expect, &body).map(|()| None),
        Write::Remove { shelf, key } => {
            let sql = "DELETE FROM document WHERE shelf = ?1 AND key = ?2";
            step.execute(sql, [shelf.word(), &key]).map_err(failed)?;
            Ok(None)
        }
        Write::Require {
            shelf,
            key,
            version,
        } => check(step, shelf, &key, Expect::Version(version)).map(|_| None),
        Write::Append { log, at, body } => append(step, log, at, body).map(Some).map_err(failed),
        Write::Forget { log, up_to } => {
            let sql = "DELETE FROM line WHERE log = ?1 AND number <= ?2";
            step.execute(sql, params![log.word(), up_to])
                .map_err(failed)?;
            Ok(None)
        }
    }
}

/// The version of a document that is as expected; nothing where there is none.
fn check(
    step: &Transaction<'_>,
    shelf: Shelf,
    key: &str,
    expect: Expect,
) -> Result<Option<u64>, StoreError> {
    let found = get(step, shelf, key).map_err(failed)?;
    let version = found.map(|found| found.version);
    let is_as_expected = match expect {
        Expect::Anything => true,
        Expect::Absent => version.is_none(),
        Expect::Version(wanted) => version == Some(wanted),
    };
    if is_as_expected {
        return Ok(version);
    }
    Err(StoreError::Conflict {
        shelf,
        key: key.to_owned(),
    })
}

fn put(
    step: &Transaction<'_>,
    shelf: Shelf,
    key: &str,
    expect: Expect,
    body: &[u8],
) -> Result<(), StoreError> {
    let version = check(step, shelf, key, expect)?;
    let sql = "INSERT INTO document VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT DO UPDATE SET version = excluded.version, body = excluded.body";
    let version = version.unwrap_or(0) + 1;
    step.execute(sql, params![shelf.word(), key, version, body])
        .map_err(failed)?;
    Ok(())
}

fn append(
    step: &Transaction<'_>,
    log: Log,
    at: Timestamp,
    body: Vec<u8>,
) -> rusqlite::Result<Line> {
    let sql = "SELECT number, chain FROM head WHERE log = ?1";
    let head = step.query_row(sql, [log.word()], |row| Ok((row.get(0)?, row.get(1)?)));
    let (number, before): (u64, [u8; 32]) = head.optional()?.unwrap_or_default();
    let number = number + 1;
    let chain = chained(&before, number, at, &body);
    step.execute(
        "INSERT INTO line VALUES (?1, ?2, ?3, ?4, ?5)",
        params![log.word(), number, at.0, body, chain],
    )?;
    step.execute(
        "INSERT INTO head VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET number = excluded.number, chain = excluded.chain",
        params![log.word(), number, chain],
    )?;
    Ok(Line {
        log,
        number,
        at,
        body,
        chain,
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "it stands where errors are mapped, which hands them over"
)]
fn failed(error: rusqlite::Error) -> StoreError {
    let is_broken = matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    );
    if is_broken {
        StoreError::Broken(error.to_string())
    } else {
        StoreError::Unwritable(error.to_string())
    }
}
