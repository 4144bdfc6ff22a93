//! What an editor is told of a mistake is what `skep check` says of it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use skep_compiler::source::SourceSet;
use skep_schema::diagnostic::Diagnostic;
use skep_schema::span::Sources;

use crate::editor::Editor;
use crate::script::Script;

/// A file, a range that is counted from 0, a code, and all that is said.
type Told = (String, [u64; 4], String, String);

/// Columns are counted as `skep check` does it.
const CLIENT: &str = r#"{ "capabilities": { "general": { "positionEncodings": ["utf-32"] } } }"#;

pub(crate) fn told_as_by_check(file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let text = std::fs::read_to_string(file)?;
    let mut set = SourceSet::of([("skep.kdl", text.as_str())]);
    let checked = loop {
        let checked = skep_compiler::check(&set);
        if checked.wanted.is_empty() {
            break checked;
        }
        set.settle(&checked.wanted);
    };
    let all = checked.diagnostics.iter();
    let wanted: BTreeSet<Told> = all.map(|one| checked_as(one, &checked.sources)).collect();
    let mut script = Script::default();
    script.files.insert("skep.kdl".to_owned(), text);
    CLIENT.clone_into(&mut script.client);
    let mut editor = Editor::start(&script);
    let found: BTreeSet<Told> = editor.diagnostics("skep.kdl").iter().map(told).collect();
    editor.leave();
    assert_eq!(found, wanted);
    Ok(())
}

/// One in a standard component is told where that is used, which is its first other place.
fn checked_as(diagnostic: &Diagnostic, sources: &Sources) -> Told {
    let labels = std::iter::once(&diagnostic.primary).chain(&diagnostic.secondary);
    let mut spans = labels.map(|label| label.span);
    let own = spans.find(|span| sources.path(span.file) == "skep.kdl");
    let range = own.map_or([0; 4], |span| {
        let (start, end) = (
            sources.position(span.file, span.start),
            sources.position(span.file, span.end),
        );
        [start.line, start.column, end.line, end.column].map(|n| u64::from(n) - 1)
    });
    let label = Some(diagnostic.primary.text.as_str()).filter(|text| !text.is_empty());
    let help = diagnostic.help.as_ref().map(|help| format!("help: {help}"));
    let mut lines = vec![diagnostic.message.clone()];
    lines.extend(label.map(str::to_owned));
    lines.extend(help);
    let code = diagnostic.code.as_str().to_owned();
    ("skep.kdl".to_owned(), range, code, lines.join("\n"))
}

fn told(one: &Value) -> Told {
    let place = |end: &str, what: &str| one["range"][end][what].as_u64().unwrap_or(u64::MAX);
    let range = [
        place("start", "line"),
        place("start", "character"),
        place("end", "line"),
        place("end", "character"),
    ];
    let text = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
    ("skep.kdl".to_owned(), range, text("code"), text("message"))
}
