//! The tables, format by format.

use rusqlite::{Connection, OptionalExtension as _};

use super::failed;
use crate::store::StoreError;
use crate::store::format::{Format, Step};

/// Tells our files from other programs': `skep`.
const APPLICATION: i32 = 0x736b_6570;

pub(super) const STEPS: &[Step] = &[
    Step {
        oldest: 1,
        sql: "
        CREATE TABLE document (
            shelf TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
            PRIMARY KEY (shelf, key)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE line (
            log TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL,
            chain BLOB NOT NULL, PRIMARY KEY (log, number)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE head (
            log TEXT PRIMARY KEY, number INTEGER NOT NULL, chain BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        ",
    },
    // From here on the format stands in a table. What programs of format 1 take for it, `user_version`, is
    // the oldest program that can go on.
    Step {
        oldest: 1,
        sql: "CREATE TABLE format (number INTEGER NOT NULL) STRICT; INSERT INTO format VALUES (2);",
    },
];

/// Brings a store to the format that the program knows: all of the way, or nothing of it.
pub(super) fn migrate(
    connection: &mut Connection,
    steps: &'static [Step],
) -> Result<(), StoreError> {
    let way = found(connection)?.way(steps)?;
    if way.steps.is_empty() {
        return Ok(());
    }
    let step = connection.transaction().map_err(failed)?;
    for one in way.steps {
        step.execute_batch(one.sql).map_err(failed)?;
    }
    say(&step, way.to).map_err(failed)?;
    step.commit().map_err(failed)
}

/// What the store says of itself.
fn found(connection: &Connection) -> Result<Format, StoreError> {
    let pragma = |name: &str| -> Result<i64, StoreError> {
        let number = connection.pragma_query_value(None, name, |row| row.get(0));
        number.map_err(failed)
    };
    let (application, oldest) = (pragma("application_id")?, pragma("user_version")?);
    if application == 0 && oldest == 0 {
        return Ok(Format::default());
    }
    if application != i64::from(APPLICATION) {
        return Err(StoreError::Broken("it is another program's".to_owned()));
    }
    let oldest = u32::try_from(oldest).unwrap_or(u32::MAX);
    let number = written(connection).map_err(failed)?.unwrap_or(oldest);
    Ok(Format { number, oldest })
}

/// The format by its table, which the first format does not have.
fn written(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    if !connection.table_exists(None, "format")? {
        return Ok(None);
    }
    let number = connection.query_row("SELECT number FROM format", [], |row| row.get(0));
    number.optional()
}

fn say(connection: &Connection, format: Format) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION)?;
    connection.pragma_update(None, "user_version", format.oldest)?;
    if format.number > 1 {
        connection.execute("UPDATE format SET number = ?1", [format.number])?;
    }
    Ok(())
}
