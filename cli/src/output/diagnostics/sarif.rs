//! SARIF 2.1.0: one run, one result a diagnostic, one rule a code that occurs.
//!
//! Every result says whether it is suppressed: the standard wants all of them or none to. Files are
//! told from the top of the repository, never by a path of this machine.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use skep_compiler::{Allowed, Checked};
use skep_schema::diagnostic::{Code, Diagnostic, Located, LocatedFix, Place, Related, Severity};
use skep_schema::span::Position;

use super::view::{Fingerprints, View};

/// What file names are relative to; who reads the log says where that is.
const TOP: &str = "%SRCROOT%";

pub(super) fn render(checked: &Checked, view: &View) -> String {
    let sources = &checked.sources;
    let reported = checked.diagnostics.iter().map(|d| (d, None));
    let allowed = checked.allowed.iter();
    let allowed = allowed.flat_map(|a| a.silenced.iter().map(move |d| (d, Some(a))));
    let all: Vec<(&Diagnostic, Option<&Allowed>)> = reported.chain(allowed).collect();
    let codes: BTreeSet<Code> = all.iter().map(|(d, _)| d.code).collect();
    let mut fingerprints = Fingerprints::default();
    let results = all.iter().map(|(d, allow)| {
        let mut result = result(&view.locate(d, sources));
        let suppressions = allow.iter().map(|allow| {
            let place = Place::of(allow.place, sources);
            suppression(allow, &view.place(place))
        });
        result["suppressions"] = suppressions.collect();
        result["partialFingerprints"] = json!({ "skep/v1": fingerprints.next(d, sources) });
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
            "originalUriBaseIds": { TOP: {
                "description": { "text": "the top of the repository" },
            }},
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
    let mut result = json!({
        "ruleId": d.code,
        "level": level(d.severity),
        "message": { "text": super::sentence(d) },
        "locations": [location(&Place {
            file: d.file.clone(),
            start: Position { line: d.line, column: d.column },
            end: Position { line: d.end_line, column: d.end_column },
        })],
    });
    if !d.related.is_empty() {
        let numbered = (1..).zip(&d.related);
        result["relatedLocations"] = numbered.map(|(id, place)| related(id, place)).collect();
    }
    if !d.fixes.is_empty() {
        result["fixes"] = d.fixes.iter().map(fix).collect();
    }
    result
}

fn related(id: u32, related: &Related) -> Value {
    let mut place = location(&related.place);
    place["id"] = id.into();
    if !related.message.is_empty() {
        place["message"] = json!({ "text": related.message });
    }
    place
}

/// The replacements of each file together.
fn fix(fix: &LocatedFix) -> Value {
    let files: BTreeSet<&str> = fix.edits.iter().map(|e| e.place.file.as_str()).collect();
    let changes = files.into_iter().map(|file| {
        let edits = fix.edits.iter().filter(|edit| edit.place.file == file);
        let replacements = edits.map(|edit| {
            json!({
                "deletedRegion": region(&edit.place),
                "insertedContent": { "text": edit.text },
            })
        });
        json!({ "artifactLocation": artifact(file), "replacements": replacements.collect::<Vec<_>>() })
    });
    json!({
        "description": { "text": fix.title },
        "artifactChanges": changes.collect::<Vec<_>>(),
    })
}

/// An `allow` and its reason.
fn suppression(allow: &Allowed, place: &Place) -> Value {
    json!({
        "kind": "inSource",
        "justification": allow.reason,
        "location": location(place),
    })
}

fn location(place: &Place) -> Value {
    json!({ "physicalLocation": {
        "artifactLocation": artifact(&place.file),
        "region": region(place),
    }})
}

fn artifact(file: &str) -> Value {
    json!({ "uri": uri(file), "uriBaseId": TOP })
}

/// A path as a relative reference: what means something in a URI is escaped.
fn uri(path: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/@+,=".contains(&byte);
    path.bytes()
        .map(|byte| match byte {
            byte if is_plain(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.start.line, "startColumn": place.start.column,
        "endLine": place.end.line, "endColumn": place.end.column,
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}
