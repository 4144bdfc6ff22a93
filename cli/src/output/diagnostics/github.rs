//! Workflow commands: `::error file=..,line=..::message`.
//!
//! A host shows so many annotations of a level for a step, the first ones, and drops the others
//! without a word. So errors come first, within them the files that the pull request touches, and
//! what is beyond the limit is counted and stands in the log.

use skep_compiler::Checked;
use skep_schema::diagnostic::{Diagnostic, Located, Severity};

use super::view::View;
use crate::output::changes::count;

/// Annotations of one level that are shown for a step. The one that counts the others is a notice.
const fn most(severity: Severity) -> usize {
    match severity {
        Severity::Error | Severity::Warning => 10,
        Severity::Info => 9,
    }
}

pub(super) fn render(checked: &Checked, view: &View) -> String {
    let mut out = String::new();
    let mut beyond = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Info] {
        let mut all: Vec<&Diagnostic> = checked
            .diagnostics
            .iter()
            .filter(|d| d.severity == severity)
            .collect();
        let is_touched = |d: &Diagnostic| {
            let file = checked.sources.path(d.primary.span.file);
            view.changed.contains(file)
        };
        all.sort_by_key(|d| !is_touched(d));
        let all: Vec<Located> = all
            .into_iter()
            .map(|d| view.locate(d, &checked.sources))
            .collect();
        let (shown, rest) = all.split_at(all.len().min(most(severity)));
        out.extend(shown.iter().map(annotation));
        beyond.extend_from_slice(rest);
    }
    out.push_str(&more(&beyond));
    out
}

/// What is not annotated: counted, and folded into the log.
fn more(beyond: &[Located]) -> String {
    if beyond.is_empty() {
        return String::new();
    }
    let of = |severity| beyond.iter().filter(|d| d.severity == severity).count() as u64;
    let counts = [
        (of(Severity::Error), "error"),
        (of(Severity::Warning), "warning"),
        (of(Severity::Info), "hint"),
    ];
    let told: Vec<String> = counts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, word)| count(*n, word))
        .collect();
    let told = format!("{} more, in the log of this step", told.join(" and "));
    // Text of the project must not start a command of its own.
    let lines: String = beyond
        .iter()
        .map(|d| format!("  {}\n", data(super::line(d).trim_end())))
        .collect();
    format!("::notice title=skep::{told}\n::group::{told}\n{lines}::endgroup::\n")
}

fn annotation(d: &Located) -> String {
    let level = match d.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut message = d.message.clone();
    if let Some(help) = &d.help {
        message.push_str("\nhelp: ");
        message.push_str(help);
    }
    format!(
        "::{level} title={},file={},line={},endLine={}{}::{}\n",
        property(&d.code),
        property(&d.file),
        d.line,
        d.end_line,
        columns(d),
        data(&message),
    )
}

/// Columns belong to one line; the host refuses them for several.
fn columns(d: &Located) -> String {
    if d.line != d.end_line {
        return String::new();
    }
    format!(",col={},endColumn={}", d.column, d.end_column)
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
