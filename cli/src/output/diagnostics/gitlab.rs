//! GitLab's code quality report: a list of findings, each with a fingerprint that a merge request
//! compares with those of its target branch.

use serde_json::{Value, json};
use skep_compiler::Checked;
use skep_schema::diagnostic::{Diagnostic, Severity};

use super::view::{Fingerprints, View};
use crate::session::to_json;

pub(super) fn render(checked: &Checked, view: &View) -> String {
    let mut fingerprints = Fingerprints::default();
    let findings: Vec<Value> = checked
        .diagnostics
        .iter()
        .map(|d| {
            let fingerprint = fingerprints.next(d, &checked.sources);
            finding(d, checked, view, &fingerprint)
        })
        .collect();
    to_json(&findings)
}

fn finding(d: &Diagnostic, checked: &Checked, view: &View, fingerprint: &str) -> Value {
    let at = view.locate(d, &checked.sources);
    json!({
        "description": super::sentence(&at),
        "check_name": at.code,
        "fingerprint": fingerprint,
        "severity": level(at.severity),
        "location": { "path": at.file, "lines": { "begin": at.line, "end": at.end_line } },
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "critical",
        Severity::Warning => "minor",
        Severity::Info => "info",
    }
}
