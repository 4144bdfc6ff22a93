//! `cargo xtask bench apply`: what an apply of unchanged services costs, beside the engine's own
//! tool in the same run. It judges nothing; `docs/promises.md` has figures. `bench compile` is in
//! [`compile`], `bench daemon` in [`daemon`], `bench lsp` in [`lsp`].

mod compile;
mod cost;
mod counter;
mod daemon;
mod edit;
mod figures;
mod growth;
mod languages;
mod lsp;
mod project;
mod rivals;
mod stack;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use self::figures::{Spread, head};
use self::stack::{Effect, Stack};
use crate::engine::Kept;
use crate::{repo, shell};

/// Each round runs everything that is compared once, so that a slow minute slows all of it.
const ROUNDS: usize = 11;

/// Services of the stacks.
const SIZES: [usize; 3] = [10, 100, 500];

/// The stacks at an engine.
struct Bench {
    host: String,
    skep: PathBuf,
    folder: PathBuf,
    stacks: Vec<Stack>,
}

pub(crate) fn command(words: &[&str]) -> Result<(), String> {
    let measure = match words {
        ["apply"] => applies,
        ["daemon"] => daemon::measure,
        ["compile", words @ ..] => return compile::command(words),
        ["lsp"] => return lsp::command(&program()?),
        ["rivals"] => return rivals::install(),
        ["alone", words @ ..] => return cost::alone(words),
        _ => {
            return Err(
                "no such benchmark; there are `apply`, `compile`, `daemon`, `lsp` and `rivals`"
                    .to_owned(),
            );
        }
    };
    let skep = program()?;
    let folder = env::temp_dir().join(format!("skep-bench-{}", std::process::id()));
    let measured = if let Ok(host) = env::var("DOCKER_HOST") {
        measure(&host, &skep, &folder)
    } else {
        let engine = Kept::up(1)?;
        let measured = measure(&engine.host, &skep, &folder);
        engine.down().and(measured)
    };
    fs::remove_dir_all(&folder)
        .map_err(|error| error.to_string())
        .and(measured)
}

/// `SKEP_BIN`, or a release build of this tree.
fn program() -> Result<PathBuf, String> {
    if let Some(given) = env::var_os("SKEP_BIN") {
        return Ok(given.into());
    }
    let build = ["build", "--release", "--locked", "--quiet", "-p", "skep"];
    shell::show(
        Command::new(repo::cargo())
            .args(build)
            .current_dir(repo::root()),
    )?;
    Ok(repo::target().join("release/skep"))
}

fn applies(host: &str, skep: &Path, folder: &Path) -> Result<(), String> {
    let stacks = SIZES.map(|services| Stack::write(services, folder));
    let bench = Bench {
        host: host.to_owned(),
        skep: skep.to_owned(),
        stacks: stacks.into_iter().collect::<Result<_, _>>()?,
        folder: folder.to_owned(),
    };
    let measured = bench.measure();
    bench.remove().and(measured)
}

impl Bench {
    fn measure(&self) -> Result<(), String> {
        println!("{}", self.machine()?);
        for stack in &self.stacks {
            self.apply(stack, &self.host)?;
            stack.docker_deploy(&self.host)?;
        }
        for stack in &self.stacks {
            self.compare_applies(stack)?;
        }
        self.compare_plans()
    }

    fn machine(&self) -> Result<String, String> {
        let ask = ["--host", &self.host, "version", "--format"];
        let engine = shell::read("docker", &[&ask[..], &["{{.Server.Version}}"]].concat())?;
        let cores = thread::available_parallelism().map_err(|error| error.to_string())?;
        Ok(format!("{cores} cores, Docker {engine}, {ROUNDS} rounds"))
    }

    fn compare_applies(&self, stack: &Stack) -> Result<(), String> {
        let (mut skep, mut docker) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            skep.push(self.apply(stack, &self.host)?);
            docker.push(stack.docker_deploy(&self.host)?);
        }
        println!(
            "{}",
            head(&format!("unchanged, {} services", stack.services))
        );
        println!("{}", Spread::milliseconds(&skep).line("skep apply", "ms"));
        println!(
            "{}",
            Spread::milliseconds(&docker).line("docker stack deploy", "ms")
        );
        println!(
            "{}",
            Spread::ratio(&docker, &skep).line("docker / skep", "times")
        );
        let skep = self.effect(|host| self.apply(stack, host))?;
        let docker = self.effect(|host| stack.docker_deploy(host))?;
        show("skep apply", &skep);
        show("docker stack deploy", &docker);
        Ok(())
    }

    fn compare_plans(&self) -> Result<(), String> {
        let mut times = SIZES.map(|_| Vec::new());
        for _ in 0..ROUNDS {
            for (stack, times) in self.stacks.iter().zip(&mut times) {
                times.push(self.plan(stack, &self.host)?);
            }
        }
        println!("{}", head("skep plan, unchanged"));
        for (services, times) in SIZES.iter().zip(&times) {
            let what = format!("{services} services");
            println!("{}", Spread::milliseconds(times).line(&what, "ms"));
        }
        let [few, .., many] = &times;
        println!(
            "{}",
            Spread::ratio(many, few).line("most / fewest", "times")
        );
        for stack in &self.stacks {
            let effect = self.effect(|host| self.plan(stack, host))?;
            show(&format!("{} services", stack.services), &effect);
        }
        Ok(())
    }

    fn effect(
        &self,
        work: impl FnOnce(&str) -> Result<Duration, String>,
    ) -> Result<Effect, String> {
        Effect::of(&self.host, &self.folder, work)
    }

    fn apply(&self, stack: &Stack, host: &str) -> Result<Duration, String> {
        stack.skep(&self.skep, host, &["apply", "--yes"])
    }

    fn plan(&self, stack: &Stack, host: &str) -> Result<Duration, String> {
        stack.skep(&self.skep, host, &["plan"])
    }

    /// Everything it made but the key that a swarm's first apply makes, which others may use by now.
    fn remove(&self) -> Result<(), String> {
        let removed = self.stacks.iter().map(|stack| {
            stack.skep(&self.skep, &self.host, &["destroy", "--yes"])?;
            stack.docker_remove(&self.host)
        });
        let removed: Vec<_> = removed.collect();
        removed.into_iter().try_for_each(|stack| stack.map(drop))
    }
}

fn show(what: &str, effect: &Effect) {
    let Effect { calls, changed } = effect;
    let (reads, writes) = (calls.reads, calls.writes);
    println!("  {what:<34} {reads} reads, {writes} writes, {changed} services changed");
}
