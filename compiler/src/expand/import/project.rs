//! Other projects. Their mistakes are theirs: of what is wrong there, only what keeps files from being
//! read is told here, at the import.

use skep_schema::diagnostic::{Code, Diagnostic, Severity};
use skep_schema::module::ModuleName;
use skep_schema::span::Span;

use super::{Found, Pending};
use crate::context::{Context, Root};
use crate::expand::load::{Projects, Start, load_from};
use crate::expand::neighbour::Neighbour;

/// Reads the files of another project, apart from what was read of this one.
pub(super) fn load(
    cx: &mut Context<'_>,
    pending: &Pending,
    root: Root,
    chain: Vec<(ModuleName, Span)>,
) -> Found {
    if pending.projects == Projects::Left || pending.within.is_some() {
        return Found::Nothing;
    }
    let from = &pending.import.from;
    let pinned_there = matches!(root, Root::Folder(_));
    let ours = std::mem::take(&mut cx.decoder.diagnostics);
    let our_lock = cx.lock.clone();
    let our_modules = cx.modules.clone();
    if pinned_there {
        cx.lock = None;
    }
    let start = Start {
        root,
        span: from.span,
        chain,
        projects: Projects::Left,
    };
    let loaded = load_from(cx, &start, None);
    let lock = std::mem::replace(&mut cx.lock, our_lock);
    // What it imports is in its own lock file, and a lock of this project has no business with it.
    if pinned_there {
        cx.modules = our_modules;
    }
    let theirs = std::mem::replace(&mut cx.decoder.diagnostics, ours);
    let is_error = |d: &&Diagnostic| d.severity == Severity::Error;
    if let Some(first) = theirs.iter().find(is_error) {
        cx.report(unreadable(&from.value.0, from.span, first));
    }
    Found::Project(Box::new(Neighbour {
        span: from.span,
        from: from.value.0.clone(),
        environment: pending.import.environment.clone(),
        loaded,
        lock,
    }))
}

fn unreadable(from: &str, span: Span, first: &Diagnostic) -> Diagnostic {
    if first.primary.span == span {
        return first.clone();
    }
    let message = format!("the project `{from}` cannot be read as it is");
    let help = if matches!(first.code, Code::NotPinned | Code::ModuleAway) {
        "run `skep lock` in its folder: what it imports is pinned there"
    } else {
        "`skep check` in its folder shows all that is wrong there"
    };
    Diagnostic::new(Code::BadImport, span, message)
        .and(first.primary.span, first.message.clone())
        .help(help)
}
