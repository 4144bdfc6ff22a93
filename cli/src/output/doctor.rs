//! What `skep doctor` found, for people: a line each, and under it what to do.

use std::fmt::Write;

use anstyle::AnsiColor;
use skep_schema::doctor::{DoctorReport, Finding, Health};

use super::changes::count;
use super::paint::Paint;

pub(crate) fn human(report: &DoctorReport, paint: Paint) -> String {
    let mut out = String::new();
    let names = report.findings.iter().map(|f| f.check.chars().count());
    let wide = names.max().unwrap_or(0);
    for finding in &report.findings {
        let (colour, word) = look(finding.state);
        let word = paint.colour(colour, format!("{word:<4}"));
        let _ = writeln!(out, "{word}  {:<wide$}  {}", finding.check, finding.message);
        if let Some(fix) = &finding.fix {
            let _ = writeln!(out, "      {:<wide$}  fix: {fix}", "");
        }
    }
    out.push_str(&verdict(&report.findings));
    out
}

const fn look(state: Health) -> (AnsiColor, &'static str) {
    match state {
        Health::Ok => (AnsiColor::Green, "ok"),
        Health::Warn => (AnsiColor::Yellow, "warn"),
        Health::Fail => (AnsiColor::Red, "FAIL"),
    }
}

fn verdict(findings: &[Finding]) -> String {
    let of = |state| findings.iter().filter(|f| f.state == state).count() as u64;
    match (of(Health::Fail), of(Health::Warn)) {
        (0, 0) => "\nnothing is in the way\n".to_owned(),
        (0, warnings) => format!("\n{}, nothing is in the way\n", count(warnings, "warning")),
        (failures, warnings) => format!(
            "\n{}, {}\n",
            count(failures, "failure"),
            count(warnings, "warning")
        ),
    }
}
