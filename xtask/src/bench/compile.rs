//! `cargo xtask bench compile`: what a cold compile costs, beside other tools that read the same
//! services in the same round. `docs/dev/speed.md` has figures.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use std::{env, fs, thread};

use super::cost::Cost;
use super::edit;
use super::figures::{Spread, head};
use super::growth;
use super::project::Project;
use super::rivals::{Rival, installed};
use crate::{repo, shell};

/// What is measured. Each round runs everything that is compared once, so that a slow minute slows
/// all of it.
struct Extent {
    /// Services of the projects.
    sizes: &'static [usize],
    rounds: usize,
}

const FULL: Extent = Extent {
    sizes: &[10, 100, 1_000, 5_000, 10_000],
    rounds: 5,
};

/// Shows that everything works; its figures are of no use.
const QUICK: Extent = Extent {
    sizes: &[10, 100, 1_000],
    rounds: 1,
};

/// Who took longer once does not run again.
const PATIENCE: Duration = Duration::from_mins(1);

/// What all others are divided by.
const BASE: &str = "skep compile";

/// A command with what its runs of one size cost.
pub(super) struct Measured {
    pub(super) rival: Rival,
    pub(super) costs: Vec<Cost>,
    /// Why it does not run any more.
    out: Option<String>,
}

pub(super) fn command(words: &[&str]) -> Result<(), String> {
    let extent = match words {
        [] => FULL,
        ["--quick"] => QUICK,
        _ => return Err("`bench compile` takes nothing but `--quick`".to_owned()),
    };
    let helpers = helpers()?;
    let rivals = rivals(&super::program()?, &helpers.join("parse"));
    let folder = env::temp_dir().join(format!("skep-bench-compile-{}", std::process::id()));
    let measured = extent.measure(rivals, &folder, &helpers.join("recheck"));
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

/// Ours, parsers, and the tools that this machine has.
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
    let mut all = vec![
        ours(BASE, "one", "compile"),
        ours("skep compile, many files", "many", "compile"),
        ours("skep check", "one", "check"),
        parse("serde_json, parse to Value", "json", "data.json"),
        parse("serde-saphyr, parse to Value", "yaml", "compose.yml"),
        parse("kdl 6, parse", "kdl", "one/skep.kdl"),
    ];
    all.extend(installed());
    all
}

impl Extent {
    fn measure(&self, rivals: Vec<Rival>, folder: &Path, recheck: &Path) -> Result<(), String> {
        let start = |rival| Measured {
            rival,
            costs: Vec::new(),
            out: None,
        };
        let mut all: Vec<Measured> = rivals.into_iter().map(start).collect();
        let mut growth = growth::Growth::default();
        for services in self.sizes {
            let project = Project::write(*services, folder)?;
            self.compare(&mut all, &project)?;
            if let Some(error) = all.first().and_then(|base| base.out.clone()) {
                return Err(error);
            }
            growth.keep(*services, &all);
            for out in all.extract_if(.., |one| one.out.is_some()) {
                println!(
                    "{} is left out from here on: {}",
                    out.rival.name,
                    out.out.unwrap_or_default()
                );
            }
            edit::show(recheck, &project)?;
        }
        growth.show();
        Ok(())
    }

    fn compare(&self, all: &mut [Measured], project: &Project) -> Result<(), String> {
        for one in all.iter_mut() {
            one.costs.clear();
        }
        for round in 0..self.rounds {
            for place in order(all.len(), round) {
                all[place].run(&project.folder);
            }
        }
        let cores = thread::available_parallelism().map_err(|error| error.to_string())?;
        let (services, rounds) = (project.services, self.rounds);
        println!("{services} services, {cores} cores, {rounds} rounds");
        show(all, "CPU", "ms", |cost| cost.cpu.as_secs_f64() * 1e3);
        show(all, "wall", "ms", |cost| cost.wall.as_secs_f64() * 1e3);
        show(all, "peak memory", "MiB", |cost| cost.peak / 1024.0);
        show_ratios(all);
        Ok(())
    }
}

/// In which order a round runs so many commands: from round to round another one begins, and another
/// one runs before each. What follows a program that frees much memory pays for it, since the kernel
/// clears it again, and on a virtual machine may first have to get it back.
fn order(commands: usize, round: usize) -> impl Iterator<Item = usize> {
    let strides = (1..commands).filter(|stride| gcd(*stride, commands) == 1);
    let stride = strides.cycle().nth(round).unwrap_or(1);
    (0..commands).map(move |nth| (round + nth * stride) % commands)
}

const fn gcd(one: usize, other: usize) -> usize {
    if other == 0 {
        one
    } else {
        gcd(other, one % other)
    }
}

impl Measured {
    /// One that fails or takes too long is out.
    fn run(&mut self, folder: &Path) {
        if self.out.is_some() {
            return;
        }
        let Rival {
            name: _,
            folder: inside,
            program,
            words,
        } = &self.rival;
        match Cost::of(&folder.join(inside), program, words) {
            Ok(cost) => {
                if cost.wall > PATIENCE {
                    self.out = Some(format!("it took more than {PATIENCE:?}"));
                }
                self.costs.push(cost);
            }
            Err(error) => self.out = Some(error),
        }
    }
}

fn show(all: &[Measured], what: &str, unit: &str, figure: impl Fn(&Cost) -> f64) {
    println!("{}", head(what));
    for one in all.iter().filter(|one| !one.costs.is_empty()) {
        let spread = Spread::of(one.costs.iter().map(&figure));
        println!("{}", spread.line(one.rival.name, unit));
    }
}

/// Round by round, so that what slowed one slowed the other.
fn show_ratios(all: &[Measured]) {
    println!("{}", head(&format!("CPU / {BASE}")));
    let Some((base, others)) = all.split_first() else {
        return;
    };
    for one in others.iter().filter(|one| !one.costs.is_empty()) {
        let of = |costs: &[Cost]| costs.iter().map(|cost| cost.cpu).collect::<Vec<_>>();
        let ratio = Spread::ratio(&of(&one.costs), &of(&base.costs));
        println!("{}", ratio.line(one.rival.name, "times"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn nobody_runs_always_after_the_same_one() {
        for commands in [1, 2, 7, 10, 11] {
            let mut before = BTreeSet::new();
            for round in 0..5 {
                let order: Vec<usize> = order(commands, round).collect();
                let each: BTreeSet<usize> = order.iter().copied().collect();
                assert_eq!(each, (0..commands).collect(), "{commands} in round {round}");
                let pairs = order.windows(2).filter(|pair| pair[1] == 0);
                before.extend(pairs.map(|pair| pair[0]));
            }
            let others = commands.saturating_sub(1);
            assert!(
                before.len() >= others.min(3),
                "{commands}: after {before:?}"
            );
        }
    }
}
