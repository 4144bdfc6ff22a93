//! Plans that were written down, and what became of them.

use std::collections::BTreeSet;

use skep_schema::change::ChangeSet;
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::{Origin, Plan};
use skep_schema::spec::Test;
use skep_schema::test::TestReport;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Saved, Session, read_saved, to_json};

/// The folder of the project that snapshots are kept in.
const FOLDER: &str = "snapshots";

/// A plan beside its snapshot.
pub(super) enum Snapshot {
    Same,
    Updated,
    Other(Box<Diagnostic>, Option<Box<ChangeSet>>),
}

pub(super) fn is_wanted(test: &Test) -> bool {
    test.snapshot.as_ref().is_some_and(|flag| flag.value)
}

/// The file of the project that holds it: one for each environment, and one for each test that
/// brings nodes or values of its own.
pub(super) fn file(test: &Test, plan: &Plan) -> String {
    let stack = &plan.stack;
    if test.given.is_none() && test.set.is_empty() {
        return format!("{FOLDER}/{stack}.json");
    }
    format!("{FOLDER}/{stack}.{}.json", slug(&test.name.value.0))
}

/// A name as part of a file's: letters and digits, words joined by `-`.
fn slug(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

/// Compares a plan with its snapshot, or writes that anew.
pub(super) fn compare(
    session: &Session<'_>,
    test: &Test,
    file: &str,
    plan: &Plan,
    update: bool,
) -> Result<Snapshot, Failure> {
    let kept = placeless(plan);
    let before = read(session, file)?;
    if before.as_ref() == Some(&kept) {
        return Ok(Snapshot::Same);
    }
    if update {
        session.project.write(file, &to_json(&kept))?;
        return Ok(Snapshot::Updated);
    }
    let Some(before) = before else {
        let message = format!("there is no snapshot `{file}`");
        return Ok(Snapshot::Other(Box::new(other(test, message)), None));
    };
    let changes = ChangeSet::between(&before, plan);
    let message = if changes.is_empty() {
        format!(
            "the plan differs from `{file}` in what no apply changes, such as what waits for what"
        )
    } else {
        format!("the plan differs from `{file}`")
    };
    let changes = (!changes.is_empty()).then(|| Box::new(changes));
    Ok(Snapshot::Other(Box::new(other(test, message)), changes))
}

/// The files of snapshots that are no test's. Where a test that `wanted` one made no plan, nobody knows
/// which file is its own, and none is named.
pub(super) fn stale(
    session: &Session<'_>,
    report: &TestReport,
    wanted: usize,
) -> Result<Vec<String>, Failure> {
    let used = report
        .tests
        .iter()
        .filter_map(|test| test.snapshot.as_ref());
    if used.clone().count() < wanted {
        return Ok(Vec::new());
    }
    let used: BTreeSet<&String> = used.collect();
    let folder = session.project.root().join(FOLDER);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        return Ok(Vec::new());
    };
    let mut stale = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| Failure::file(&folder, &e))?.path();
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let file = format!("{FOLDER}/{}", name.unwrap_or_default());
        // Other files may lie there too: only a plan of this project can be one of its snapshots.
        let own = path.extension().is_some_and(|end| end == "json")
            && matches!(read_saved(&path), Ok(Saved::Plan(plan)) if plan.project == report.project);
        if own && !used.contains(&file) {
            stale.push(file);
        }
    }
    stale.sort();
    Ok(stale)
}

/// Says which files are stale, or takes them away.
pub(super) fn clear(session: &Session<'_>, stale: &[String], update: bool) -> Result<(), Failure> {
    for file in stale {
        if update {
            let path = session.project.root().join(file);
            std::fs::remove_file(&path).map_err(|e| Failure::file(&path, &e))?;
            eprintln!("removed {file}, which no test has any more");
        } else {
            eprintln!("warning: no test has {file} any more; `skep test --update` removes it");
        }
    }
    Ok(())
}

/// The plan without the places its nodes were written at: a line added above changes no plan.
fn placeless(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    for node in plan.nodes.values_mut() {
        node.origin = Origin::default();
    }
    plan
}

fn read(session: &Session<'_>, file: &str) -> Result<Option<Plan>, Failure> {
    let path = session.project.root().join(file);
    if !path.exists() {
        return Ok(None);
    }
    match read_saved(&path)? {
        Saved::Plan(plan) => Ok(Some(plan)),
        Saved::Changes(_) => Err(Failure::new(
            Exit::Failed,
            format!("{file} holds changes, and a plan is wanted"),
        )
        .help("`skep test --update` writes it anew")),
    }
}

fn other(test: &Test, message: String) -> Diagnostic {
    let span = test.snapshot.as_ref().map_or(test.span, |flag| flag.span);
    Diagnostic::new(Code::OtherPlan, span, message)
        .help("if this is what you mean: `skep test --update`, and review the file with the change")
}
