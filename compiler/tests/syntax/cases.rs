//! The cases of the official KDL test suite that the `kdl` crate ships in its sources.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "these tests read what cargo unpacked and what the repository holds"
)]

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) text: String,
    /// The same document in plain spelling; invalid cases have none.
    pub(crate) plain: Option<String>,
}

impl Case {
    pub(crate) fn must_fail(&self) -> bool {
        self.name.ends_with("_fail")
    }
}

/// Those of KDL 2.
pub(crate) fn cases() -> Vec<Case> {
    cases_of("6.")
}

/// Those of KDL 1, from the older crate that the newer one reads it with.
pub(crate) fn old_cases() -> Vec<Case> {
    cases_of("4.")
}

fn cases_of(version: &str) -> Vec<Case> {
    let inputs = kdl_sources(version).join("tests/test_cases/input");
    let mut cases: Vec<_> = std::fs::read_dir(&inputs)
        .expect("the kdl crate ships the suite")
        .map(|entry| case(&entry.expect("a readable entry").path()))
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

/// The text of every spec in this repository.
pub(crate) fn specs() -> Vec<String> {
    let mut folders = vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))];
    let mut specs = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "kdl") {
                specs.extend(std::fs::read_to_string(&path));
            }
        }
    }
    specs
}

fn case(path: &Path) -> Case {
    let plain = path
        .with_file_name("../expected_kdl")
        .join(path.file_name().expect("a file name"));
    Case {
        name: path
            .file_stem()
            .expect("a file name")
            .to_string_lossy()
            .into_owned(),
        text: std::fs::read_to_string(path).expect("a text"),
        plain: std::fs::read_to_string(plain).ok(),
    }
}

/// Where cargo keeps the sources of the kdl crate of that version that these tests are built with.
fn kdl_sources(version: &str) -> PathBuf {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo writes JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let kdl = packages
        .iter()
        .find(|package| {
            let found = package["version"].as_str().unwrap_or_default();
            package["name"] == "kdl" && found.starts_with(version)
        })
        .expect("kdl is a dependency");
    let manifest = kdl["manifest_path"].as_str().expect("a path");
    Path::new(manifest).parent().expect("a folder").to_owned()
}
