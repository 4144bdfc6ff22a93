//! A project in a folder of its own, and the real binary run in it.

#![allow(dead_code, reason = "each test binary uses a part of this")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use skep_fixtures::canary::{self, PASSWORD};
use skep_fixtures::described::assert_described;
use tempfile::TempDir;

/// A project that is gone when the test is.
pub(crate) struct Project {
    folder: TempDir,
}

pub(crate) const MODEL: &[&str] = &["--target", "model"];

pub(crate) fn on_model(project: &Project, args: &[&str]) -> Ran {
    project.skep(&[MODEL, args].concat())
}

pub(crate) fn json(ran: &Ran) -> serde_json::Value {
    serde_json::from_str(&ran.stdout).expect("standard output holds JSON and nothing else")
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    pub(crate) fn empty() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a folder for the test"),
        }
    }

    pub(crate) fn copy_of(from: &Path) -> Self {
        let project = Self::empty();
        copy(from, project.path());
        project
    }

    /// One of `fixtures/projects`.
    pub(crate) fn fixture(name: &str) -> Self {
        Self::copy_of(
            &Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../fixtures/projects")
                .join(name),
        )
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn model(&self) -> PathBuf {
        self.path().join(".skep/model.json")
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder"))
            .expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }

    /// Replaces a text that must be there.
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path().join(name)).expect("the file can be read");
        assert!(text.contains(from), "{name} has no `{from}`");
        self.write(name, &text.replace(from, to));
    }

    /// Runs `skep -C PROJECT ARGS` without a terminal, in an environment of its own. Whatever it
    /// says and leaves in the project is looked through for the values of secrets, and what is data
    /// must be as its schema says.
    pub(crate) fn skep(&self, args: &[&str]) -> Ran {
        self.skep_with(args, &[])
    }

    pub(crate) fn skep_with(&self, args: &[&str], env: &[(&str, &str)]) -> Ran {
        self.skep_in(".", args, env)
    }

    /// The same for a project in a folder of this one.
    pub(crate) fn skep_in(&self, folder: &str, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_skep"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("SHOP_DB_PASSWORD", PASSWORD)
            .envs(env.iter().copied())
            .arg("-C")
            .arg(if folder == "." {
                self.path().to_owned()
            } else {
                self.path().join(folder)
            })
            .args(args)
            .stdin(Stdio::null())
            .output()
            .expect("the binary can be run");
        canary::assert_absent(&format!("standard output of {args:?}"), &output.stdout);
        canary::assert_absent(&format!("standard error of {args:?}"), &output.stderr);
        canary::assert_absent_below(self.path());
        let home = self.path().display().to_string();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&home, "PROJECT");
        let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
        let data = std::iter::once(stdout.as_str()).chain(stderr.lines());
        data.for_each(|data| assert_described(&format!("{args:?}"), data));
        Ran {
            code: output.status.code().unwrap_or(-1),
            stdout,
            stderr,
        }
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("the fixture can be read") {
        let entry = entry.expect("an entry can be read");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            if entry.file_name() != ".skep" {
                std::fs::create_dir_all(&target).expect("the folder can be made");
                copy(&entry.path(), &target);
            }
        } else {
            std::fs::copy(entry.path(), target).expect("the file can be copied");
        }
    }
}

/// Compares with `snapshots/KIND/NAME.snap`.
pub(crate) fn snapshot(kind: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../snapshots")
            .join(kind),
    );
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
