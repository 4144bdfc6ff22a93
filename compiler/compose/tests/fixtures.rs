//! Every file under `fixtures/compose` is imported: a snapshot keeps the project and the report.
//!
//! A first line `# import: --stack shop --env A=b` says how; `--and FILE` lays another file over it.
#![expect(
    clippy::disallowed_methods,
    reason = "an import is pure, its fixtures lie on the disk"
)]

#[path = "fixtures/request.rs"]
mod request;

use std::path::Path;

use request::{imported, request};
use skep_compiler::{format, syntax};
use skep_compose::Imported;
use skep_schema::diagnostic::Severity;
use skep_schema::span::FileId;

datatest_stable::harness! {
    { test = becomes, root = "../../fixtures/compose", pattern = r"^[^/]+\.yml$" },
    { test = keeps_its_promises, root = "../../fixtures/compose", pattern = r"^[^/]+\.yml$" },
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn becomes(file: &Path) -> Outcome {
    let imported = imported(file, request(file)?);
    let name = file.file_stem().ok_or("a fixture has a name")?;
    let mut settings = insta::Settings::clone_current();
    settings
        .set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots/compose"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name.to_string_lossy().into_owned(), told(&imported)));
    Ok(())
}

/// The project, a line of YAML beside each of its lines, and what is not exact.
fn told(imported: &Imported) -> String {
    let line = |at: &Option<skep_schema::span::Span>| match at {
        Some(at) => imported
            .sources
            .position(at.file, at.start)
            .line
            .to_string(),
        None => String::new(),
    };
    let lines = imported.text.lines().zip(&imported.lines);
    let mut text: String = lines
        .map(|(text, at)| format!("{:>3} | {text}\n", line(at)))
        .collect();
    for refusal in &imported.report.refusals {
        text.push_str(&format!(
            "refused {}:{}:{} {}\n",
            refusal.file, refusal.line, refusal.column, refusal.message
        ));
    }
    for found in &imported.report.findings {
        text.push_str(&format!(
            "{} {}:{} {}\n",
            found.grade.word(),
            found.file,
            found.line,
            found.key
        ));
        for part in [&found.reason, &found.next]
            .into_iter()
            .filter(|part| !part.is_empty())
        {
            text.push_str(&format!("    {part}\n"));
        }
    }
    for variable in &imported.report.variables {
        text.push_str(&format!("{variable:?}\n"));
    }
    for (to, from) in &imported.report.copies {
        text.push_str(&format!("copy {from} to {to}\n"));
    }
    text
}

/// Twice the same, in the one layout, without an error, and without a secret.
fn keeps_its_promises(file: &Path) -> Outcome {
    let first = imported(file, request(file)?);
    let second = imported(file, request(file)?);
    assert_eq!((&first.text, &first.report), (&second.text, &second.report));
    let parsed = syntax::parse(FileId(0), first.text.as_str().into());
    assert_eq!(format::format(&parsed.document), first.text);
    let errors = first
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error);
    assert_eq!(errors.count(), 0);
    assert_eq!(first.text.lines().count(), first.lines.len());
    let said = format!("{}{:?}", first.text, first.report);
    assert!(!said.contains("never-shown"));
    Ok(())
}
