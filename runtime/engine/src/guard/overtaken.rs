//! Whether somebody else had the last word.

use skep_schema::api::stack::{Mark, Rule};
use skep_schema::digest::DigestText;

use super::Refusal;
use crate::journal::Journal;

/// Refuses when the swarm's newest revision is not the one that is `known`, and did not want `plan`
/// either.
///
/// An older one than was known says that the stack was destroyed, or the swarm restored from a backup.
///
/// # Errors
/// Who had the last word.
pub fn overtaken(
    journal: &Journal,
    known: Option<&Mark>,
    plan: &DigestText,
) -> Result<(), Refusal> {
    let last = last_word(journal);
    let is_wanted = |last: &Mark| last.plan.as_ref() == Some(plan);
    if last.as_ref() == known || last.as_ref().is_some_and(is_wanted) {
        return Ok(());
    }
    Err(
        Refusal::new(Rule::Overtaken, who(journal, last.as_ref(), known))
            .help("approve the changes to go on; another plan from the source does that too"),
    )
}

/// The newest revision there is.
pub(crate) fn last_word(journal: &Journal) -> Option<Mark> {
    let revision = journal.newest();
    let entry = journal.get(revision);
    (revision > 0).then(|| Mark {
        revision,
        plan: entry.map(|entry| entry.revision.plan.digest.clone()),
    })
}

fn who(journal: &Journal, last: Option<&Mark>, known: Option<&Mark>) -> String {
    let known = known.map_or(0, |known| known.revision);
    let Some(Mark { revision, plan: _ }) = last else {
        return format!("there is no history, and r{known} was known: the stack was destroyed");
    };
    let revision = *revision;
    match journal.get(revision) {
        _ if revision < known => {
            format!("history ends with r{revision}, and r{known} was known")
        }
        Some(entry) => format!(
            "{} applied r{revision}, which wants something else than the source",
            entry.revision.by
        ),
        None => format!("somebody applied r{revision}, and it cannot be read"),
    }
}
