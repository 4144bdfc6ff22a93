//! SARIF 2.1.0: one run, one result a diagnostic, one rule a code that occurs.
//!
//! Every result says whether it is suppressed: the standard wants all of them or none to.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use skep_compiler::{Allowed, Checked};
use skep_schema::diagnostic::{Code, Diagnostic, Located, Place, Severity};
use skep_schema::span::{Position, Sources};

pub(super) fn render(checked: &Checked) -> String {
    let sources = &checked.sources;
    let reported = checked.diagnostics.iter().map(|d| (d, None));
    let allowed = checked.allowed.iter();
    let allowed = allowed.flat_map(|a| a.silenced.iter().map(move |d| (d, Some(a))));
    let all: Vec<(&Diagnostic, Option<&Allowed>)> = reported.chain(allowed).collect();
    let codes: BTreeSet<Code> = all.iter().map(|(d, _)| d.code).collect();
    let results = all.iter().map(|(d, allow)| {
        let mut result = result(&d.locate(sources));
        let suppressions = allow.iter().map(|allow| suppression(allow, sources));
        result["suppressions"] = suppressions.collect();
        result
    });
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "skep",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.iter().map(|c| rule(*c)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).expect("a log is plain data");
    text.push('\n');
    text
}

fn rule(code: Code) -> Value {
    let info = code.info();
    json!({
        "id": info.code,
        "shortDescription": { "text": info.title },
        "help": { "text": info.explain, "markdown": info.explain },
        "defaultConfiguration": { "level": level(info.severity) },
    })
}

fn result(d: &Located) -> Value {
    let text = match &d.help {
        Some(help) => format!("{}. Help: {help}", d.message),
        None => d.message.clone(),
    };
    json!({
        "ruleId": d.code,
        "level": level(d.severity),
        "message": { "text": text },
        "locations": [location(&Place {
            file: d.file.clone(),
            start: Position { line: d.line, column: d.column },
            end: Position { line: d.end_line, column: d.end_column },
        })],
    })
}

/// An `allow` and its reason.
fn suppression(allow: &Allowed, sources: &Sources) -> Value {
    json!({
        "kind": "inSource",
        "justification": allow.reason,
        "location": location(&Place::of(allow.place, sources)),
    })
}

fn location(place: &Place) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": place.file },
        "region": {
            "startLine": place.start.line, "startColumn": place.start.column,
            "endLine": place.end.line, "endColumn": place.end.column,
        },
    }})
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}
