//! `skep explain` has an answer for every code, and for every address of every project.

mod support;

use std::path::Path;

use skep_compiler::edit::{Written, origins};
use skep_compiler::source::Inputs;
use skep_project::Project as Sources;
use skep_schema::diagnostic::Code;
use support::Project;

#[test]
fn every_code_is_explained_with_its_title() {
    let project = Project::empty();
    for code in Code::ALL {
        let info = code.info();
        let ran = project.skep(&["explain", info.code]);
        assert_eq!(ran.code, 0, "{}: {}", info.code, ran.stderr);
        let title = format!("{}: {}\n\n", info.code, info.title);
        assert!(ran.stdout.starts_with(&title), "{}", ran.stdout);
        assert!(ran.stdout.len() > title.len() + 80, "{}", ran.stdout);
    }
}

/// What of a project can be explained: its nodes, what is made of them, and some values of each.
fn addresses(project: &Project) -> Vec<String> {
    let inputs = || Inputs {
        allow_unset_params: true,
        ..Inputs::default()
    };
    let sources = Sources::find(project.path()).expect("a project");
    let (set, compiled) = sources.load(inputs()).expect("it can be read");
    let written = Written::of(&set);
    let mut all: Vec<String> = compiled
        .plan
        .iter()
        .flat_map(|plan| plan.nodes.keys())
        .map(ToString::to_string)
        .collect();
    let values = written.addresses().flat_map(|address| {
        let of = address.clone();
        let origins = origins(&set, &written, &address).into_iter().take(3);
        origins.map(move |origin| format!("{of}.{}", origin.path))
    });
    all.extend(values);
    all
}

#[test]
fn every_node_and_its_values_are_explained_in_every_project() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/projects");
    let mut explained = 0;
    for entry in std::fs::read_dir(folder).expect("the projects can be read") {
        let project = Project::copy_of(&entry.expect("an entry").path());
        for address in addresses(&project) {
            let ran = project.skep(&["explain", &address]);
            assert_eq!(ran.code, 0, "{address}: {}", ran.stderr);
            assert!(ran.stdout.starts_with(&address), "{}", ran.stdout);
            explained += 1;
        }
    }
    assert!(explained > 300, "{explained}");
}
