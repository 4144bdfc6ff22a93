//! The last word on diagnostics: what follows from another mistake is left out, what is the same
//! is said once.

use std::collections::BTreeSet;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::{FileId, Sources, Span};

/// Uses of one component that a diagnostic names at most.
const MAX_LABELS: usize = 8;

/// Sorts, and leaves out what a mistake of the reader led to and what was said before.
pub(crate) fn settle(
    all: Vec<Diagnostic>,
    damaged: &[Span],
    roots: &[Span],
    sources: &Sources,
) -> Vec<Diagnostic> {
    let lines: BTreeSet<(FileId, u32)> = damaged.iter().map(|span| line(*span, sources)).collect();
    let broken: Vec<Span> = roots
        .iter()
        .filter(|root| damaged.iter().any(|at| covers(**root, *at)))
        .copied()
        .collect();
    let follows = |diagnostic: &Diagnostic| {
        let span = diagnostic.primary.span;
        let missing = matches!(diagnostic.code, Code::MissingValue | Code::UnsetParam);
        lines.contains(&line(span, sources))
            || missing && broken.iter().any(|root| covers(*root, span))
    };
    let of_reader = |diagnostic: &Diagnostic| diagnostic.code.as_str().starts_with("SK1");
    let mut kept: Vec<Diagnostic> = if damaged.is_empty() {
        all
    } else {
        all.into_iter()
            .filter(|d| of_reader(d) || !follows(d))
            .collect()
    };
    Diagnostic::sort(&mut kept);
    merge_same(kept)
}

fn line(span: Span, sources: &Sources) -> (FileId, u32) {
    (span.file, sources.position(span.file, span.start).line)
}

fn covers(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.start <= outer.end
}

/// One mistake in a component shows once, with the uses that showed it.
fn merge_same(sorted: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut all: Vec<Diagnostic> = Vec::with_capacity(sorted.len());
    for next in sorted {
        match all.last_mut() {
            Some(last)
                if last.code == next.code
                    && last.primary.span == next.primary.span
                    && last.message == next.message =>
            {
                for label in next.secondary {
                    if last.secondary.len() < MAX_LABELS && !last.secondary.contains(&label) {
                        last.secondary.push(label);
                    }
                }
            }
            Some(_) | None => all.push(next),
        }
    }
    all
}
