//! The last word on diagnostics: what follows from another mistake is left out, what is the same
//! is said once.

mod allowed;
mod follows;
mod origin;
pub(crate) mod tree;

use std::collections::BTreeMap;

use skep_schema::diagnostic::{Code, Diagnostic, Fix, Label};
use skep_schema::span::{Sources, Span};

use crate::Allowed;
use crate::context::Context;
use crate::decode::Exempt;
use crate::expand::Loaded;

/// Places that one diagnostic names beside its own, at most.
const MAX_LABELS: usize = 8;

pub(crate) use allowed::{join, without_use};

/// The diagnostics of a whole run, in order of place: each mistake once, and none that is allowed.
/// What is allowed stands beside them.
pub(crate) fn settle(
    cx: &mut Context<'_>,
    loaded: &Loaded,
    exempt: Vec<Exempt>,
) -> (Vec<Diagnostic>, Vec<Allowed>) {
    let all = std::mem::take(&mut cx.decoder.diagnostics);
    let mut all = follows::without(all, cx, loaded);
    origin::point(&mut all, cx, loaded);
    // What several uses make has one place, and an `allow` in one of them is not said of the others.
    let (in_uses, elsewhere) = allowed::in_uses(exempt, loaded);
    let (all, of_uses) = allowed::silence_uses(all, in_uses, &cx.sources);
    let all = merge(all, &cx.sources);
    let (all, more) = allowed::silence(all, elsewhere, loaded, &cx.sources);
    (all, join(more, of_uses, &cx.sources))
}

/// Puts what is said of specs that were made of other files where those say it. What would edit such a
/// spec is left out.
pub(crate) fn as_written(mut all: Vec<Diagnostic>, sources: &Sources) -> Vec<Diagnostic> {
    let is_edited = |fix: &Fix| {
        let mut edits = fix.edits.iter();
        edits.any(|(span, _)| sources.is_derived(span.file))
    };
    for diagnostic in &mut all {
        diagnostic.fixes.retain(|fix| !is_edited(fix));
        let own = &mut diagnostic.primary;
        own.span = sources.written(own.span);
        for label in &mut diagnostic.secondary {
            label.span = sources.written(label.span);
        }
    }
    merge(all, sources)
}

/// Sorts, and tells equal ones once.
pub(crate) fn merge(mut all: Vec<Diagnostic>, sources: &Sources) -> Vec<Diagnostic> {
    Diagnostic::sort(&mut all);
    all.sort_by(|a, b| {
        let rank = |d: &Diagnostic| sources.rank(d.primary.span.file);
        rank(a).cmp(&rank(b))
    });
    let mut merged: Vec<Diagnostic> = Vec::with_capacity(all.len());
    let mut known: BTreeMap<(Code, Option<Span>, String), usize> = BTreeMap::new();
    for next in all {
        let identity = identity(&next);
        if let Some(before) = known.get(&identity) {
            absorb(&mut merged[*before], next);
        } else {
            known.insert(identity, merged.len());
            merged.push(next);
        }
    }
    merged
}

/// What two have in common that tell of one mistake: code, message and place, or, for a name that
/// is missed in several places, code and message alone.
fn identity(of: &Diagnostic) -> (Code, Option<Span>, String) {
    let missed = matches!(
        of.code,
        Code::UnknownName
            | Code::UnknownPath
            | Code::UnknownParam
            | Code::UnknownComponent
            | Code::UnknownPort
    );
    (
        of.code,
        (!missed).then_some(of.primary.span),
        of.message.clone(),
    )
}

fn absorb(into: &mut Diagnostic, other: Diagnostic) {
    let elsewhere = (other.primary.span != into.primary.span).then(|| Label {
        span: other.primary.span,
        text: "and here".to_owned(),
    });
    for label in elsewhere.into_iter().chain(other.secondary) {
        if into.secondary.len() < MAX_LABELS && !into.secondary.contains(&label) {
            into.secondary.push(label);
        }
    }
}
