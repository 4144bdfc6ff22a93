//! What holds for the projects of the repository, in each of their environments.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::ThreadPoolBuilder;
use skep_compiler::edit::{Property, Written, remove, set, unset};
use skep_compiler::source::{File, Inputs, SourceSet};
use skep_compiler::{check, compile};
use skep_fuzz::compile::{placeless, turned};
use skep_fuzz::edits::made;
use skep_fuzz::project::{put, text_of};
use skep_project::Project;
use skep_schema::spec::KINDS;

/// How many cuts each file gets: enough for every kind of place, few enough for a debug build.
const CUTS: usize = 25;

fn folders() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/projects");
    let entries = fs::read_dir(all).expect("the projects are there");
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("it can be listed").path())
        .collect();
    folders.sort();
    assert!(folders.len() > 10, "{folders:?}");
    folders
}

/// Every project in every environment, with all that it reads.
fn projects() -> Vec<SourceSet> {
    let mut all = Vec::new();
    for folder in folders() {
        let project = Project::find(&folder).expect("there is a skep.kdl");
        let load = |environment: Option<String>| {
            let inputs = Inputs {
                environment,
                ..Inputs::default()
            };
            project.load(inputs).expect("it can be read")
        };
        let (set, compiled) = load(None);
        let environments = compiled.environments;
        all.extend(environments.into_iter().map(|name| load(Some(name)).0));
        all.push(set);
    }
    all
}

/// Those of them that are specs.
fn specs(set: &SourceSet) -> Vec<String> {
    let is_spec = |path: &&String| path.ends_with(".kdl");
    let found = set
        .files
        .iter()
        .filter(|(_, file)| matches!(file, File::Bytes(_)));
    found
        .map(|(path, _)| path)
        .filter(is_spec)
        .cloned()
        .collect()
}

fn plan_of(set: &SourceSet) -> Option<String> {
    compile(set).plan.map(placeless)
}

#[test]
fn plans_have_the_same_bytes_on_one_thread_and_on_many() {
    let pool = |threads| {
        ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads can be started")
    };
    let (one, many) = (pool(1), pool(8));
    let mut made = 0;
    for set in projects() {
        let bytes = || {
            compile(&set)
                .plan
                .map(|plan| serde_json::to_vec(&plan).expect("JSON"))
        };
        let alone = one.install(bytes);
        assert_eq!(alone, many.install(bytes));
        made += usize::from(alone.is_some());
    }
    assert!(made > 10, "{made}");
}

#[test]
fn nodes_in_reverse_order_make_the_same_plan() {
    for set in projects() {
        let mut other = set.clone();
        for path in specs(&set) {
            let text = text_of(&set, &path);
            let turned = turned(&text).expect("a project has no mistake");
            put(&mut other, &path, &turned);
        }
        assert_eq!(plan_of(&set), plan_of(&other));
    }
}

#[test]
fn a_cut_anywhere_leaves_diagnostics_or_a_plan() {
    for set in projects() {
        for path in specs(&set) {
            let text = text_of(&set, &path);
            let whole: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            for at in whole.iter().step_by((whole.len() / CUTS).max(1)) {
                let next = text[*at..].chars().next().map_or(0, char::len_utf8);
                let without = format!("{}{}", &text[..*at], &text[at + next..]);
                for cut in [&text[..*at], &without] {
                    let mut set = set.clone();
                    put(&mut set, &path, cut);
                    drop(check(&set));
                }
            }
        }
    }
}

#[test]
fn every_edit_of_a_property_can_be_taken_back() {
    let mut edits = 0;
    for sources in projects() {
        let written = Written::of(&sources);
        let mut hold = |sites: Vec<skep_compiler::edit::Site>| {
            for site in sites {
                made(&mut sources.clone(), &site.splices);
                edits += 1;
            }
        };
        for address in written.addresses() {
            hold(remove(&written, &address).unwrap_or_default());
            let info = KINDS.iter().find(|info| info.word == address.kind.word());
            for field in info.expect("every node has a kind").fields {
                let of = Property {
                    address: address.clone(),
                    path: vec![field.word.to_owned()],
                };
                hold(set(&written, &of, &["a \"5\"".to_owned()]).unwrap_or_default());
                hold(unset(&written, &of).unwrap_or_default());
            }
        }
    }
    assert!(edits > 1_000, "{edits}");
}
