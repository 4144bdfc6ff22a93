//! Who may depend on whom.

use super::assert_none;
use super::metadata::{Workspace, array, string};

/// Each crate and those of ours it may need. A new crate or edge is a decision: write it here and
/// in `ARCHITECTURE.md`.
const EDGES: &[(&str, &[&str])] = &[
    ("skep-schema", &[]),
    ("skep-stdlib", &[]),
    ("skep-compiler", &["skep-schema", "skep-stdlib"]),
    (
        "skep-project",
        &["skep-schema", "skep-compiler", "skep-compose"],
    ),
    ("skep-compose", &["skep-schema", "skep-compiler"]),
    (
        "skep-lsp",
        &["skep-schema", "skep-compiler", "skep-project"],
    ),
    ("skep-engine", &["skep-schema"]),
    ("skep-providers", &["skep-schema", "skep-engine"]),
    (
        "skep-daemon",
        &[
            "skep-schema",
            "skep-stdlib",
            "skep-compiler",
            "skep-project",
            "skep-engine",
            "skep-providers",
        ],
    ),
    (
        "skep",
        &[
            "skep-schema",
            "skep-stdlib",
            "skep-compiler",
            "skep-project",
            "skep-compose",
            "skep-lsp",
            "skep-engine",
            "skep-providers",
            "skep-daemon",
        ],
    ),
    // Their tests need everything, their programs nothing.
    ("skep-fixtures", &[]),
    ("skep-fuzz", &["skep-schema", "skep-compiler"]),
    ("xtask", &[]),
];

/// What must not come in, not even through others.
const KEPT_OUT: &[(&str, &[&str])] = &[
    (
        "skep-schema",
        &[
            "tokio", "bollard", "axum", "hyper", "kdl", "petgraph", "miette", "reqwest",
        ],
    ),
    ("skep-stdlib", &["tokio", "bollard", "axum", "hyper", "kdl"]),
    (
        "skep-compiler",
        &["tokio", "bollard", "axum", "hyper", "reqwest", "notify"],
    ),
    ("skep-project", &["bollard", "axum"]),
    (
        "skep-engine",
        &["bollard", "axum", "kdl", "tera", "skep-compiler"],
    ),
    ("skep-providers", &["axum", "kdl", "skep-compiler"]),
    ("skep-lsp", &["bollard", "axum"]),
];

#[test]
fn crates_need_only_the_crates_they_may() {
    let mut findings = Vec::new();
    for package in Workspace::read().ours() {
        let name = string(&package["name"]);
        let Some((_, allowed)) = EDGES.iter().find(|(crate_name, _)| *crate_name == name) else {
            findings.push(format!("{name} is not in the table of edges"));
            continue;
        };
        let needs = array(&package["dependencies"]).filter(|dep| dep["kind"] != "dev");
        let ours = needs
            .filter(|dep| !dep["path"].is_null())
            .map(|dep| string(&dep["name"]));
        findings.extend(
            ours.filter(|dep| !allowed.contains(dep))
                .map(|dep| format!("{name} needs {dep}")),
        );
    }
    assert_none(&findings, "crate edges that the design does not have:");
}

#[test]
fn the_pure_crates_stay_free_of_what_acts() {
    let workspace = Workspace::read();
    let mut findings = Vec::new();
    for (name, kept_out) in KEPT_OUT {
        let closure = workspace.closure(name);
        let found = kept_out.iter().filter(|other| closure.contains(**other));
        findings.extend(found.map(|other| format!("{name} carries {other}")));
    }
    assert_none(
        &findings,
        "dependencies that a crate must not carry, directly or through others:",
    );
}

#[test]
fn the_closure_is_followed_through_others() {
    let closure = Workspace::read().closure("skep");
    assert!(
        closure.contains("skep-schema") && closure.contains("serde_core"),
        "{closure:?}"
    );
}
