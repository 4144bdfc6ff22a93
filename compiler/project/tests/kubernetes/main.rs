//! Every plan of the repository as manifests: what holds for all of them.

mod fields;
mod given;
mod objects;
mod told;
mod written;

use std::path::Path;

use given::{Given, fixtures, timed};

#[test]
fn the_same_plan_gives_the_same_bytes() {
    for given in fixtures() {
        assert_eq!(given.exported(), given.exported(), "{}", given.plan.stack);
    }
}

#[test]
fn three_projects_are_exported_as_they_were() {
    let all = fixtures();
    for stack in ["shop", "shapes", "fleet"] {
        let given = all.iter().find(|given| given.plan.stack == stack);
        unchanged(given.expect("the stack is one of the fixtures"));
    }
    unchanged(&timed());
}

fn unchanged(given: &Given) {
    let mut text = given.text();
    for finding in given.exported().findings {
        let grade = finding.grade.word();
        let (key, reason, next) = (finding.key, finding.reason, finding.next);
        text.push_str(&format!("# {grade} {key}: {reason}; {next}\n"));
    }
    let mut settings = insta::Settings::clone_current();
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots/export");
    settings.set_snapshot_path(snapshots);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let name = format!("kubernetes_{}", given.plan.stack);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
