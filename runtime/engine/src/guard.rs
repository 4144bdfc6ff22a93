//! What is refused before anything is written, whoever asks for it.

mod agreed;
mod before;
mod contested;
mod doomed;
mod overtaken;
mod refusal;
mod scope;

use std::collections::BTreeMap;

use skep_schema::address::Address;
use skep_schema::api::stack::Consent;
use skep_schema::change::ChangeSet;
use skep_schema::revision::Revision;

use crate::drive::Look;
use crate::journal::Journal;

pub use agreed::stale;
pub(crate) use before::failed_lately;
pub use before::{failed_before, gone};
pub use contested::{contested, notes};
pub use doomed::{blocked, concerns, deletes, nodes, taken, unvalued};
pub(crate) use overtaken::last_word;
pub use overtaken::overtaken;
pub use refusal::Refusal;
pub use scope::Scope;
pub(crate) use scope::drifted;

/// What is known of a wish to apply, beside what a look shows.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    pub consent: &'a Consent,
    /// Secrets whose values are not at hand, and what to do about each.
    pub missing: &'a BTreeMap<Address, String>,
}

/// Whether a plan may be applied, and exactly what was agreed to where somebody was asked.
///
/// # Errors
/// The first rule that refuses it.
pub fn apply(
    seen: &Look,
    journal: &Journal,
    wish: Wish<'_>,
    agreed: Option<&ChangeSet>,
) -> Result<(), Refusal> {
    let Wish { consent, missing } = wish;
    taken(seen)?;
    contested(seen, consent)?;
    nodes(seen)?;
    blocked(&seen.changes, consent)?;
    concerns(&seen.changes, consent)?;
    unvalued(&seen.changes, missing)?;
    deletes(seen, consent)?;
    agreed.map_or(Ok(()), |agreed| stale(agreed, seen))?;
    failed_before(journal, &seen.changes, consent)
}

/// Whether a stack may go back to a revision.
///
/// # Errors
/// The first rule that refuses it.
pub fn rollback(
    seen: &Look,
    journal: &Journal,
    wish: Wish<'_>,
    revision: &Revision,
) -> Result<(), Refusal> {
    let Wish { consent, missing } = wish;
    taken(seen).map_err(|refusal| forgotten(refusal, revision.number))?;
    nodes(seen)?;
    blocked(&seen.changes, consent)?;
    gone(seen, revision)?;
    concerns(&seen.changes, consent)?;
    unvalued(&seen.changes, missing)?;
    deletes(seen, consent)?;
    failed_before(journal, &seen.changes, consent)
}

/// What a plan of another day wants may have been forgotten since.
fn forgotten(refusal: Refusal, number: u32) -> Refusal {
    refusal.help(format!(
        "if it was forgotten since r{number}, a rollback cannot have it: declare it again with \
         `adopt` and apply that, or remove the other object"
    ))
}
