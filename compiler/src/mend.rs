//! Fixes of diagnostics, made: splices of the author's own text, until nothing is left to fix.
//!
//! A fix is kept only if the project has no error after it that it did not have before. So a fix may
//! be left out, and said to be, but no run makes a project worse; a second run finds nothing to do.

mod choose;

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::diagnostic::{Applicability, Code, Diagnostic, Severity};
use skep_schema::span::Sources;

use crate::Checked;
use crate::edit::spliced;
use crate::source::SourceSet;

use choose::{Choice, choose};

/// Rounds of fixing and checking. A round makes all fixes that do not touch each other.
const MAX_ROUNDS: usize = 16;

/// Which fixes are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those that are always right.
    Safe,
    /// Those that are probably right as well.
    Likely,
}

/// What a fix was for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mend {
    pub code: Code,
    pub file: String,
    /// From 1, in the text as it was when the fix was tried.
    pub line: u32,
    /// What it does: ``write `stop-first` ``.
    pub title: String,
}

/// A project with all fixes made that could be.
#[derive(Debug)]
pub struct Mended {
    /// The sources with the new texts.
    pub set: SourceSet,
    /// What is wrong with those.
    pub checked: Checked,
    pub made: Vec<Mend>,
    /// Fixes that were tried and taken back, each with the first error it would have brought.
    pub refused: Vec<(Mend, String)>,
}

/// Makes fixes until there is none left. `check` looks at a set and reads what that wants.
///
/// # Errors
/// Those of `check`.
pub fn mend<E>(
    set: SourceSet,
    checked: Checked,
    reach: Reach,
    mut check: impl FnMut(SourceSet) -> Result<(SourceSet, Checked), E>,
) -> Result<Mended, E> {
    let mut at = Mended {
        set,
        checked,
        made: Vec::new(),
        refused: Vec::new(),
    };
    for _ in 0..MAX_ROUNDS {
        let tried: BTreeSet<Mend> = at.refused.iter().map(|(mend, _)| mend.clone()).collect();
        let mut choices = choose(&at.checked, &at.set, reach);
        choices.retain(|choice| !tried.contains(&choice.mend));
        if choices.is_empty() {
            break;
        }
        if !at.attempt(&choices, &mut check)? {
            at.one_by_one(reach, &mut check)?;
        }
    }
    Ok(at)
}

impl Mended {
    /// Makes fixes all at once, unless they would bring an error. Whether they were made.
    fn attempt<E>(
        &mut self,
        choices: &[Choice],
        check: &mut impl FnMut(SourceSet) -> Result<(SourceSet, Checked), E>,
    ) -> Result<bool, E> {
        let splices = choices.iter().flat_map(|choice| &choice.splices);
        let Some(next) = spliced(&self.set, splices) else {
            self.refuse(choices, "it changes one place twice".to_owned());
            return Ok(false);
        };
        let (set, checked) = check(next)?;
        if let Some(news) = first_new_error(&self.checked, &checked) {
            self.refuse(choices, news);
            return Ok(false);
        }
        self.set = set;
        self.checked = checked;
        self.made.extend(choices.iter().map(|c| c.mend.clone()));
        Ok(true)
    }

    /// Remembers why a fix cannot be made. Of several nobody knows which one it is.
    fn refuse(&mut self, choices: &[Choice], why: String) {
        if let [only] = choices {
            self.refused.push((only.mend.clone(), why));
        }
    }

    /// Makes fixes one after the other. Those that bring an error are remembered as refused.
    fn one_by_one<E>(
        &mut self,
        reach: Reach,
        check: &mut impl FnMut(SourceSet) -> Result<(SourceSet, Checked), E>,
    ) -> Result<(), E> {
        let rounds = choose(&self.checked, &self.set, reach).len();
        for _ in 0..rounds {
            let next = choose(&self.checked, &self.set, reach)
                .into_iter()
                .find(|choice| self.refused.iter().all(|(mend, _)| *mend != choice.mend));
            let Some(next) = next else { break };
            self.attempt(&[next], check)?;
        }
        Ok(())
    }
}

/// The first error that a project has and did not have before, in words.
///
/// An error is the same one when it says the same of the same text, wherever that stands now.
pub fn first_new_error(before: &Checked, after: &Checked) -> Option<String> {
    let mut known: BTreeMap<Identity<'_>, usize> = BTreeMap::new();
    for error in errors(&before.diagnostics) {
        *known.entry(identity(error, &before.sources)).or_default() += 1;
    }
    errors(&after.diagnostics)
        .find(|error| {
            let left = known.get_mut(&identity(error, &after.sources));
            match left {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    false
                }
                Some(_) | None => true,
            }
        })
        .map(|error| format!("{}: {}", error.code, error.message))
}

type Identity<'d> = (Code, &'d str, &'d str, &'d str);

fn identity<'d>(error: &'d Diagnostic, sources: &'d Sources) -> Identity<'d> {
    let span = error.primary.span;
    (
        error.code,
        sources.path(span.file),
        error.message.as_str(),
        sources.slice(span),
    )
}

fn errors(all: &[Diagnostic]) -> impl Iterator<Item = &Diagnostic> {
    all.iter().filter(|d| d.severity == Severity::Error)
}

impl Reach {
    const fn covers(self, applicability: Applicability) -> bool {
        match (self, applicability) {
            (_, Applicability::Safe) | (Reach::Likely, Applicability::MaybeIncorrect) => true,
            (Reach::Safe, Applicability::MaybeIncorrect) => false,
        }
    }
}
