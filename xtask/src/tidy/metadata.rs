//! What cargo knows about the workspace, without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::{repo, shell};

/// Every package this machine's build has, ours and others', and who needs whom.
#[derive(Debug)]
pub(super) struct Workspace {
    metadata: Value,
}

impl Workspace {
    pub(super) fn read() -> Self {
        let version = shell::read("rustc", &["-vV"]).expect("rustc is installed");
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.expect("rustc names its host");
        let mut command = Command::new(repo::cargo());
        command
            .args([
                "metadata",
                "--format-version",
                "1",
                "--offline",
                "--filter-platform",
                host,
            ])
            .current_dir(repo::root());
        let output = shell::capture(&mut command).unwrap();
        Self {
            metadata: serde_json::from_slice(&output.stdout).unwrap(),
        }
    }

    pub(super) fn packages(&self) -> impl Iterator<Item = &Value> {
        array(&self.metadata["packages"])
    }

    /// Packages of this repository.
    pub(super) fn ours(&self) -> impl Iterator<Item = &Value> {
        self.packages()
            .filter(|package| package["source"].is_null())
    }

    /// What the package of this name needs to be built, directly and through others; no tests.
    pub(super) fn closure(&self, name: &str) -> BTreeSet<String> {
        let names = self.names();
        let mut found = BTreeSet::new();
        let mut open: Vec<&str> = names
            .iter()
            .filter(|(_, n)| **n == name)
            .map(|(id, _)| *id)
            .collect();
        while let Some(id) = open.pop() {
            let new = self
                .needs(id)
                .filter(|id| found.insert(names[id].to_owned()));
            open.extend(new);
        }
        found
    }

    fn names(&self) -> BTreeMap<&str, &str> {
        self.packages()
            .map(|package| (string(&package["id"]), string(&package["name"])))
            .collect()
    }

    fn needs(&self, id: &str) -> impl Iterator<Item = &str> {
        let nodes = array(&self.metadata["resolve"]["nodes"]);
        let node = nodes.filter(move |node| node["id"] == id);
        let needed = node
            .flat_map(|node| array(&node["deps"]))
            .filter(|dep| is_for_building(dep));
        needed.map(|dep| string(&dep["pkg"]))
    }
}

fn is_for_building(dep: &Value) -> bool {
    array(&dep["dep_kinds"]).any(|kind| kind["kind"] != "dev")
}

pub(super) fn array(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
