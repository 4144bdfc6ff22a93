//! What no file may say, and how long one may be.

use std::env;
use std::path::Path;

use super::{assert_none, files, has_extension, text};
use crate::repo;

const LONGEST: usize = 900;

#[test]
fn no_rust_file_is_too_long() {
    let rust = files().into_iter().filter(|file| has_extension(file, "rs"));
    let lengths = rust.map(|file| (text(&file).lines().count(), file));
    let long = lengths.filter(|(length, _)| *length > LONGEST);
    let findings: Vec<_> = long
        .map(|(n, file)| format!("{} has {n}", file.display()))
        .collect();
    assert_none(&findings, &format!("files over {LONGEST} lines:"));
}

#[test]
fn nothing_is_left_to_be_written() {
    let rust = files()
        .into_iter()
        .filter(|file| has_extension(file, "rs") && !is_test(file));
    let findings: Vec<_> = rust.flat_map(|file| unfinished(&file)).collect();
    assert_none(&findings, "unfinished code:");
}

#[test]
fn no_file_names_a_path_of_this_machine() {
    let words = paths_here();
    let mut findings = Vec::new();
    for file in files() {
        let text = text(&file);
        let found = words.iter().filter(|word| names_path(&text, word));
        findings.extend(found.map(|word| format!("{} names {word}", file.display())));
    }
    assert_none(&findings, "paths that only this machine has:");
}

/// Tests may speak of what they forbid.
fn is_test(file: &Path) -> bool {
    file.starts_with("xtask/src/tidy") || file.components().any(|part| part.as_os_str() == "tests")
}

/// What stands for code that is missing. "Placeholder" alone is a word of Caddy's.
const UNFINISHED: &[&str] = &[
    "todo!",
    "todo:",
    "fixme",
    "unimplemented!",
    "not implemented",
    "not yet implemented",
    "coming soon",
    "lorem ipsum",
    "a placeholder for",
    "placeholder text",
    "placeholder value",
];

fn unfinished(file: &Path) -> Vec<String> {
    let text = text(file).to_lowercase();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let found = UNFINISHED.iter().filter(|word| code.contains(**word));
    found
        .map(|word| format!("{} says {word}", file.display()))
        .collect()
}

/// Where this repository lies, where its user lives, and what the environment adds. Paths of one
/// part, as `/app`, say nothing about a machine.
fn paths_here() -> Vec<String> {
    let root = repo::root().display().to_string();
    let home = env::var("HOME").unwrap_or_default();
    let more = env::var("SKEP_TIDY_FORBIDDEN").unwrap_or_default();
    let telling = [root, home]
        .into_iter()
        .filter(|path| path.matches('/').count() > 1);
    telling
        .chain(
            more.split(':')
                .filter(|word| !word.is_empty())
                .map(str::to_owned),
        )
        .collect()
}

/// Whether the text has the path from its start: `/srv/a` is not in `x/srv/a`.
fn names_path(text: &str, path: &str) -> bool {
    let starts_there = |at: usize| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "/._-}".contains(c))
    };
    text.match_indices(path).any(|(at, _)| starts_there(at))
}

#[test]
fn a_path_is_found_only_from_its_start() {
    assert!(names_path("see /srv/skep/x", "/srv/skep"));
    assert!(names_path("/srv/skep", "/srv/skep"));
    assert!(!names_path("see host/srv/skep", "/srv/skep"));
}
