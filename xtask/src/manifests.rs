//! `cargo xtask manifests`: what `skep export kubernetes` writes, before the schemas of the API.
//!
//! Those of kubernetes come with a validator from the package index of Python, those of the Gateway API
//! with a package of npm that is made from its definitions.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::venv::Venv;
use crate::{repo, shell};

/// The validator with its version, from the package index of Python.
const TOOLS: &str = include_str!("manifests/tools.txt");
const CHECK: &str = include_str!("manifests/check.py");
/// Made from both channels of the Gateway API 1.0. What is written of them and was not in the standard
/// channel then, timeouts, is since 1.2.
const MODELS: &str = "@kubernetes-models/gateway-api@0.5.1";
/// The oldest with all fields that are written, and the newest that the validator knows.
const VERSIONS: &str = "1.30,1.37";

pub(crate) fn command() -> Result<(), String> {
    let home = repo::target().join("manifests");
    let venv = Venv::install(&home.join("tools"), TOOLS)?;
    let models = models(&home)?;
    let check = home.join("check.py");
    fs::write(&check, CHECK).map_err(|e| format!("{}: {e}", check.display()))?;
    let files = exported(&home.join("exported"))?;
    shell::show(
        venv.command("python")
            .arg(&check)
            .arg(models)
            .arg(VERSIONS)
            .args(files),
    )
}

/// The unpacked package with the schemas of the Gateway API.
fn models(home: &Path) -> Result<PathBuf, String> {
    let unpacked = home.join("package");
    if unpacked.is_dir() {
        return Ok(unpacked);
    }
    let pack = ["pack", "--silent", MODELS];
    let packed = shell::capture(Command::new("npm").args(pack).current_dir(home))?;
    let packed = String::from_utf8_lossy(&packed.stdout);
    shell::capture(
        Command::new("tar")
            .arg("-xzf")
            .arg(home.join(packed.trim()))
            .arg("-C")
            .arg(home),
    )?;
    Ok(unpacked)
}

/// The manifests of every project of the repository that has a plan, in each of its environments.
fn exported(out: &Path) -> Result<Vec<PathBuf>, String> {
    let program = repo::program()?;
    let plans = repo::root().join("snapshots/plan");
    let mut files = Vec::new();
    let listed = fs::read_dir(&plans).map_err(|e| format!("{}: {e}", plans.display()))?;
    for entry in listed {
        let file = entry.map_err(|e| e.to_string())?.file_name();
        let name = file.to_string_lossy();
        let Some(stack) = name.strip_suffix(".snap") else {
            continue;
        };
        let (project, environment) = stack
            .split_once('@')
            .map_or((stack, None), |(p, e)| (p, Some(e)));
        let folder = out.join(stack);
        let mut export = Command::new(&program);
        export
            .arg("-C")
            .arg(repo::root().join("fixtures/projects").join(project))
            .args(environment.iter().flat_map(|name| ["-e", name]))
            .args(["export", "kubernetes", "--out"])
            .arg(&folder);
        shell::capture(&mut export)?;
        files.push(folder.join("kubernetes.yaml"));
    }
    files.sort();
    files.push(written(&program, out)?);
    Ok(files)
}

/// The project of the export's own tests.
fn written(program: &Path, out: &Path) -> Result<PathBuf, String> {
    let project = out.join("timed");
    fs::create_dir_all(&project).map_err(|e| format!("{}: {e}", project.display()))?;
    let from = repo::root().join("compiler/project/tests/kubernetes/timed.kdl");
    fs::copy(&from, project.join("skep.kdl")).map_err(|e| format!("{}: {e}", from.display()))?;
    shell::capture(
        Command::new(program)
            .arg("-C")
            .arg(&project)
            .args(["export", "kubernetes", "--out"])
            .arg("."),
    )?;
    Ok(project.join("kubernetes.yaml"))
}
