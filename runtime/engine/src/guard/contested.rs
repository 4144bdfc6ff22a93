//! What another tool deploys, or changes because a label asks it to.

use std::collections::BTreeSet;

use skep_schema::api::stack::{Consent, Rule, Term};
use skep_schema::diagnostic::Code;
use skep_schema::inventory::{Contested, RivalClaim};

use super::Refusal;
use crate::drive::Look;

/// Refuses what another tool would write back.
///
/// # Errors
/// All of it.
pub fn contested(seen: &Look, consent: &Consent) -> Result<(), Refusal> {
    let all = Contested::all(&seen.plan, &seen.inventory);
    let owned = all
        .iter()
        .filter(|found| found.rival.claim == RivalClaim::Owns);
    let owned: Vec<&Contested> = owned.collect();
    if owned.is_empty() || consent.take_over {
        return Ok(());
    }
    let lines = owned.iter().map(|found| {
        let Contested {
            address,
            name,
            rival,
            evidence,
        } = found;
        format!(
            "`{address}`: {} deploys `{name}`, as {evidence} says",
            rival.name
        )
    });
    let lines: Vec<String> = lines.collect();
    let code = Code::OtherOwner.as_str();
    let message = format!("{code}: {}", lines.join("\n       "));
    let off = owned
        .iter()
        .map(|found| (found.rival.name, found.rival.off));
    let off: BTreeSet<(&str, &str)> = off.collect();
    let off = off.iter().map(|(name, off)| format!("{name}: {off}"));
    let off: Vec<String> = off.collect();
    let off = off.join("\n       ");
    Err(Refusal::new(Rule::Contested, message)
        .unless(format!("{off}\n       then: "), Term::TakeOver))
}

/// What changes services although they are ours, a line each.
pub fn notes(seen: &Look) -> Vec<String> {
    let all = Contested::all(&seen.plan, &seen.inventory);
    let notes = all.iter().filter_map(|found| match found.rival.claim {
        RivalClaim::Owns => None,
        RivalClaim::Changes(what) => Some(format!(
            "note: {} changes {what}, as {} says, and every apply changes it back: {}",
            found.rival.name, found.evidence, found.rival.off
        )),
    });
    let notes: BTreeSet<String> = notes.collect();
    notes.into_iter().collect()
}
