//! A check that remembers says what a first check says, whatever was changed in between.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use skep_compiler::Memory;
use skep_compiler::source::SourceSet;
use skep_compiler::syntax::parse;
use skep_fuzz::memory::{same, whole};
use skep_fuzz::project::put;
use skep_schema::span::FileId;

proptest! {
    // The same inputs every time: the fuzzer looks for new ones.
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_remembered_changes_nothing(bytes in prop::collection::vec(any::<u8>(), 1..60)) {
        skep_fuzz::memory(&bytes);
    }
}

/// The projects of the catalogue of mistakes, with their nodes in two files of their own.
fn catalogue() -> Vec<(String, Vec<String>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/diagnostics");
    let files = fs::read_dir(folder).expect("the catalogue is there");
    let mut all: Vec<(String, Vec<String>)> = files
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|end| end == "kdl"))
        .filter_map(|path| fs::read_to_string(path).ok())
        .map(|text| parted(&text))
        .collect();
    all.sort();
    all
}

/// The lines that shape a project, and its other nodes.
fn parted(text: &str) -> (String, Vec<String>) {
    const SHAPING: &[&str] = &[
        "project",
        "param",
        "component",
        "environment",
        "defaults",
        "test",
    ];
    let document = parse(FileId(0), text.into()).document;
    let mut head = String::new();
    let mut nodes = Vec::new();
    for root in document.roots() {
        let span = root.span();
        let node = &text[span.start as usize..span.end as usize];
        if SHAPING.contains(&root.name().text) {
            head.push_str(node);
            head.push('\n');
        } else {
            nodes.push(node.to_owned());
        }
    }
    (head, nodes)
}

#[test]
fn mistakes_in_a_file_read_in_parts_are_those_of_the_file() {
    for (head, nodes) in catalogue() {
        let Some(rest) = head.strip_prefix("project ") else {
            continue;
        };
        // Comments so long that all nodes stand in parts of their own.
        let long = nodes.join(&format!("\n// {}\n", "-".repeat(8192)));
        let mut set = SourceSet::default();
        put(&mut set, "skep.kdl", &format!("project {rest}\n{long}\n"));
        let mut memory = Memory::default();
        same(&mut memory, &mut set);
        whole(&set);
    }
}

#[test]
fn mistakes_that_come_and_go_are_told_and_forgotten() {
    let all = catalogue();
    assert!(all.len() > 100, "{}", all.len());
    for (head, nodes) in all {
        let Some(rest) = head.strip_prefix("project ") else {
            continue;
        };
        let mut set = SourceSet::default();
        let text = format!("project {rest}\ninclude \"a.kdl\" \"b.kdl\"\n");
        put(&mut set, "skep.kdl", &text);
        put(&mut set, "a.kdl", "");
        put(&mut set, "b.kdl", "");
        let mut memory = Memory::default();
        let few = nodes.len().min(4);
        for without in (0..few).chain([nodes.len()]) {
            let left = |parity: usize| {
                let kept = nodes.iter().enumerate();
                let kept = kept.filter(|(n, _)| n % 2 == parity && *n != without);
                kept.map(|(_, node)| format!("{node}\n"))
                    .collect::<String>()
            };
            put(&mut set, "a.kdl", &left(0));
            same(&mut memory, &mut set);
            put(&mut set, "b.kdl", &left(1));
            same(&mut memory, &mut set);
        }
    }
}
