//! Every diagnostic code has an explanation and a fixture, and no explanation is left over.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{assert_none, text};
use crate::repo;

const TABLE: &str = "schema/src/diagnostic/code.rs";

#[test]
fn every_code_is_explained() {
    let short = |code: &&String| {
        text(Path::new(&format!("schema/codes/{code}.md")))
            .chars()
            .count()
            <= 200
    };
    let codes = codes();
    let findings: Vec<_> = codes.iter().filter(short).cloned().collect();
    assert_none(
        &findings,
        "codes without 200 characters of text in schema/codes/CODE.md:",
    );
}

#[test]
fn every_explanation_belongs_to_a_code() {
    let codes = codes();
    let explained = names("schema/codes").into_iter();
    let named = |file: &String| {
        file.strip_suffix(".md")
            .is_some_and(|code| codes.contains(code))
    };
    let findings: Vec<_> = explained.filter(|file| !named(file)).collect();
    assert_none(&findings, "files in schema/codes that no code has:");
}

/// A file above the limit; the reader's own tests make one.
const TOO_LARGE_TO_KEEP: &str = "SK1023";

/// What only a target can show; tests of the program make it.
const SEEN_IN_A_TARGET: &str = "SK3801";

#[test]
fn every_code_has_a_fixture() {
    let fixtures = names("fixtures/diagnostics");
    let shown = |code: &String| {
        [TOO_LARGE_TO_KEEP, SEEN_IN_A_TARGET].contains(&code.as_str())
            || fixtures.iter().any(|name| name.starts_with(code.as_str()))
    };
    let findings: Vec<_> = codes().into_iter().filter(|code| !shown(code)).collect();
    assert_none(
        &findings,
        "codes without a spec in fixtures/diagnostics/CODE-...:",
    );
}

/// The codes of the table: `SK1001 UnexpectedToken Error "..."`, one a line.
fn codes() -> BTreeSet<String> {
    let table = text(Path::new(TABLE));
    let rows = table
        .lines()
        .map(str::trim)
        .filter(|line| line.contains('"'));
    let firsts = rows.filter_map(|row| row.split(' ').next());
    let codes: BTreeSet<_> = firsts
        .filter(|word| is_code(word))
        .map(str::to_owned)
        .collect();
    assert!(
        !codes.is_empty(),
        "{TABLE} has no codes, or is written in another way now"
    );
    codes
}

fn is_code(word: &str) -> bool {
    word.strip_prefix("SK")
        .is_some_and(|digits| digits.len() == 4 && digits.parse::<u16>().is_ok())
}

fn names(dir: &str) -> Vec<String> {
    let entries = fs::read_dir(repo::root().join(dir))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
