//! Every file under `fixtures/diagnostics` is a project with one mistake: the real binary reports
//! it under the code in the file's name, once, in words that a snapshot keeps.
//!
//! A first line `// command: compile -p a=b` says which command shows it; the usual one is `check`.

mod support;

use std::path::Path;

use skep_schema::diagnostic::{Located, Severity};
use skep_schema::report::CheckReport;
use support::{Project, snapshot};

datatest_stable::harness! {
    { test = reported, root = "../fixtures/diagnostics", pattern = r"^SK\d{4}[^/]*\.kdl$" },
    { test = reported_in_folder, root = "../fixtures/diagnostics", pattern = r"^SK\d{4}[^/]*/skep\.kdl$" },
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn reported(file: &Path) -> Outcome {
    let project = Project::empty();
    project.write("skep.kdl", &std::fs::read_to_string(file)?);
    let name = file
        .file_stem()
        .ok_or("a fixture has a name")?
        .to_string_lossy();
    holds(&project, &name)
}

fn reported_in_folder(file: &Path) -> Outcome {
    let folder = file.parent().ok_or("a fixture has a folder")?;
    let name = folder
        .file_name()
        .ok_or("a folder has a name")?
        .to_string_lossy();
    holds(&Project::copy_of(folder), &name)
}

fn holds(project: &Project, name: &str) -> Outcome {
    let code = &name[..6];
    let spec = std::fs::read_to_string(project.path().join("skep.kdl"))?;
    let command = spec
        .lines()
        .next()
        .and_then(|l| l.strip_prefix("// command: "))
        .unwrap_or("check");
    let words: Vec<&str> = command.split_whitespace().collect();
    let shown = project.skep(&words);
    snapshot("diagnostics", name, &shown.stderr);
    if words != ["check"] {
        assert!(
            shown.stderr.contains(code),
            "{code} is not reported:\n{}",
            shown.stderr
        );
        assert_eq!(shown.code, 1);
        return Ok(());
    }
    let checked: CheckReport =
        serde_json::from_str(&project.skep(&["check", "-o", "json"]).stdout)?;
    let all = checked.diagnostics;
    let mine: Vec<&Located> = all.iter().filter(|d| d.code == code).collect();
    assert!(
        !mine.is_empty(),
        "{code} is not reported:\n{}",
        shown.stderr
    );
    // The only codes that are about other mistakes.
    let about_others = ["SK1024"].contains(&code);
    let others: Vec<&Located> = all
        .iter()
        .filter(|d| d.code != code && d.severity == Severity::Error)
        .collect();
    assert!(
        about_others || others.is_empty(),
        "one mistake, and more than one code: {others:#?}"
    );
    Ok(())
}
