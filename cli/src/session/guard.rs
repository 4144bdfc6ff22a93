//! The undo of an edit, which refuses when the file is no longer what the edit made of it.

use std::collections::BTreeMap;

use skep_compiler::edit::{Splice, editable};
use skep_compiler::source::SourceSet;
use skep_schema::digest::Digest;

use crate::exit::Exit;
use crate::failure::Failure;

/// A splice, and how the file has to begin for it.
#[derive(Clone, Debug)]
pub(crate) struct Guarded {
    pub(crate) splice: Splice,
    pub(crate) mark: Option<String>,
}

impl Guarded {
    /// The splices, if their files are what they were made for.
    pub(crate) fn checked(all: &[Self], set: &SourceSet) -> Result<Vec<Splice>, Failure> {
        let splices: Vec<Splice> = all.iter().map(|one| one.splice.clone()).collect();
        let texts = editable(set, &splices)?;
        for Self { splice, mark } in all {
            let Splice { file, end, .. } = splice;
            if mark.is_some() && *mark != of(&texts[file], *end) {
                let message = format!("`{file}` was changed after the edit that this takes back");
                let failure = Failure::new(Exit::Failed, message);
                return Err(failure.help(
                    "nothing is written: take back what came later first, or edit it by hand",
                ));
            }
        }
        Ok(splices)
    }
}

/// The command that makes these splices in these texts and in no others.
pub(super) fn undo(splices: &[Splice], texts: &BTreeMap<String, String>) -> Vec<String> {
    let one = |splice: &Splice| {
        let Splice {
            file,
            start,
            end,
            text,
        } = splice;
        let mark = of(&texts[file], *end).unwrap_or_default();
        format!("{file}:{start}..{end}@{mark}={text}")
    };
    let words = ["skep", "splice"].map(str::to_owned);
    words.into_iter().chain(splices.iter().map(one)).collect()
}

/// A mark of a text up to the end of the line that byte `end` is in. What comes later does not matter:
/// it moves nothing. Nothing for a place outside the text.
fn of(text: &str, end: usize) -> Option<String> {
    let rest = text.get(end..)?;
    let line = rest.find('\n').unwrap_or(rest.len());
    Some(Digest::of_bytes("splice", &text.as_bytes()[..end + line]).short())
}
