//! What must hold of the repository as a whole, as tests: `cargo test -p xtask`.

mod codes;
mod edges;
mod layout;
mod licences;
mod metadata;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{repo, shell};

/// Fails with one line a finding.
#[track_caller]
fn assert_none(findings: &[String], rule: &str) {
    assert!(findings.is_empty(), "{rule}\n  {}", findings.join("\n  "));
}

/// The repository's files, relative to its root: what git tracks or would, and without git all.
fn files() -> Vec<PathBuf> {
    let root = repo::root().display().to_string();
    let list = [
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "--deduplicate",
    ];
    let git = [&["-c", "safe.directory=*", "-C", &root], &list[..]].concat();
    let mut files: Vec<PathBuf> = match shell::read("git", &git) {
        Ok(names) => names.lines().map(PathBuf::from).collect(),
        Err(_) => walk(repo::root()),
    };
    files.retain(|file| repo::root().join(file).is_file());
    files
}

fn walk(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let ignored = path.ends_with(".git") || path.ends_with("target") || path.ends_with(".skep");
        match path.strip_prefix(repo::root()) {
            _ if ignored => {}
            _ if path.is_dir() => files.extend(walk(&path)),
            Ok(relative) => files.push(relative.to_owned()),
            Err(_) => {}
        }
    }
    files
}

/// A file's text, or nothing when it is no text.
fn text(file: &Path) -> String {
    fs::read_to_string(repo::root().join(file)).unwrap_or_default()
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}
