//! All that a store has, to make another one of it.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{Sqlite, document, failed, line, tables};
use crate::store::{Document, Line, Log, Shelf, StoreError, Stored};

/// All that a store has.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    pub(crate) documents: Vec<(Shelf, Document)>,
    pub(crate) lines: Vec<Line>,
    pub(crate) heads: Vec<Head>,
}

/// The last line of a log, which may be kept no more.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) log: Log,
    pub(crate) number: u64,
    pub(crate) chain: [u8; 32],
}

impl Sqlite {
    pub(crate) fn whole(&self) -> Stored<'static, Whole> {
        self.with(|inner| Whole::read(&inner.connection).map_err(failed))
    }
}

impl Whole {
    fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let mut whole = Self::default();
        let sql = "SELECT key, version, body FROM document WHERE shelf = ?1";
        let mut asked = connection.prepare(sql)?;
        for shelf in Shelf::ALL {
            for found in asked.query_map([shelf.word()], document)? {
                whole.documents.push((shelf, found?));
            }
        }
        let sql = "SELECT number, at, body, chain FROM line WHERE log = ?1 ORDER BY number";
        let mut asked = connection.prepare(sql)?;
        for log in Log::ALL {
            for found in asked.query_map([log.word()], |row| line(log, row))? {
                whole.lines.push(found?);
            }
            whole.heads.extend(head(connection, log)?);
        }
        Ok(whole)
    }

    /// Writes it into a file that is not there yet.
    pub(crate) fn write(&self, to: &Path) -> Result<(), StoreError> {
        let mut connection = Connection::open(to).map_err(failed)?;
        tables::migrate(&mut connection, tables::STEPS)?;
        let step = connection.transaction().map_err(failed)?;
        self.fill(&step).map_err(failed)?;
        step.commit().map_err(failed)
    }

    fn fill(&self, step: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut put = step.prepare("INSERT INTO document VALUES (?1, ?2, ?3, ?4)")?;
        for (shelf, one) in &self.documents {
            let Document { key, version, body } = one;
            put.execute(params![shelf.word(), key, version, body])?;
        }
        let mut append = step.prepare("INSERT INTO line VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for one in &self.lines {
            let Line {
                log,
                number,
                at,
                body,
                chain,
            } = one;
            append.execute(params![log.word(), number, at.0, body, chain])?;
        }
        let mut set = step.prepare("INSERT INTO head VALUES (?1, ?2, ?3)")?;
        for Head { log, number, chain } in &self.heads {
            set.execute(params![log.word(), number, chain])?;
        }
        Ok(())
    }
}

fn head(connection: &Connection, log: Log) -> rusqlite::Result<Option<Head>> {
    let sql = "SELECT number, chain FROM head WHERE log = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Head {
            log,
            number: row.get(0)?,
            chain: row.get(1)?,
        })
    };
    connection.query_row(sql, [log.word()], read).optional()
}
