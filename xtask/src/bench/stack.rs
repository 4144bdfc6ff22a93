//! The same services as a project of Skep and as a compose file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, process};

use super::counter::{Calls, Counter};
use crate::shell;

/// Services without tasks: what is measured is the deploying, and hundreds fit any machine.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) services: usize,
    /// Of the project; the compose file's stack has this and `-compose`.
    name: String,
    folder: PathBuf,
}

/// What one command did to the engine.
#[derive(Debug)]
pub(super) struct Effect {
    pub(super) calls: Calls,
    /// Services of the bench that are new, gone or have another version.
    pub(super) changed: usize,
}

impl Stack {
    /// Writes both files into a folder of its own inside `folder`.
    pub(super) fn write(services: usize, folder: &Path) -> Result<Self, String> {
        let name = format!("{}-{services}", prefix());
        let stack = Self::spec(name, services, folder)?;
        let compose_file = stack.folder.join("compose.yml");
        fs::write(&compose_file, compose(services))
            .map_err(|error| format!("cannot write {}: {error}", compose_file.display()))?;
        Ok(stack)
    }

    /// One of several of a size, as a project alone.
    pub(super) fn write_one(number: usize, services: usize, folder: &Path) -> Result<Self, String> {
        Self::spec(format!("{}-n{number}", prefix()), services, folder)
    }

    fn spec(name: String, services: usize, folder: &Path) -> Result<Self, String> {
        let folder = folder.join(&name);
        fs::create_dir_all(&folder)
            .and_then(|()| fs::write(folder.join("skep.kdl"), spec(&name, services)))
            .map_err(|error| format!("cannot write {}: {error}", folder.display()))?;
        Ok(Self {
            services,
            name,
            folder,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Wall time of the program with these words, from start to end of its process.
    pub(super) fn skep(
        &self,
        program: &Path,
        host: &str,
        words: &[&str],
    ) -> Result<Duration, String> {
        self.time(Command::new(program).args(words), host)
    }

    pub(super) fn docker_deploy(&self, host: &str) -> Result<Duration, String> {
        let words = ["stack", "deploy", "--resolve-image=never"];
        let mut command = Command::new("docker");
        command.args(words).args(["--compose-file", "compose.yml"]);
        self.time(command.arg(self.compose_name()), host)
    }

    pub(super) fn docker_remove(&self, host: &str) -> Result<Duration, String> {
        let mut command = Command::new("docker");
        command.args(["stack", "rm"]).arg(self.compose_name());
        self.time(&mut command, host)
    }

    fn compose_name(&self) -> String {
        format!("{}-compose", self.name)
    }

    fn time(&self, command: &mut Command, host: &str) -> Result<Duration, String> {
        command
            .current_dir(&self.folder)
            .env("DOCKER_HOST", host)
            .env("NO_COLOR", "1");
        let start = Instant::now();
        shell::capture(command)?;
        Ok(start.elapsed())
    }
}

impl Effect {
    /// Runs the work with an address at which its requests are counted.
    pub(super) fn of(
        host: &str,
        folder: &Path,
        work: impl FnOnce(&str) -> Result<Duration, String>,
    ) -> Result<Self, String> {
        let counter = Counter::before(host, folder)?;
        let before = versions(host)?;
        work(&counter.host())?;
        let after = versions(host)?;
        let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let changed = ids.iter().filter(|id| before.get(**id) != after.get(**id));
        Ok(Self {
            calls: counter.calls(),
            changed: changed.count(),
        })
    }
}

/// The version index of each service of the bench, by id.
fn versions(host: &str) -> Result<BTreeMap<String, String>, String> {
    let filter = format!("name={}", prefix());
    let list = ["--host", host, "service", "ls", "--quiet", "--filter"];
    let ids = shell::read("docker", &[&list[..], &[&filter]].concat())?;
    let format = "--format={{.ID}} {{.Version.Index}}";
    let mut inspect = vec!["--host", host, "service", "inspect", format];
    inspect.extend(ids.lines());
    let versions = shell::read("docker", &inspect)?;
    let pairs = versions.lines().filter_map(|line| line.split_once(' '));
    Ok(pairs
        .map(|(id, index)| (id.to_owned(), index.to_owned()))
        .collect())
}

/// Keeps the names of two benches at one engine apart.
fn prefix() -> String {
    format!("bench{}", process::id())
}

fn spec(name: &str, services: usize) -> String {
    let mut text = format!("project {name} edition=1\n");
    for number in 0..services {
        let service = format!(
            "service s{number:03} replicas=0 {{\n    image \"skep-test/busybox:1\"\n    \
             command sleep \"100000\"\n    env NUMBER=\"{number}\"\n    endpoint dnsrr\n}}\n"
        );
        text.push_str(&service);
    }
    text
}

fn compose(services: usize) -> String {
    let mut text = "version: \"3.8\"\nservices:\n".to_owned();
    for number in 0..services {
        let service = format!(
            "  s{number:03}:\n    image: skep-test/busybox:1\n    \
             command: [sleep, \"100000\"]\n    environment: {{NUMBER: \"{number}\"}}\n    \
             deploy: {{replicas: 0, endpoint_mode: dnsrr}}\n"
        );
        text.push_str(&service);
    }
    text
}
