//! `cargo xtask bench compile`: what a cold compile costs, beside other tools that read the same
//! services in the same round. `docs/dev/speed.md` has figures.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, thread};

use super::cost::Cost;
use super::edit;
use super::figures::{Spread, head};
use super::project::Project;
use crate::{repo, shell};

/// Each round runs everything that is compared once, so that a slow minute slows all of it.
const ROUNDS: usize = 5;

/// Services of the projects.
const SIZES: [usize; 5] = [10, 100, 1_000, 5_000, 10_000];

/// What all others are divided by.
const BASE: &str = "skep compile";

/// A command that is compared, in a folder of the project's.
#[derive(Debug)]
struct Rival {
    name: &'static str,
    folder: &'static str,
    program: PathBuf,
    words: Vec<&'static str>,
}

pub(super) fn command() -> Result<(), String> {
    let helpers = helpers()?;
    let rivals = rivals(&super::program()?, &helpers.join("parse"));
    let folder = env::temp_dir().join(format!("skep-bench-compile-{}", std::process::id()));
    let measured = SIZES.into_iter().try_for_each(|services| {
        let project = Project::write(services, &folder)?;
        compare(&rivals, &project)?;
        edit::show(&helpers.join("recheck"), &project)
    });
    let removed = fs::remove_dir_all(&folder).map_err(|error| error.to_string());
    measured.and(removed)
}

/// The folder of the helpers, which are built like the program: one only parses, the other checks
/// again and again.
fn helpers() -> Result<PathBuf, String> {
    let build = [
        "build",
        "--release",
        "--locked",
        "--quiet",
        "-p",
        "skep-project",
    ];
    shell::show(
        Command::new(repo::cargo())
            .args(build)
            .args(["--example", "parse", "--example", "recheck"])
            .current_dir(repo::root()),
    )?;
    Ok(repo::target().join("release/examples"))
}

/// Those that this machine has.
fn rivals(skep: &Path, parser: &Path) -> Vec<Rival> {
    let ours = |name, folder, word| Rival {
        name,
        folder,
        program: skep.to_owned(),
        words: vec![word],
    };
    let parse = |name, format, file| Rival {
        name,
        folder: "",
        program: parser.to_owned(),
        words: vec![format, file],
    };
    let installed = |name, program, words: &[&'static str]| {
        shell::find(program).map(|program| Rival {
            name,
            folder: "",
            program,
            words: words.to_vec(),
        })
    };
    let stack = ["stack", "config", "--compose-file", "compose.yml"];
    let mut all = vec![
        ours(BASE, "one", "compile"),
        ours("skep compile, many files", "many", "compile"),
        ours("skep check", "one", "check"),
        parse("serde_json, parse to Value", "json", "data.json"),
        parse("serde-saphyr, parse to Value", "yaml", "compose.yml"),
        parse("kdl 6, parse", "kdl", "one/skep.kdl"),
    ];
    all.extend(installed("docker stack config", "docker", &stack));
    all.extend(installed("jsonnet", "jsonnet", &["data.json"]));
    all
}

fn compare(rivals: &[Rival], project: &Project) -> Result<(), String> {
    let mut costs: Vec<Vec<Cost>> = rivals.iter().map(|_| Vec::new()).collect();
    for round in 0..ROUNDS {
        // Nobody runs always after the same one, whose data may have filled the caches.
        for index in (0..rivals.len()).map(|index| (index + round) % rivals.len()) {
            let (rival, costs) = (&rivals[index], &mut costs[index]);
            let folder = project.folder.join(rival.folder);
            costs.push(Cost::of(&folder, &rival.program, &rival.words)?);
        }
    }
    let cores = thread::available_parallelism().map_err(|error| error.to_string())?;
    println!(
        "{} services, {cores} cores, {ROUNDS} rounds",
        project.services
    );
    show(rivals, &costs, "CPU", "ms", |cost| {
        cost.cpu.as_secs_f64() * 1e3
    });
    show(rivals, &costs, "wall", "ms", |cost| {
        cost.wall.as_secs_f64() * 1e3
    });
    show(rivals, &costs, "peak memory", "MiB", |cost| {
        f64::from(u32::try_from(cost.peak).unwrap_or(u32::MAX)) / 1024.0
    });
    show_ratios(rivals, &costs);
    Ok(())
}

fn show(
    rivals: &[Rival],
    costs: &[Vec<Cost>],
    what: &str,
    unit: &str,
    figure: impl Fn(&Cost) -> f64,
) {
    println!("{}", head(what));
    for (rival, costs) in rivals.iter().zip(costs) {
        let spread = Spread::of(costs.iter().map(&figure));
        println!("{}", spread.line(rival.name, unit));
    }
}

/// Round by round, so that what slowed one slowed the other.
fn show_ratios(rivals: &[Rival], costs: &[Vec<Cost>]) {
    println!("{}", head(&format!("CPU / {BASE}")));
    let Some((base, others)) = costs.split_first() else {
        return;
    };
    for (rival, costs) in rivals.iter().skip(1).zip(others) {
        let of = |costs: &[Cost]| costs.iter().map(|cost| cost.cpu).collect::<Vec<_>>();
        println!(
            "{}",
            Spread::ratio(&of(costs), &of(base)).line(rival.name, "times")
        );
    }
}
