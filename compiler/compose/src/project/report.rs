//! What is handed back: the project, and what became of every key.

use std::collections::BTreeMap;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::import::{Finding, Grade, IMPORT_FORMAT, ImportReport, ImportedVariable, Refusal};
use skep_schema::span::Span;

use super::Clear;
use crate::Imported;
use crate::cx::{Cx, Fault, Found};
use crate::kdl::Item;
use crate::load::{Loader, Refused};
use crate::settle::{Settled, settle};
use crate::variables::Declared;

/// Settles the nodes of a project, of which there are none where something is missing or refused.
/// Beside it the services whose labels cannot become routes, with the reason.
pub(super) fn finish(
    mut cx: Cx<'_>,
    loader: Loader,
    items: Vec<Item>,
    mut clear: Clear,
) -> (Imported, BTreeMap<String, String>) {
    let empty = items.is_empty();
    let settled = if empty {
        Settled::default()
    } else {
        settle(&mut cx, items)
    };
    clear.add(&settled.declared);
    let position = |span: Span| loader.sources.position(span.file, span.start);
    let path = |span: Span| loader.sources.path(span.file).to_owned();
    let mut found = std::mem::take(&mut cx.found);
    found.sort_by(|a, b| {
        (a.span, &a.key, a.grade, &a.reason).cmp(&(b.span, &b.key, b.grade, &b.reason))
    });
    found.dedup();
    let findings = found.iter().map(|one| Finding {
        file: path(one.span),
        line: position(one.span).line,
        key: one.key.clone(),
        grade: one.grade,
        reason: one.reason.clone(),
        next: one.next.clone(),
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
    let said = said(&found, &loader.refused);
    let imported = Imported {
        said,
        values: clear.values,
        in_clear: clear.places,
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

impl Clear {
    /// Takes in the variables that become secrets: what is known of them now, and where that stands.
    fn add(&mut self, declared: &Declared) {
        for secret in &declared.secrets {
            let value = secret.value.clone();
            self.values
                .extend(value.map(|value| (secret.variable.clone(), value)));
            self.places
                .extend(secret.had_default.then_some(secret.span));
        }
        let hidden = declared.params.iter().filter(|param| param.hidden);
        self.places.extend(hidden.map(|param| param.span));
    }
}

/// What is worth saying where the files are compiled as they are.
fn said(found: &[Found], refused: &[Refused]) -> Vec<Diagnostic> {
    let refused = refused.iter().map(|refused| {
        let message = refused.message.clone();
        Diagnostic::new(Code::NoCompose, refused.span, message).help(refused.help.clone())
    });
    let found = found.iter().filter_map(|one| {
        let code = match one.grade {
            Grade::Exact => return None,
            Grade::Approximated => Code::NearCompose,
            Grade::Dropped => match one.fault {
                None => Code::NotInSwarm,
                Some(Fault::Invalid) => Code::RefusedByDocker,
                Some(Fault::Unset) => Code::UnsetParam,
            },
        };
        let message = format!("`{}`: {}", one.key, one.reason);
        let said = Diagnostic::new(code, one.span, message);
        Some(if one.next.is_empty() {
            said
        } else {
            said.help(one.next.clone())
        })
    });
    refused.chain(found).collect()
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
