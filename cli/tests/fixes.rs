//! `skep check --fix` on every file under `fixtures/diagnostics`: what it fixed is gone, nothing new
//! came, a second run has nothing to do, and what it would write is kept in a snapshot.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use skep_schema::diagnostic::{Applicability, Located, Severity};
use skep_schema::report::CheckReport;
use support::{Project, Ran, snapshot};

datatest_stable::harness! {
    { test = safe, root = "../fixtures/diagnostics", pattern = r"^SK\d{4}[^/]*\.kdl$" },
    { test = likely, root = "../fixtures/diagnostics", pattern = r"^SK\d{4}[^/]*\.kdl$" },
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn safe(file: &Path) -> Outcome {
    fixes(file, &["check", "--fix"], &[Applicability::Safe])
}

fn likely(file: &Path) -> Outcome {
    let all = [Applicability::Safe, Applicability::MaybeIncorrect];
    fixes(file, &["check", "--fix", "--unsafe-fixes"], &all)
}

fn fixes(file: &Path, command: &[&str], reach: &[Applicability]) -> Outcome {
    let project = Project::empty();
    let spec = std::fs::read_to_string(file)?;
    project.write("skep.kdl", &spec);
    let before = diagnostics(&project)?;
    let shown = project.skep(&[command, &["--diff"]].concat());
    assert_eq!(text(&project)?, spec, "--diff wrote");
    let fixed = project.skep(command);
    let after = diagnostics(&project)?;
    let written = text(&project)?;

    assert_eq!(shown.code, i32::from(written != spec), "{}", shown.stderr);
    assert_eq!(shown.stdout.is_empty(), written == spec);
    let offered = before.iter().any(|d| is_offered(d, reach));
    let said = fixed.stderr.contains("fixed ") || fixed.stderr.contains("left alone");
    assert_eq!(offered, said, "{}", fixed.stderr);
    nothing_new(&before, &after, &written);
    // More mistakes than are shown leave others to be shown when some are gone.
    if before.iter().all(|d| d.code != "SK1024") {
        gone(&fixed, &before, &after);
    }

    project.skep(command);
    assert_eq!(text(&project)?, written, "a second run changed something");
    if !shown.stdout.is_empty() && reach.len() == 2 {
        let name = file.file_stem().ok_or("a fixture has a name")?;
        snapshot("fixes", &name.to_string_lossy(), &shown.stdout);
    }
    Ok(())
}

fn text(project: &Project) -> std::io::Result<String> {
    std::fs::read_to_string(project.path().join("skep.kdl"))
}

fn diagnostics(project: &Project) -> Result<Vec<Located>, serde_json::Error> {
    let ran = project.skep(&["check", "-o", "json"]);
    serde_json::from_str::<CheckReport>(&ran.stdout).map(|report| report.diagnostics)
}

fn is_offered(diagnostic: &Located, reach: &[Applicability]) -> bool {
    let fixes = &diagnostic.fixes;
    fixes.iter().any(|fix| reach.contains(&fix.applicability))
}

/// Lints about what is missing wait until there is no error: only they may show up.
fn nothing_new(before: &[Located], after: &[Located], text: &str) {
    let known = |d: &&Located| {
        before
            .iter()
            .any(|b| (&b.code, &b.message) == (&d.code, &d.message))
    };
    let broken = before.iter().any(|d| d.severity == Severity::Error);
    let waited = |d: &&Located| broken && d.severity < Severity::Error;
    let new: Vec<&Located> = after.iter().filter(|d| !known(d) && !waited(d)).collect();
    assert!(new.is_empty(), "{text}\n{new:#?}");
}

/// Of each code there are as many fewer as lines of it were said to be fixed.
fn gone(fixed: &Ran, before: &[Located], after: &[Located]) {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for d in before {
        *left.entry(&d.code).or_default() += 1;
    }
    let mended = fixed.stderr.lines().take_while(|l| !l.starts_with("left"));
    for line in mended.filter_map(|l| l.strip_prefix("  skep.kdl:")) {
        let code = line.split(": ").nth(1).unwrap_or_default();
        let count = left.get_mut(code).expect("what was fixed was told before");
        *count -= 1;
    }
    for (code, count) in left {
        let now = after.iter().filter(|d| d.code == code).count();
        assert!(now <= count, "{code}: {now} are left, not {count}");
    }
}
