//! Which fixes can be made at once.

use skep_schema::diagnostic::{Diagnostic, Fix};
use skep_schema::span::Sources;

use super::{Mend, Reach};
use crate::Checked;
use crate::edit::Splice;
use crate::source::SourceSet;

/// A fix that is to be made as a whole.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub(super) mend: Mend,
    pub(super) splices: Vec<Splice>,
}

/// One fix of each diagnostic that has one, in order of place; one that touches what another one
/// changes waits for the next round.
pub(super) fn choose(checked: &Checked, set: &SourceSet, reach: Reach) -> Vec<Choice> {
    let mut chosen: Vec<Choice> = Vec::new();
    for diagnostic in &checked.diagnostics {
        let mut fixes = diagnostic.fixes.iter();
        let Some(fix) = fixes.find(|fix| reach.covers(fix.applicability)) else {
            continue;
        };
        let Some(choice) = choice(diagnostic, fix, &checked.sources, set) else {
            continue;
        };
        let taken = chosen.iter().flat_map(|other| &other.splices);
        let free = taken
            .into_iter()
            .all(|other| choice.splices.iter().all(|own| fit(own, other)));
        if free {
            chosen.push(choice);
        }
    }
    chosen
}

/// A fix as splices of the project's own files; nothing where it would change another text, such as
/// that of a standard component.
fn choice(
    diagnostic: &Diagnostic,
    fix: &Fix,
    sources: &Sources,
    set: &SourceSet,
) -> Option<Choice> {
    let own = |file| set.text(sources.path(file)) == Some(sources.text(file));
    if fix.edits.is_empty() || !fix.edits.iter().all(|(span, _)| own(span.file)) {
        return None;
    }
    let at = diagnostic.primary.span;
    let splices = fix
        .edits
        .iter()
        .map(|(span, text)| Splice::at(*span, sources, text.as_str()))
        .collect();
    Some(Choice {
        mend: Mend {
            code: diagnostic.code,
            file: sources.path(at.file).to_owned(),
            line: sources.position(at.file, at.start).line,
            title: fix.title.clone(),
        },
        splices,
    })
}

/// Whether two splices can be made at once: they are the same, or share no byte and no place.
fn fit(a: &Splice, b: &Splice) -> bool {
    a == b || a.file != b.file || a.end < b.start || b.end < a.start
}
