//! Records that are older than they are kept for are let go of, which is itself on record.

use std::sync::Arc;
use std::time::Duration;

use skep_schema::api::audit::{AUDIT_FORMAT, AuditRecord, Author, Matter, Origin, Ruling};
use skep_schema::event::Timestamp;

use super::append;
use super::check::{Mark, PAGE, hex};
use crate::auth::{NoRandom, request_id};
use crate::clock::now;
use crate::store::{Batch, Log, Store, StoreError};

/// Between two looks at what is too old. Each that finds something leaves a record.
const EVERY: Duration = Duration::from_hours(24);

/// Looks once a day, for ever.
pub(crate) async fn keep(store: Arc<dyn Store>, age: Duration) {
    loop {
        match forget(&*store, age, now()).await {
            Ok(None) => {}
            Ok(Some(last)) => {
                tracing::info!(up_to = last.number, "old records of the audit are gone");
            }
            Err(error) => tracing::warn!(%error, "old records of the audit are let go of later"),
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Lets go of the records before the first that is not older than `age`; which one was the last of them.
pub(super) async fn forget(
    store: &dyn Store,
    age: Duration,
    now: Timestamp,
) -> Result<Option<Mark>, StoreError> {
    let Some(last) = last_of_old(store, age, now).await? else {
        return Ok(None);
    };
    let no_random = |error: NoRandom| StoreError::Unwritable(error.to_string());
    let record = AuditRecord {
        format: AUDIT_FORMAT.to_owned(),
        request: request_id().map_err(no_random)?,
        who: Author::Daemon,
        via: None,
        from: Origin::Inside,
        verb: None,
        stack: None,
        what: vec![Matter::Forgotten {
            up_to: last.number,
            chain: hex(&last.chain),
        }],
        ruling: Ruling::Done,
    };
    let batch = append(Batch::default(), &record, now);
    store.commit(batch.forget(Log::Audit, last.number)).await?;
    Ok(Some(last))
}

async fn last_of_old(
    store: &dyn Store,
    age: Duration,
    now: Timestamp,
) -> Result<Option<Mark>, StoreError> {
    let mut last: Option<Mark> = None;
    loop {
        let after = last.map_or(0, |last| last.number);
        let lines = store.read(Log::Audit, after, PAGE).await?;
        if lines.is_empty() {
            return Ok(last);
        }
        for line in &lines {
            if u128::from(now.since(line.at)) <= age.as_millis() {
                return Ok(last);
            }
            last = Some(Mark::of(line));
        }
    }
}
