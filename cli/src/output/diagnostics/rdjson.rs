//! Reviewdog's diagnostic format, with fixes as suggestions. Its columns count bytes.

use serde_json::{Value, json};
use skep_compiler::Checked;
use skep_schema::diagnostic::{Diagnostic, Fix, Severity};
use skep_schema::span::{Sources, Span};

use super::view::{View, start_of_line};
use crate::session::to_json;

pub(super) fn render(checked: &Checked, view: &View) -> String {
    let sources = &checked.sources;
    let all = checked.diagnostics.iter();
    to_json(&json!({
        "source": { "name": "skep" },
        "diagnostics": all.map(|d| one(d, sources, view)).collect::<Vec<_>>(),
    }))
}

fn one(d: &Diagnostic, sources: &Sources, view: &View) -> Value {
    let span = d.primary.span;
    let mut value = json!({
        "message": super::sentence(&d.locate(sources)),
        "location": { "path": view.path(sources.path(span.file)), "range": range(span, sources) },
        "severity": level(d.severity),
        "code": { "value": d.code.as_str() },
    });
    let suggestions: Vec<Value> = d
        .fixes
        .iter()
        .filter_map(|fix| suggestion(fix, span, sources))
        .collect();
    if !suggestions.is_empty() {
        value["suggestions"] = suggestions.into();
    }
    value
}

/// A suggestion replaces one place, in the file that the diagnostic is about.
fn suggestion(fix: &Fix, about: Span, sources: &Sources) -> Option<Value> {
    let [(span, text)] = fix.edits.as_slice() else {
        return None;
    };
    (span.file == about.file).then(|| json!({ "range": range(*span, sources), "text": text }))
}

fn range(span: Span, sources: &Sources) -> Value {
    let at = |offset: u32| {
        let text = sources.text(span.file);
        let line = sources.position(span.file, offset).line;
        json!({ "line": line, "column": offset as usize - start_of_line(text, offset as usize) + 1 })
    };
    json!({ "start": at(span.start), "end": at(span.end) })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "ERROR",
        Severity::Warning => "WARNING",
        Severity::Info => "INFO",
    }
}
