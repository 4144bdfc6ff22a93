//! A store made at once, of all that another one has.

use std::path::Path;

use rusqlite::{Connection, Transaction, params};

use super::{failed, tables};
use crate::store::{Document, Line, Log, Shelf, StoreError};

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

impl Whole {
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
