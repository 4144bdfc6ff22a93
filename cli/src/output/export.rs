//! What of a plan an export does not say.

use skep_schema::import::{Finding, Grade};

use super::import::line;

/// By grade, the worst first.
pub(crate) fn table(findings: &[Finding]) -> String {
    let mut text = String::new();
    for grade in [Grade::Dropped, Grade::Approximated] {
        let found: Vec<&Finding> = findings.iter().filter(|f| f.grade == grade).collect();
        if !found.is_empty() {
            text.push_str(&format!("{}: {}\n", grade.word(), found.len()));
            text.extend(found.into_iter().map(line));
            text.push('\n');
        }
    }
    text
}

/// Each of them, with its grade.
pub(crate) fn remarks(findings: &[Finding]) -> String {
    let lines = findings
        .iter()
        .map(|finding| format!("{}{}", finding.grade.word(), line(finding)));
    lines.collect()
}

pub(crate) fn summary(stack: &str, findings: &[Finding]) -> String {
    let of = |grade| findings.iter().filter(|f| f.grade == grade).count();
    format!(
        "exported {stack}: {} approximated, {} dropped, all else exact",
        of(Grade::Approximated),
        of(Grade::Dropped)
    )
}
