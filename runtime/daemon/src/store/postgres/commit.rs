//! Batches, each a transaction.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::event::Timestamp;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Transaction};

use super::read::chain;
use super::{failed, signed, unsigned};
use crate::store::{Batch, Expect, Line, Log, Shelf, StoreError, Write, chained};

/// Why a batch did not come true.
pub(super) enum Failed {
    /// Try again: somebody else wrote the same at the same time.
    InTheWay,
    Refused(StoreError),
    /// Nothing was heard of it, and it may have come true.
    Unanswered(StoreError),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        let clashes = [
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::UNIQUE_VIOLATION,
        ];
        // A server that is stopped may say so of a commit that came true.
        let is_stopped = |code: &SqlState| {
            ["08", "57"]
                .iter()
                .any(|class| code.code().starts_with(class))
        };
        match error.code() {
            Some(code) if clashes.contains(code) => Self::InTheWay,
            Some(code) if !is_stopped(code) => Self::Refused(failed(&error)),
            Some(_) | None => Self::Unanswered(failed(&error)),
        }
    }
}

/// Does a batch, unless it came true already with the lines that were sent before; they are replaced by
/// those that are sent now.
pub(super) async fn commit(
    client: &mut Client,
    batch: &Batch,
    sent: &mut Vec<Line>,
) -> Result<Vec<Line>, Failed> {
    let step = client.transaction().await?;
    let mut work = Work {
        heads: heads(&step, batch).await?,
        step: &step,
        lines: Vec::new(),
        written: 0,
    };
    // With the heads held: whatever was under way has ended, one way or the other.
    if has(&step, sent).await? {
        return Ok(std::mem::take(sent));
    }
    for write in &batch.writes {
        work.write(write).await?;
    }
    work.flush().await?;
    sent.clone_from(&work.lines);
    step.commit().await?;
    Ok(std::mem::take(sent))
}

/// The last line of a log.
struct Head {
    number: u64,
    chain: [u8; 32],
}

/// The heads of all logs that the batch appends to, held until its end and taken in one order, so that
/// nobody waits for whoever waits for him.
async fn heads(step: &Transaction<'_>, batch: &Batch) -> Result<BTreeMap<Log, Head>, Error> {
    let logs = batch.writes.iter().filter_map(|write| match write {
        Write::Append { log, .. } => Some(*log),
        Write::Put { .. } | Write::Remove { .. } | Write::Require { .. } | Write::Forget { .. } => {
            None
        }
    });
    let mut heads = BTreeMap::new();
    for log in logs.collect::<BTreeSet<_>>() {
        let sql = "SELECT number, chain FROM skep.head WHERE log = $1 FOR UPDATE";
        let row = step.query_one(sql, &[&log.word()]).await?;
        let head = Head {
            number: unsigned(row.try_get(0)?),
            chain: chain(row.try_get(1)?),
        };
        heads.insert(log, head);
    }
    Ok(heads)
}

/// Whether the lines are in the store. Their chain is bound to all that they say, so one speaks for all.
async fn has(step: &Transaction<'_>, lines: &[Line]) -> Result<bool, Error> {
    let Some(last) = lines.last() else {
        return Ok(false);
    };
    let sql = "SELECT 1 FROM skep.line WHERE log = $1 AND number = $2 AND chain = $3";
    let values: [&(dyn ToSql + Sync); 3] = [
        &last.log.word(),
        &signed(last.number),
        &last.chain.as_slice(),
    ];
    Ok(step.query_opt(sql, &values).await?.is_some())
}

struct Work<'t> {
    step: &'t Transaction<'t>,
    heads: BTreeMap<Log, Head>,
    lines: Vec<Line>,
    /// How many of the lines the database has.
    written: usize,
}

impl Work<'_> {
    async fn write(&mut self, write: &Write) -> Result<(), Failed> {
        match write {
            Write::Put {
                shelf,
                key,
                expect,
                body,
            } => self.put(*shelf, key, *expect, body).await,
            Write::Remove { shelf, key } => {
                let sql = "DELETE FROM skep.document WHERE shelf = $1 AND key = $2";
                self.step.execute(sql, &[&shelf.word(), key]).await?;
                Ok(())
            }
            Write::Require {
                shelf,
                key,
                version,
            } => self.require(*shelf, key, *version).await,
            Write::Append { log, at, body } => {
                self.append(*log, *at, body);
                Ok(())
            }
            Write::Forget { log, up_to } => {
                self.flush().await?;
                let sql = "DELETE FROM skep.line WHERE log = $1 AND number <= $2";
                let up_to = signed(*up_to);
                self.step.execute(sql, &[&log.word(), &up_to]).await?;
                Ok(())
            }
        }
    }

    /// In one statement, so that nobody comes between what is expected and what is written.
    async fn put(
        &self,
        shelf: Shelf,
        key: &str,
        expect: Expect,
        body: &[u8],
    ) -> Result<(), Failed> {
        let word = shelf.word();
        let done = match expect {
            Expect::Anything => {
                let sql = "INSERT INTO skep.document AS d VALUES ($1, $2, 1, $3)
                           ON CONFLICT (shelf, key)
                           DO UPDATE SET version = d.version + 1, body = excluded.body";
                self.step.execute(sql, &[&word, &key, &body]).await?
            }
            Expect::Absent => {
                let sql = "INSERT INTO skep.document VALUES ($1, $2, 1, $3)
                           ON CONFLICT DO NOTHING";
                self.step.execute(sql, &[&word, &key, &body]).await?
            }
            Expect::Version(version) => {
                let sql = "UPDATE skep.document SET version = version + 1, body = $3
                           WHERE shelf = $1 AND key = $2 AND version = $4";
                let version = signed(version);
                self.step
                    .execute(sql, &[&word, &key, &body, &version])
                    .await?
            }
        };
        is_one(done, shelf, key)
    }

    /// Holds the document as it is until the commit.
    async fn require(&self, shelf: Shelf, key: &str, version: u64) -> Result<(), Failed> {
        let sql = "SELECT 1 FROM skep.document WHERE shelf = $1 AND key = $2 AND version = $3
                   FOR SHARE";
        let version = signed(version);
        let found = self
            .step
            .query(sql, &[&shelf.word(), &key, &version])
            .await?;
        is_one(found.len() as u64, shelf, key)
    }

    fn append(&mut self, log: Log, at: Timestamp, body: &[u8]) {
        let head = self.heads.get_mut(&log);
        let head = head.expect("the heads of all logs of the batch are held");
        head.number += 1;
        head.chain = chained(&head.chain, head.number, at, body);
        self.lines.push(Line {
            log,
            number: head.number,
            at,
            body: body.to_vec(),
            chain: head.chain,
        });
    }

    /// Writes the lines that are not yet written, all at once.
    async fn flush(&mut self) -> Result<(), Failed> {
        let new = &self.lines[self.written..];
        if new.is_empty() {
            return Ok(());
        }
        insert(self.step, new).await?;
        self.written = self.lines.len();
        for (log, head) in &self.heads {
            move_head(self.step, *log, head.number, &head.chain).await?;
        }
        Ok(())
    }
}

/// Writes lines, all at once.
pub(super) async fn insert(step: &Transaction<'_>, lines: &[Line]) -> Result<(), Error> {
    let logs: Vec<&str> = lines.iter().map(|line| line.log.word()).collect();
    let numbers: Vec<i64> = lines.iter().map(|line| signed(line.number)).collect();
    let times: Vec<i64> = lines.iter().map(|line| signed(line.at.0)).collect();
    let bodies: Vec<&[u8]> = lines.iter().map(|line| line.body.as_slice()).collect();
    let chains: Vec<&[u8]> = lines.iter().map(|line| line.chain.as_slice()).collect();
    let sql = "INSERT INTO skep.line SELECT * FROM
               UNNEST($1::text[], $2::bigint[], $3::bigint[], $4::bytea[], $5::bytea[])";
    let values: [&(dyn ToSql + Sync); 5] = [&logs, &numbers, &times, &bodies, &chains];
    step.execute(sql, &values).await?;
    Ok(())
}

/// Says which line of a log is the last.
pub(super) async fn move_head(
    step: &Transaction<'_>,
    log: Log,
    number: u64,
    chain: &[u8; 32],
) -> Result<(), Error> {
    let sql = "UPDATE skep.head SET number = $2, chain = $3 WHERE log = $1";
    let (number, chain) = (signed(number), chain.as_slice());
    step.execute(sql, &[&log.word(), &number, &chain]).await?;
    Ok(())
}

fn is_one(rows: u64, shelf: Shelf, key: &str) -> Result<(), Failed> {
    if rows == 1 {
        return Ok(());
    }
    Err(Failed::Refused(StoreError::Conflict {
        shelf,
        key: key.to_owned(),
    }))
}
