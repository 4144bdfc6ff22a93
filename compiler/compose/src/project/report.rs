//! What is handed back: the project, and what became of every key.

use std::collections::BTreeMap;

use skep_schema::import::{Finding, IMPORT_FORMAT, ImportReport, ImportedVariable, Refusal};
use skep_schema::span::Span;

use crate::Imported;
use crate::cx::Cx;
use crate::kdl::Item;
use crate::load::Loader;
use crate::settle::{Settled, settle};
use crate::variables::Declared;

/// Settles the nodes of a project, of which there are none where something is missing or refused.
/// Beside it the services whose labels cannot become routes, with the reason.
pub(super) fn finish(
    mut cx: Cx<'_>,
    loader: Loader,
    items: Vec<Item>,
) -> (Imported, BTreeMap<String, String>) {
    let empty = items.is_empty();
    let settled = if empty {
        Settled::default()
    } else {
        settle(&mut cx, items)
    };
    let position = |span: Span| loader.sources.position(span.file, span.start);
    let path = |span: Span| loader.sources.path(span.file).to_owned();
    let mut found = std::mem::take(&mut cx.found);
    found.sort_by(|a, b| {
        (a.span, &a.key, a.grade, &a.reason).cmp(&(b.span, &b.key, b.grade, &b.reason))
    });
    found.dedup();
    let findings = found.into_iter().map(|one| Finding {
        file: path(one.span),
        line: position(one.span).line,
        key: one.key,
        grade: one.grade,
        reason: one.reason,
        next: one.next,
    });
    let refusals = loader.refused.iter().map(|refused| Refusal {
        file: path(refused.span),
        line: position(refused.span).line,
        column: position(refused.span).column,
        message: refused.message.clone(),
        help: refused.help.clone(),
    });
    let report = ImportReport {
        format: IMPORT_FORMAT.to_owned(),
        project: cx.stack.clone(),
        text: settled.text.clone(),
        copies: cx.copies.clone(),
        findings: findings.collect(),
        variables: variables_of(&settled.declared),
        refusals: refusals.collect(),
    };
    let imported = Imported {
        text: settled.text,
        lines: settled.lines,
        report,
        diagnostics: settled.diagnostics,
        compiled: settled.compiled,
        wanted: cx.wanted,
        sources: loader.sources,
    };
    (imported, settled.unroutable)
}

fn variables_of(declared: &Declared) -> Vec<ImportedVariable> {
    let params = declared.params.iter().map(|param| ImportedVariable {
        variable: param.variable.clone(),
        node: format!("param.{}", param.name),
        required: param.default.is_none() && !param.optional,
    });
    let secrets = declared.secrets.iter().map(|secret| ImportedVariable {
        variable: secret.variable.clone(),
        node: format!("secret.{}", secret.name),
        required: true,
    });
    params.chain(secrets).collect()
}
