//! `cargo xtask corpus DIR`: imports a folder of stack files that others wrote, and says how it went,
//! construct by construct, beside what `docker stack config` says of the same files.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{repo, shell};

/// The variable that names the folder where no word does.
const FOLDER: &str = "SKEP_CORPUS";

/// How often a construct came out how.
#[derive(Debug, Default)]
struct Tally {
    exact: usize,
    approximated: usize,
    dropped: usize,
}

/// What is known of one file.
#[derive(Debug)]
struct Outcome {
    imported: bool,
    clean: bool,
    docker: bool,
}

pub(crate) fn command(words: &[&str]) -> Result<(), String> {
    let folder = match words {
        [] => env::var(FOLDER).map_err(|_| format!("name a folder, or set {FOLDER}"))?,
        [folder] => (*folder).to_owned(),
        _ => return Err("one folder is enough".to_owned()),
    };
    let skep = program()?;
    let docker = shell::find("docker");
    let work = repo::target().join("corpus");
    drop(fs::remove_dir_all(&work));
    fs::create_dir_all(&work).map_err(|error| format!("{}: {error}", work.display()))?;
    let mut constructs: BTreeMap<String, Tally> = BTreeMap::new();
    let mut outcomes = Vec::new();
    for file in files(Path::new(&folder))? {
        let out = work.join(outcomes.len().to_string());
        let outcome = one(&skep, docker.as_deref(), &file, &out, &mut constructs)?;
        if !outcome.imported || !outcome.clean {
            let how = if outcome.imported {
                "not clean"
            } else {
                "refused"
            };
            println!("{how}: {}", file.file_name().unwrap_or_default().display());
        }
        outcomes.push(outcome);
    }
    print!("{}", told(&constructs));
    println!("{}", summary(&outcomes, docker.is_some()));
    Ok(())
}

/// `SKEP_BIN`, or a build of this tree.
fn program() -> Result<PathBuf, String> {
    if let Some(program) = env::var_os("SKEP_BIN") {
        return Ok(PathBuf::from(program));
    }
    let mut build = Command::new(repo::cargo());
    build
        .args(["build", "--quiet", "--package", "skep"])
        .current_dir(repo::root());
    shell::show(&mut build)?;
    Ok(repo::target().join("debug/skep"))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let yaml = |path: &PathBuf| {
        let extension = path.extension().unwrap_or_default();
        path.is_file() && (extension == "yml" || extension == "yaml")
    };
    let mut all: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(yaml)
        .collect();
    all.sort();
    Ok(all)
}

/// Imports a file, and has the project that was written checked by itself.
fn one(
    skep: &Path,
    docker: Option<&Path>,
    file: &Path,
    out: &Path,
    constructs: &mut BTreeMap<String, Tally>,
) -> Result<Outcome, String> {
    let mut import = Command::new(skep);
    import.args([
        "import", "compose", "--stack", "corpus", "-o", "json", "--out",
    ]);
    import.arg(out).arg(file).stdin(Stdio::null());
    let output = import
        .output()
        .map_err(|error| format!("{}: {error}", skep.display()))?;
    let report: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{}: {error}", file.display()))?;
    for finding in report["findings"].as_array().into_iter().flatten() {
        let tally = constructs.entry(construct(finding)).or_default();
        match finding["grade"].as_str() {
            Some("exact") => tally.exact += 1,
            Some("approximated") => tally.approximated += 1,
            Some(_) | None => tally.dropped += 1,
        }
    }
    let imported = report["refusals"].as_array().is_some_and(Vec::is_empty);
    Ok(Outcome {
        imported,
        clean: imported && succeeds(Command::new(skep).arg("-C").arg(out).arg("check")),
        docker: docker.is_some_and(|docker| {
            succeeds(
                Command::new(docker)
                    .args(["stack", "config", "-c"])
                    .arg(file),
            )
        }),
    })
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// A key without the names of what it belongs to: `services.*.deploy.labels`.
fn construct(finding: &Value) -> String {
    let key = finding["key"].as_str().unwrap_or_default();
    let parts: Vec<&str> = key.split('.').collect();
    match parts.as_slice() {
        [section, _, rest @ ..] if section.ends_with('s') && *section != "variables" => {
            [&[section, "*"], rest].concat().join(".")
        }
        ["service" | "network" | "volume", _, rest @ ..] => {
            format!("refused by the compiler: {}", rest.join("."))
        }
        _ => key.to_owned(),
    }
}

fn told(constructs: &BTreeMap<String, Tally>) -> String {
    let mut text = format!(
        "{:<44} {:>6} {:>6} {:>6} {:>6}\n",
        "construct", "exact", "near", "drop", "rate"
    );
    for (name, tally) in constructs {
        let Tally {
            exact,
            approximated,
            dropped,
        } = tally;
        let all = exact + approximated + dropped;
        let rate = exact * 100 / all.max(1);
        text.push_str(&format!(
            "{name:<44} {exact:>6} {approximated:>6} {dropped:>6} {rate:>5}%\n"
        ));
    }
    text
}

fn summary(outcomes: &[Outcome], asked: bool) -> String {
    let count = |fits: fn(&Outcome) -> bool| outcomes.iter().filter(|one| fits(one)).count();
    let docker = if asked {
        let accepted = count(|one| one.docker);
        let both = count(|one| one.docker && one.clean);
        format!(
            "; `docker stack config` accepts {accepted}, of which {both} are imported and clean"
        )
    } else {
        "; there is no docker to ask".to_owned()
    };
    format!(
        "{} files, {} imported, {} of them check without an error{docker}",
        outcomes.len(),
        count(|one| one.imported),
        count(|one| one.clean)
    )
}
