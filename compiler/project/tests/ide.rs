//! What editors ask, at every place of every fixture: there is an answer or none, and never a panic.

use std::path::{Path, PathBuf};

use skep_compiler::Memory;
use skep_compiler::edit::{Splice, Written, apply};
use skep_compiler::format::format;
use skep_compiler::ide::{self, Index, Live, View};
use skep_compiler::source::{File, Inputs, SourceSet};
use skep_compiler::syntax::parse;
use skep_project::Project;
use skep_schema::span::FileId;

/// Every place of each file would take minutes.
const STEP: usize = 7;

fn fixtures(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(kind);
    let entries = std::fs::read_dir(folder).expect("the fixtures are there");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("readable").path())
        .collect();
    paths.sort();
    paths
}

fn texts(set: &SourceSet) -> impl Iterator<Item = (&str, &str)> {
    let specs = set.files.iter().filter(|(path, _)| path.ends_with(".kdl"));
    specs.filter_map(|(path, file)| match file {
        File::Bytes(bytes) => Some((path.as_str(), std::str::from_utf8(bytes).ok()?)),
        File::Absent | File::Unreadable(_) => None,
    })
}

#[test]
fn every_place_of_every_project_can_be_asked_about() {
    for folder in fixtures("projects") {
        let project = Project::find(&folder).expect("a fixture is a project");
        let mut memory = Memory::default();
        let set = project.sources(Inputs::default()).expect("it can be read");
        let (set, _) = project
            .check_with(&mut memory, set)
            .expect("it can be read");
        let mut index = Index::default();
        index.update(&set);
        let written = Written::of(&set);
        let view = View {
            index: &index,
            set: &set,
            written: &written,
            memory: &memory,
            environment: None,
            live: &Live::default(),
        };
        let (mut said, mut offered, mut asked) = (0, 0, 0);
        for (file, text) in texts(&set).filter(|(file, _)| index.is_own(file)) {
            let places = text.char_indices().map(|(at, _)| at).step_by(STEP);
            for at in places.chain([text.len()]) {
                asked += 1;
                said += usize::from(ide::hover(&view, file, at).is_some());
                let found = ide::complete(&index, &memory, None, text, at);
                offered += usize::from(!found.all.is_empty());
                let around = ide::selection(&ide::tree(text), at);
                assert!(
                    around
                        .iter()
                        .all(|range| range.contains(&at) || range.end == at)
                );
            }
        }
        let name = folder.display();
        assert!(
            said * 3 > asked,
            "{name}: {said} of {asked} places mean anything"
        );
        assert!(
            offered * 4 > asked,
            "{name}: {offered} of {asked} places offer anything"
        );
    }
}

#[test]
fn every_text_is_laid_out_as_by_fmt() {
    let mut tried = 0;
    let files = fixtures("diagnostics").into_iter();
    let projects = fixtures("projects")
        .into_iter()
        .map(|folder| folder.join("skep.kdl"));
    for path in files.chain(projects).filter(|path| path.is_file()) {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let parsed = parse(FileId(0), text.as_str().into());
        let ugly = text.replace("    ", "  ").replace(" {", "   {");
        for text in [text.as_str(), ugly.as_str()] {
            let changes = ide::layout(text).into_iter();
            let splices: Vec<Splice> = changes.map(|(at, new)| Splice::new("", at, new)).collect();
            let made = apply(text, &splices).expect("changes do not overlap");
            let parsed = parse(FileId(0), text.into());
            let wanted = if parsed.diagnostics.is_empty() {
                format(&parsed.document)
            } else {
                text.to_owned()
            };
            assert_eq!(made, wanted, "{}", path.display());
        }
        tried += usize::from(parsed.diagnostics.is_empty());
    }
    assert!(tried > 50, "{tried} texts without mistakes of syntax");
}

#[test]
fn a_name_that_is_found_is_where_it_says() {
    for folder in fixtures("projects") {
        let project = Project::find(&folder).expect("a fixture is a project");
        let (set, _) = project.check(Inputs::default()).expect("it can be read");
        let mut index = Index::default();
        index.update(&set);
        for (name, found) in index.search("") {
            let text = texts(&set).find(|(file, _)| *file == found.file);
            let (_, text) = text.expect("the file is there");
            let shown = name.to_string();
            assert!(
                text[found.at.clone()].ends_with(&shown),
                "{shown} in {}",
                found.file
            );
            let (again, _) = index
                .name_at(&found.file, found.at.start)
                .expect("it is there");
            assert_eq!(*again, name);
        }
    }
}
