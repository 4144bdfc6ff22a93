//! The official KDL test suite, from the copy that the `kdl` crate ships in its sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use kdl::KdlDocument;

use crate::oracle::{tree, tree_by_kdl};
use crate::read;

/// Invalid inputs of this copy that are valid by now.
const VALID_BY_NOW: [(&str, &str); 1] = [(
    "zero_space_before_slashdash_arg_fail",
    "`/-` needs no space before it since kdl-org/kdl#499",
)];

/// Invalid inputs that the crate takes.
const TAKEN_BY_KDL: [(&str, &str); 2] = [
    (
        "multiline_raw_string_single_line_err_fail",
        "a multi-line raw string on one line",
    ),
    ("unicode_delete_fail", "the forbidden U+007F"),
];

#[test]
fn valid_cases_give_the_tree_that_the_kdl_crate_gives() {
    let cases: Vec<_> = cases()
        .into_iter()
        .filter(|case| !case.must_fail())
        .collect();
    assert!(cases.len() >= 230, "only {} cases were found", cases.len());
    for case in cases {
        let parsed = read(&case.text);
        assert_eq!(parsed.diagnostics, [], "{}", case.name);
        let theirs: KdlDocument = case.text.parse().expect("the crate reads its own suite");
        assert_eq!(
            tree(&parsed.document),
            tree_by_kdl(&theirs),
            "{}",
            case.name
        );
    }
}

#[test]
fn invalid_cases_are_refused() {
    let cases: Vec<_> = cases().into_iter().filter(Case::must_fail).collect();
    assert!(cases.len() >= 85, "only {} cases were found", cases.len());
    for case in cases {
        let ours = read(&case.text).diagnostics.is_empty();
        assert_eq!(ours, is_listed(&VALID_BY_NOW, &case.name), "{}", case.name);
        let theirs = case.text.parse::<KdlDocument>().is_ok();
        assert_eq!(
            theirs,
            is_listed(&TAKEN_BY_KDL, &case.name),
            "{}",
            case.name
        );
    }
}

fn is_listed(list: &[(&str, &str)], name: &str) -> bool {
    list.iter().any(|(listed, _)| *listed == name)
}

pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) text: String,
}

impl Case {
    pub(crate) fn must_fail(&self) -> bool {
        self.name.ends_with("_fail")
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let inputs = kdl_sources().join("tests/test_cases/input");
    let mut cases: Vec<_> = std::fs::read_dir(&inputs)
        .expect("the kdl crate ships the suite")
        .map(|entry| case(&entry.expect("a readable entry").path()))
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn case(path: &Path) -> Case {
    Case {
        name: path
            .file_stem()
            .expect("a file name")
            .to_string_lossy()
            .into_owned(),
        text: std::fs::read_to_string(path).expect("a text"),
    }
}

/// Where cargo keeps the sources of the kdl crate that these tests are built with.
fn kdl_sources() -> PathBuf {
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
        .find(|package| package["name"] == "kdl")
        .expect("kdl is a dependency");
    let manifest = kdl["manifest_path"].as_str().expect("a path");
    Path::new(manifest).parent().expect("a folder").to_owned()
}
