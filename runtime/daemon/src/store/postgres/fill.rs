//! A whole store, put where there is nothing yet.

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, GenericClient, Transaction};

use super::commit::{insert, move_head};
use super::signed;
use crate::store::sqlite::Whole;
use crate::store::{Document, Shelf};

/// Lines, or documents, that are written at once.
const PAGE: usize = 1_000;

/// Whether nothing was ever written.
pub(super) async fn is_empty(client: &(impl GenericClient + Sync)) -> Result<bool, Error> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM skep.document)
               AND NOT EXISTS (SELECT 1 FROM skep.head WHERE number > 0)";
    client.query_one(sql, &[]).await?.try_get(0)
}

/// Whether it was put there. Where there is anything, nothing is.
pub(super) async fn fill(client: &mut Client, whole: &Whole) -> Result<bool, Error> {
    let step = client.transaction().await?;
    // Who comes at the same time waits as long as it takes, and then finds something.
    let sql = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;
               LOCK TABLE skep.document, skep.line, skep.head IN SHARE ROW EXCLUSIVE MODE;";
    step.batch_execute(sql).await?;
    if !is_empty(&step).await? {
        return Ok(false);
    }
    for page in whole.documents.chunks(PAGE) {
        put(&step, page).await?;
    }
    for page in whole.lines.chunks(PAGE) {
        insert(&step, page).await?;
    }
    for head in &whole.heads {
        move_head(&step, head.log, head.number, &head.chain).await?;
    }
    step.commit().await?;
    Ok(true)
}

async fn put(step: &Transaction<'_>, all: &[(Shelf, Document)]) -> Result<(), Error> {
    let shelves: Vec<&str> = all.iter().map(|(shelf, _)| shelf.word()).collect();
    let keys: Vec<&str> = all.iter().map(|(_, one)| one.key.as_str()).collect();
    let versions: Vec<i64> = all.iter().map(|(_, one)| signed(one.version)).collect();
    let bodies: Vec<&[u8]> = all.iter().map(|(_, one)| one.body.as_slice()).collect();
    let sql = "INSERT INTO skep.document SELECT * FROM
               UNNEST($1::text[], $2::text[], $3::bigint[], $4::bytea[])";
    let values: [&(dyn ToSql + Sync); 4] = [&shelves, &keys, &versions, &bodies];
    step.execute(sql, &values).await?;
    Ok(())
}
