//! The whole as a file of the other store.

use std::path::Path;

use tokio_postgres::{Client, Error, IsolationLevel, Transaction};

use super::read::{self, chain};
use super::{failed, unsigned};
use crate::store::sqlite::{Head, Whole};
use crate::store::{Document, Log, Shelf, StoreError};

/// Lines that are read at once.
const PAGE: usize = 1_000;

/// Writes all of it as it is at one moment, whatever is written meanwhile.
pub(super) async fn copy(mut client: Client, to: &Path) -> Result<(), StoreError> {
    let whole = whole(&mut client).await.map_err(|error| failed(&error))?;
    let to = to.to_owned();
    let written = tokio::task::spawn_blocking(move || whole.write(&to));
    written
        .await
        .unwrap_or_else(|error| Err(StoreError::Unwritable(error.to_string())))
}

async fn whole(client: &mut Client) -> Result<Whole, Error> {
    let step = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await?;
    let mut whole = Whole::default();
    for shelf in Shelf::ALL {
        let documents: Vec<Document> = read::list(&step, shelf).await?;
        let documents = documents.into_iter().map(|one| (shelf, one));
        whole.documents.extend(documents);
    }
    for log in Log::ALL {
        whole.heads.extend(head(&step, log).await?);
        let mut after = 0;
        loop {
            let lines = read::lines(&step, (log, after, PAGE)).await?;
            let Some(last) = lines.last() else { break };
            after = last.number;
            whole.lines.extend(lines);
        }
    }
    Ok(whole)
}

async fn head(step: &Transaction<'_>, log: Log) -> Result<Option<Head>, Error> {
    let sql = "SELECT number, chain FROM skep.head WHERE log = $1 AND number > 0";
    let Some(row) = step.query_opt(sql, &[&log.word()]).await? else {
        return Ok(None);
    };
    Ok(Some(Head {
        log,
        number: unsigned(row.try_get(0)?),
        chain: chain(row.try_get(1)?),
    }))
}
