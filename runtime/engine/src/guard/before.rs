//! What is refused because of what was applied before.

use std::collections::BTreeMap;

use skep_schema::address::{Address, Kind};
use skep_schema::api::stack::{Consent, Rule, Term};
use skep_schema::change::{Action, Change, ChangeSet};
use skep_schema::digest::DigestText;
use skep_schema::revision::{self, Revision};

use super::Refusal;
use crate::drive::Look;
use crate::journal::Journal;

/// Refuses what failed when it was last tried: it would fail again, and a timer must not try it for ever.
///
/// # Errors
/// The first change that failed.
pub fn failed_before(
    journal: &Journal,
    changes: &ChangeSet,
    consent: &Consent,
) -> Result<(), Refusal> {
    if changes.is_empty() {
        return Ok(());
    }
    let failed = revision::failed_before(journal.entries(), changes);
    let Some((address, number)) = failed.first().filter(|_| !consent.retry) else {
        return Ok(());
    };
    Err(Refusal::new(
        Rule::FailedBefore,
        format!("exactly this change of `{address}` failed in r{number}"),
    )
    .unless("change it, or try once more with ", Term::Retry)
    .then(format!("; `skep show r{number}` tells more")))
}

/// The same where history may not tell: `failed` are nodes whose form did not work.
pub(crate) fn failed_lately(
    failed: &BTreeMap<Address, DigestText>,
    changes: &ChangeSet,
    consent: &Consent,
) -> Result<(), Refusal> {
    let again = |change: &&Change| {
        let after = change.after.as_ref().map(|node| &node.digest);
        after.is_some() && failed.get(&change.address) == after
    };
    let Some(change) = changes
        .changes
        .iter()
        .find(again)
        .filter(|_| !consent.retry)
    else {
        return Ok(());
    };
    let message = format!("exactly this change of `{}` failed", change.address);
    Err(Refusal::new(Rule::FailedBefore, message)
        .unless("change it, or try once more with ", Term::Retry))
}

/// Refuses secrets of an earlier day that would have to be made, and whose value is no more.
///
/// # Errors
/// The first of them.
pub fn gone(seen: &Look, revision: &Revision) -> Result<(), Refusal> {
    let made = seen
        .changes
        .changes
        .iter()
        .filter(|c| matches!(c.action, Action::Create | Action::Replace));
    let gone = made.map(|change| &change.address).find(|address| {
        let then = revision.secrets.get(address);
        then.is_some()
            && then != seen.inventory.fingerprints.secrets.get(address)
            && address.kind == Kind::Secret
    });
    gone.map_or(Ok(()), |address| {
        Err(Refusal::new(
            Rule::Gone,
            format!(
                "the value that `{address}` had in r{} is not in the swarm any more, and the one \
                 at hand is another",
                revision.number
            ),
        )
        .help("give it the old value where the spec looks for it, and go back again"))
    })
}
