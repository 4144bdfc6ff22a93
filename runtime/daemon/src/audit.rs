//! Who did what, and who was refused: one log, each line bound to all before it. What is let go of when it
//! is old enough is named in a line that stays.
//!
//! The record of a change is written in the change's own batch, or before what it allows: what left no
//! record did not happen. Outcomes follow as records of the same request.

mod check;
mod keep;

use skep_schema::api::access::{StackName, Verb};
use skep_schema::api::audit::{
    AUDIT_FORMAT, AuditRecord, Author, Matter, Origin, RequestId, Ruling, Why,
};
use skep_schema::event::Timestamp;

use crate::auth::{Actor, Permit};
use crate::store::{Batch, Log, Store, StoreError};

pub(crate) use self::check::{Verdict, export, verify};
pub(crate) use self::keep::keep;

/// Which request something happens for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occasion {
    pub(crate) request: RequestId,
    pub(crate) from: Origin,
}

/// That something may be done, before it is.
pub(crate) fn allowed(permit: &Permit, occasion: &Occasion, what: Vec<Matter>) -> AuditRecord {
    AuditRecord {
        format: AUDIT_FORMAT.to_owned(),
        request: occasion.request.clone(),
        who: permit.who().clone(),
        via: permit.via().cloned(),
        from: occasion.from.clone(),
        verb: Some(permit.verb()),
        stack: permit.stack().cloned(),
        what,
        ruling: Ruling::Allowed,
    }
}

/// That somebody, or nobody that is known, was refused.
pub(crate) fn refused(
    who: Option<&Actor>,
    occasion: &Occasion,
    verb: Option<Verb>,
    stack: Option<&StackName>,
    why: Why,
) -> AuditRecord {
    AuditRecord {
        format: AUDIT_FORMAT.to_owned(),
        request: occasion.request.clone(),
        who: who.map_or(Author::Nobody, |who| Author::Known(who.name().clone())),
        via: who.map(|who| who.via().clone()),
        from: occasion.from.clone(),
        verb,
        stack: stack.cloned(),
        what: Vec::new(),
        ruling: Ruling::Refused(why),
    }
}

/// How it ended.
pub(crate) fn outcome(began: &AuditRecord, ruling: Ruling) -> AuditRecord {
    AuditRecord {
        ruling,
        ..began.clone()
    }
}

/// Adds a record to the changes that it is about.
pub(crate) fn append(batch: Batch, record: &AuditRecord, now: Timestamp) -> Batch {
    let body = serde_json::to_vec(record).expect("a record is plain data");
    batch.append(Log::Audit, now, body)
}

/// Writes a record that goes with no change to the store. What it allows is done after this only.
pub(crate) async fn write(
    store: &dyn Store,
    record: &AuditRecord,
    now: Timestamp,
) -> Result<(), StoreError> {
    store.commit(append(Batch::default(), record, now)).await?;
    Ok(())
}

#[cfg(test)]
mod tests;
