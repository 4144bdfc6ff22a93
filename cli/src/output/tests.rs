//! Results of tests: for people, and as `JUnit` XML.

use std::fmt::Write;

use anstyle::AnsiColor;
use skep_schema::diagnostic::Located;
use skep_schema::test::{TestOutcome, TestReport, TestResult};

use super::changes::{Heading, count, details, terminal};
use super::paint::Paint;
use super::xml::{escaped, quoted};

/// One result: its line, what does not hold, and how the plan differs from its snapshot.
pub(crate) fn human(result: &TestResult, diagnostics: &str, paint: Paint) -> String {
    let title = result.title();
    match (result.outcome, &result.snapshot) {
        (TestOutcome::Passed, _) => {
            format!("{}    {title}\n", paint.colour(AnsiColor::Green, "ok"))
        }
        (TestOutcome::Updated, file) => format!(
            "{}    {title}: wrote {}\n",
            paint.colour(AnsiColor::Green, "ok"),
            file.as_deref().unwrap_or_default()
        ),
        (TestOutcome::Failed, _) => {
            let failed = paint.colour(AnsiColor::Red, "FAIL");
            format!(
                "{failed}  {title}\n\n{diagnostics}{}",
                difference(result, paint)
            )
        }
    }
}

fn difference(result: &TestResult, paint: Paint) -> String {
    let Some(changes) = &result.changes else {
        return String::new();
    };
    let heading = Heading {
        stack: changes.stack.clone(),
        against: result.snapshot.clone().unwrap_or_default(),
        next: None,
    };
    format!("{}\n", terminal(changes, &heading, paint))
}

/// The last line: `3 tests: 2 passed, 1 failed`.
pub(crate) fn summary(report: &TestReport) -> String {
    let all = count(report.tests.len() as u64, "test");
    format!("{all}: {} passed, {} failed", report.passed, report.failed)
}

/// One `testsuite` of the project; an environment is a class.
pub(crate) fn junit(report: &TestReport) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(
        out,
        "<testsuite name={} tests=\"{}\" failures=\"{}\">",
        quoted(&report.project),
        report.tests.len(),
        report.failed
    );
    for test in &report.tests {
        case(&mut out, &report.project, test);
    }
    out.push_str("</testsuite>\n");
    out
}

fn case(out: &mut String, project: &str, test: &TestResult) {
    let environment = test.environment.as_deref();
    let class = environment.map_or(project.to_owned(), |e| format!("{project}@{e}"));
    let _ = write!(
        out,
        "  <testcase name={} classname={} file={} line=\"{}\"",
        quoted(&test.name),
        quoted(&class),
        quoted(&test.file),
        test.line
    );
    if test.failures.is_empty() {
        out.push_str("/>\n");
        return;
    }
    out.push_str(">\n");
    for failure in &test.failures {
        let message = quoted(&failure.message);
        let _ = writeln!(
            out,
            "    <failure type=\"{}\" message={message}>{}</failure>",
            failure.code,
            escaped(&told(failure, test))
        );
    }
    out.push_str("  </testcase>\n");
}

/// The places of a failure, and the lines in which the plan differs.
fn told(failure: &Located, test: &TestResult) -> String {
    let mut out = format!("{}:{}: {}\n", failure.file, failure.line, failure.message);
    for related in &failure.related {
        let place = &related.place;
        let _ = writeln!(
            out,
            "{}:{}: {}",
            place.file, place.start.line, related.message
        );
    }
    for change in test.changes.iter().flat_map(|changes| &changes.changes) {
        let _ = writeln!(out, "{}", change.address);
        for line in details(change) {
            let _ = writeln!(out, "  {line}");
        }
    }
    out
}
