//! `cargo xtask pipelines`: what `docs/ci` offers, before the tools that people use it with.
//!
//! Workflows are held to the schemas of their hosts and looked through by zizmor; the hooks run under
//! pre-commit and prek, from a repository of their own and a wheel, as they would for people.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::dist::wheel::pack_program;
use crate::venv::Venv;
use crate::{repo, shell};

/// The tools with their versions, from the package index of Python.
const TOOLS: &str = include_str!("pipelines/tools.txt");

/// A project without a mistake, as `skep fmt` writes it.
const CLEAN: &str = "project x edition=1\nservice a { image \"app:1\" }\n";

pub(crate) fn command() -> Result<(), String> {
    let tools = Venv::install(&folder("tools")?, TOOLS)?;
    workflows(&tools)?;
    let hooks = Hooks::prepare(&tools)?;
    for runner in ["pre-commit", "prek"] {
        hooks.pass(runner)?;
        hooks.find_a_mistake(runner)?;
        println!("{runner}: the hooks pass, and find a mistake");
    }
    Ok(())
}

fn workflows(tools: &Venv) -> Result<(), String> {
    let docs = repo::root().join("docs/ci");
    let github: Vec<PathBuf> = [
        "github/skep.yml",
        "github/skep-comment.yml",
        "github/skep-sarif.yml",
        "forgejo/skep.yml",
    ]
    .map(|name| docs.join(name))
    .into();
    let schema = |name: &str, files: &[PathBuf]| {
        let words = ["--builtin-schema", name];
        shell::show(tools.command("check-jsonschema").args(words).args(files))
    };
    schema("vendor.github-workflows", &github)?;
    schema("vendor.gitlab-ci", &[docs.join("gitlab/.gitlab-ci.yml")])?;
    shell::show(
        tools
            .command("zizmor")
            .args(["--offline", "--quiet"])
            .args(&github),
    )
}

/// The mirror repository of the hooks, the wheel it wants, and a project that uses both.
struct Hooks<'t> {
    tools: &'t Venv,
    wheels: PathBuf,
    project: PathBuf,
    home: PathBuf,
}

impl<'t> Hooks<'t> {
    fn prepare(tools: &'t Venv) -> Result<Self, String> {
        let hooks = Self {
            tools,
            wheels: empty("wheels")?,
            project: empty("project")?,
            home: empty("home")?,
        };
        hooks.pack()?;
        let mirror = empty("mirror")?;
        for file in [".pre-commit-hooks.yaml", "pyproject.toml"] {
            let from = repo::root().join("docs/ci/pre-commit").join(file);
            fs::copy(&from, mirror.join(file)).map_err(|e| format!("{file}: {e}"))?;
        }
        commit(&mirror)?;
        write(&hooks.project.join("skep.kdl"), CLEAN)?;
        let used = format!(
            "repos:\n  - repo: file://{}\n    rev: main\n    hooks:\n      - id: skep-check\n      - id: skep-fmt\n",
            mirror.display()
        );
        write(&hooks.project.join(".pre-commit-config.yaml"), &used)?;
        commit(&hooks.project)?;
        Ok(hooks)
    }

    /// The wheel of the program, and what a wheel of the mirror is built with.
    fn pack(&self) -> Result<(), String> {
        pack_program(&repo::program()?, env!("CARGO_PKG_VERSION"), &self.wheels)?;
        let builder = TOOLS.lines().find(|line| line.starts_with("setuptools"));
        let builder = builder.ok_or("tools.txt names no setuptools")?;
        let download = ["download", "--quiet", "--no-deps", "--dest"];
        shell::capture(
            self.tools
                .command("pip")
                .args(download)
                .arg(&self.wheels)
                .arg(builder),
        )
        .map(drop)
    }

    /// A runner of hooks that can install nothing but these wheels.
    fn runner(&self, name: &str) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = self.tools.command(name);
        command
            .args(["run", "--all-files"])
            .current_dir(&self.project)
            .env_clear()
            .env("PATH", format!("{}:{path}", self.tools.bin().display()))
            .env("HOME", &self.home)
            .env("PREK_HOME", self.home.join("prek"))
            .envs([
                ("PIP_NO_INDEX", "1"),
                ("UV_NO_INDEX", "1"),
                ("UV_OFFLINE", "1"),
            ])
            .env("PIP_FIND_LINKS", &self.wheels)
            .env("UV_FIND_LINKS", &self.wheels);
        command
    }

    fn pass(&self, runner: &str) -> Result<(), String> {
        write(&self.project.join("skep.kdl"), CLEAN)?;
        let ran = self.runner(runner).output().map_err(|e| e.to_string())?;
        if ran.status.success() {
            return Ok(());
        }
        Err(format!(
            "{runner}: {}",
            String::from_utf8_lossy(&ran.stdout)
        ))
    }

    fn find_a_mistake(&self, runner: &str) -> Result<(), String> {
        write(
            &self.project.join("skep.kdl"),
            &CLEAN.replace("image", "imge"),
        )?;
        let ran = self.runner(runner).output().map_err(|e| e.to_string())?;
        let told = String::from_utf8_lossy(&ran.stdout);
        if !ran.status.success() && told.contains("SK2002") {
            return Ok(());
        }
        Err(format!("{runner} took a mistake for none: {told}"))
    }
}

fn commit(folder: &Path) -> Result<(), String> {
    let git = |words: &[&str]| {
        let who = ["-c", "user.name=skep", "-c", "user.email=skep@example.org"];
        let mut command = Command::new("git");
        shell::capture(command.current_dir(folder).args(who).args(words))
    };
    git(&["init", "--quiet", "--initial-branch", "main"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "all"])?;
    Ok(())
}

fn folder(name: &str) -> Result<PathBuf, String> {
    let path = repo::target().join("pipelines").join(name);
    fs::create_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(path)
}

/// A folder without what an earlier run left in it.
fn empty(name: &str) -> Result<PathBuf, String> {
    let path = folder(name)?;
    fs::remove_dir_all(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    folder(name)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}
