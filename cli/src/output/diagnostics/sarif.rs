//! SARIF 2.1.0: one run, one result a diagnostic, one rule a code that occurs.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use skep_schema::diagnostic::{Code, Diagnostic, Located, Severity};
use skep_schema::span::Sources;

pub(super) fn render(all: &[Diagnostic], sources: &Sources) -> String {
    let codes: BTreeSet<Code> = all.iter().map(|d| d.code).collect();
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
            "results": all.iter().map(|d| result(&d.locate(sources))).collect::<Vec<_>>(),
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
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": d.file },
            "region": {
                "startLine": d.line, "startColumn": d.column,
                "endLine": d.end_line, "endColumn": d.end_column,
            },
        }}],
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}
