//! Where things lie.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{assert_none, files, has_extension, text, walk};
use crate::repo;

/// Every entry of the repository's own folder. Which is which: `ARCHITECTURE.md`.
const TOP: &[&str] = &[
    ".cargo",
    ".ci",
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "cli",
    "clippy.toml",
    "compiler",
    "deny.toml",
    "docs",
    "fixtures",
    "runtime",
    "rustfmt.toml",
    "schema",
    "snapshots",
    "stdlib",
    "xtask",
];

#[test]
fn the_top_folder_holds_what_was_agreed_and_nothing_else() {
    let agreed: BTreeSet<PathBuf> = TOP.iter().map(PathBuf::from).collect();
    let top = |file: &PathBuf| {
        file.components()
            .next()
            .map(|first| PathBuf::from(first.as_os_str()))
    };
    let found: BTreeSet<PathBuf> = files().iter().filter_map(top).collect();
    let missing = agreed
        .difference(&found)
        .map(|name| format!("{} is missing", name.display()));
    let extra = found
        .difference(&agreed)
        .map(|name| format!("{} is extra", name.display()));
    assert_none(
        &missing.chain(extra).collect::<Vec<_>>(),
        "the repository's top folder:",
    );
}

#[test]
fn the_snapshots_folder_holds_snapshots_that_were_accepted() {
    let found = walk(&repo::root().join("snapshots"));
    let others = found.iter().filter(|file| !has_extension(file, "snap"));
    let findings: Vec<_> = others.map(|file| file.display().to_string()).collect();
    assert_none(&findings, "not accepted, or no snapshots:");
}

/// The workspace's own manifest, and that of what is built with libFuzzer.
const OTHER_WORKSPACES: &[&str] = &["Cargo.toml", "fixtures/fuzz/targets/Cargo.toml"];

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let manifests = files()
        .into_iter()
        .filter(|file| file.ends_with("Cargo.toml"));
    let crates = manifests.filter(|file| {
        !OTHER_WORKSPACES
            .iter()
            .any(|other| file == Path::new(other))
    });
    let without = crates.filter(|file| !text(file).contains("[lints]\nworkspace = true\n"));
    let findings: Vec<_> = without.map(|file| file.display().to_string()).collect();
    assert_none(&findings, "crates without `lints.workspace = true`:");
}
