//! What an import became, for people and for programs.

use skep_schema::import::{Finding, Grade, ImportReport};

use super::changes::count;
use crate::session::to_json;

/// The whole report.
pub(crate) fn json(report: &ImportReport) -> String {
    to_json(report)
}

/// Every key, by grade, the worst first.
pub(crate) fn table(report: &ImportReport) -> String {
    let mut text = refusals(report);
    for grade in [Grade::Dropped, Grade::Approximated, Grade::Exact] {
        let found: Vec<&Finding> = report
            .findings
            .iter()
            .filter(|f| f.grade == grade)
            .collect();
        if found.is_empty() {
            continue;
        }
        text.push_str(&format!(
            "{}, {}\n",
            grade.word(),
            count(found.len() as u64, "key")
        ));
        text.extend(found.into_iter().map(line));
        text.push('\n');
    }
    if !report.variables.is_empty() {
        text.push_str("variables\n");
    }
    for variable in &report.variables {
        let needed = if variable.required {
            ", has to be given"
        } else {
            ""
        };
        text.push_str(&format!(
            "  {} is {}{needed}\n",
            variable.variable, variable.node
        ));
    }
    text
}

/// What is not exact, and why nothing was made.
pub(crate) fn remarks(report: &ImportReport) -> String {
    let inexact = report.findings.iter().filter(|f| f.grade != Grade::Exact);
    let lines = inexact.map(|f| format!("{}{}", f.grade.word(), line(f)));
    refusals(report) + &lines.collect::<String>()
}

pub(crate) fn summary(report: &ImportReport) -> String {
    if !report.refusals.is_empty() {
        return "nothing was imported".to_owned();
    }
    let of = |grade| report.findings.iter().filter(|f| f.grade == grade).count() as u64;
    format!(
        "imported {}: {} exact, {} approximated, {} dropped",
        report.project,
        count(of(Grade::Exact), "key"),
        of(Grade::Approximated),
        of(Grade::Dropped)
    )
}

fn refusals(report: &ImportReport) -> String {
    let lines = report.refusals.iter().map(|refusal| {
        format!(
            "error: {}:{}:{}: {}\n help: {}\n",
            refusal.file, refusal.line, refusal.column, refusal.message, refusal.help
        )
    });
    lines.collect()
}

/// A finding with its place, which what concerns a whole project has not.
pub(crate) fn line(finding: &Finding) -> String {
    let Finding {
        file,
        line,
        key,
        grade: _,
        reason,
        next,
    } = finding;
    let mut text = if file.is_empty() {
        format!("  {key}\n")
    } else {
        format!("  {file}:{line}  {key}\n")
    };
    for part in [reason, next].into_iter().filter(|part| !part.is_empty()) {
        text.push_str(&format!("      {part}\n"));
    }
    text
}
