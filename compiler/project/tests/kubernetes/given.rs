//! The plans that are exported.

use std::fs;
use std::path::Path;

use serde_json::Value;
use skep_compiler::export::{Exported, MANIFEST, kubernetes};
use skep_compiler::source::{File, Inputs, ROOT, SourceSet};
use skep_compiler::{Compiled, compile};
use skep_project::Project;
use skep_schema::plan::Plan;
use skep_schema::spec::Spec;

/// A project in one environment.
pub(crate) struct Given {
    pub(crate) plan: Plan,
    pub(crate) spec: Spec,
}

impl Given {
    pub(crate) fn of(compiled: Compiled) -> Option<Self> {
        let Compiled { plan, spec, .. } = compiled;
        plan.map(|plan| Self { plan, spec })
    }

    pub(crate) fn exported(&self) -> Exported {
        kubernetes(&self.plan, &self.spec)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.exported().files.remove(MANIFEST).expect("it is made"))
            .expect("YAML is text")
    }

    /// The objects of its export, as a reader of YAML takes them.
    pub(crate) fn objects(&self) -> Vec<Value> {
        serde_saphyr::from_multiple(&self.text()).expect("a reader takes it")
    }
}

/// All projects of the repository, in each of their environments.
pub(crate) fn fixtures() -> Vec<Given> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/projects");
    let mut given = Vec::new();
    for folder in fs::read_dir(all).expect("the projects are there") {
        let folder = folder.expect("it can be listed").path();
        let project = Project::find(&folder).expect("there is a skep.kdl");
        let load = |environment: Option<String>| {
            let inputs = Inputs {
                environment,
                ..Inputs::default()
            };
            project.load(inputs).expect("it can be read").1
        };
        let base = load(None);
        let environments = base.environments.clone();
        given.extend(Given::of(base));
        given.extend(
            environments
                .into_iter()
                .filter_map(|name| Given::of(load(Some(name)))),
        );
    }
    assert!(given.len() > 15, "{}", given.len());
    given
}

/// The sources of all projects of the repository.
pub(crate) fn sources() -> Vec<SourceSet> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/projects");
    let folders = fs::read_dir(all).expect("the projects are there");
    let loaded = folders.map(|folder| {
        let folder = folder.expect("it can be listed").path();
        let project = Project::find(&folder).expect("there is a skep.kdl");
        project.load(Inputs::default()).expect("it can be read").0
    });
    loaded
        .filter(|set| Given::of(compile(set)).is_some())
        .collect()
}

/// A project of one file.
pub(crate) fn project(text: &str) -> Given {
    let compiled = compile(&one_file(text));
    assert!(compiled.plan.is_some(), "{:#?}", compiled.diagnostics);
    Given::of(compiled).expect("it has a plan")
}

fn one_file(text: &str) -> SourceSet {
    let mut set = SourceSet::default();
    set.files
        .insert(ROOT.to_owned(), File::Bytes(text.as_bytes().into()));
    set
}

const TIMED: &str = include_str!("timed.kdl");

/// What the projects of the repository do not show: flows by time, routes for some, odd names and texts.
pub(crate) fn timed() -> Given {
    project(TIMED)
}

pub(crate) fn timed_sources() -> SourceSet {
    one_file(TIMED)
}
