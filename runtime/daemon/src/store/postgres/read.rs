//! What is asked for.

use skep_schema::event::Timestamp;
use tokio_postgres::{Client, Error, GenericClient, Row};

use super::{signed, unsigned};
use crate::store::{Document, Line, Log, Shelf};

pub(super) async fn get(
    client: &Client,
    (shelf, key): (Shelf, String),
) -> Result<Option<Document>, Error> {
    let sql = "SELECT key, version, body FROM skep.document WHERE shelf = $1 AND key = $2";
    let found = client.query_opt(sql, &[&shelf.word(), &key]).await?;
    found.as_ref().map(document).transpose()
}

pub(super) async fn list(
    client: &(impl GenericClient + Sync),
    shelf: Shelf,
) -> Result<Vec<Document>, Error> {
    let sql = "SELECT key, version, body FROM skep.document WHERE shelf = $1 ORDER BY key";
    let rows = client.query(sql, &[&shelf.word()]).await?;
    rows.iter().map(document).collect()
}

pub(super) async fn lines(
    client: &(impl GenericClient + Sync),
    (log, after, limit): (Log, u64, usize),
) -> Result<Vec<Line>, Error> {
    let sql = "SELECT number, at, body, chain FROM skep.line WHERE log = $1 AND number > $2
               ORDER BY number LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = client
        .query(sql, &[&log.word(), &signed(after), &limit])
        .await?;
    rows.iter().map(|row| line(log, row)).collect()
}

pub(super) async fn last(client: &Client, log: Log) -> Result<Option<Line>, Error> {
    let sql = "SELECT number, at, body, chain FROM skep.line WHERE log = $1
               ORDER BY number DESC LIMIT 1";
    let found = client.query_opt(sql, &[&log.word()]).await?;
    found.as_ref().map(|row| line(log, row)).transpose()
}

fn document(row: &Row) -> Result<Document, Error> {
    Ok(Document {
        key: row.try_get(0)?,
        version: unsigned(row.try_get(1)?),
        body: row.try_get(2)?,
    })
}

fn line(log: Log, row: &Row) -> Result<Line, Error> {
    Ok(Line {
        log,
        number: unsigned(row.try_get(0)?),
        at: Timestamp(unsigned(row.try_get(1)?)),
        body: row.try_get(2)?,
        chain: chain(row.try_get(3)?),
    })
}

/// One of another length is none: the audit's check then says where.
pub(super) fn chain(bytes: &[u8]) -> [u8; 32] {
    bytes.try_into().unwrap_or_default()
}
