//! `cargo xtask test`: everything that must hold, on a machine that has nothing but cargo.

mod steps;

use std::process::Command;
use std::time::Instant;

use self::steps::{Step, Steps};
use crate::engine::Kept;
use crate::{dist, images, install, repo, shell};

// One failing crate or test does not hide the others.
const LINTS: &[&str] = &[
    "clippy",
    "--workspace",
    "--locked",
    "--quiet",
    "--keep-going",
    WITH,
];
const TESTS: &[&str] = &["test", "--workspace", "--locked", "--no-fail-fast", WITH];
/// What the program is without, unless it is asked for; the packages are built without.
const WITH: &str = "--features=skep-daemon/otel";

/// The tests that talk to an engine: `test = false` keeps them out of a plain `cargo test`.
const NEED_ENGINE: &[&str] = &["e2e", "conformance", "swarm_live"];
/// Those of `e2e` that crash managers and cut them off: they have an engine of three to themselves.
const MANAGERS: &str = "managers::";

/// What the command line asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// Without an engine and the packages: formatting, lints and the tests that need neither.
    fast: bool,
    no_install: bool,
    /// Words after `--`: only the tests whose names have one, and no lints.
    filter: Vec<String>,
}

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--fast" => options.fast = true,
                "--no-install" => options.no_install = true,
                "--" => options
                    .filter
                    .extend(words.by_ref().map(|&word| word.to_owned())),
                other => return Err(format!("`test` has no option `{other}`")),
            }
        }
        Ok(options)
    }
}

/// Runs all steps, also after one has failed, and says in the last line how it went.
pub(crate) fn command(options: &Options) -> Result<(), String> {
    let start = Instant::now();
    let mut steps = Steps::default();
    if options.filter.is_empty() {
        steps.run(Step::Format, || {
            shell::show(&mut cargo(&["fmt", "--all", "--check"]))
        });
        steps.run(Step::Lints, || {
            lint(&["--all-targets"])?;
            // No target of `--all-targets`, and that flag hides those that are named beside it.
            lint(&named(NEED_ENGINE))
        });
    }
    if options.fast {
        steps.run(Step::Tests, || without_engine(&options.filter));
    } else {
        with_engine(options, &mut steps);
    }
    println!("{}", steps.summary(start.elapsed())?);
    Ok(())
}

fn lint(targets: &[&str]) -> Result<(), String> {
    shell::show(
        cargo(LINTS)
            .args(targets)
            .args(["--", "--deny", "warnings"]),
    )
}

fn named<'t>(tests: &[&'t str]) -> Vec<&'t str> {
    tests.iter().flat_map(|test| ["--test", test]).collect()
}

fn without_engine(filter: &[String]) -> Result<(), String> {
    shell::show(cargo(TESTS).args(filter))
}

fn with_engine(options: &Options, steps: &mut Steps) {
    if !steps.run(Step::Packages, || packages(options)) {
        return;
    }
    let mut engine = None;
    steps.run(Step::Engine, || {
        engine = Some(engine_with_images()?);
        Ok(())
    });
    if let Some(engine) = engine {
        steps.run(Step::Tests, || {
            shell::show(at_engine(&engine, &mut cargo(TESTS)).args(&options.filter))
        });
        // Not as fast as a release, and built in a third of the time.
        steps.run(Step::Dist, || dist::build("dev").map(drop));
        steps.run(Step::EndToEnd, || end_to_end(&engine, &options.filter));
        steps.run(Step::TearDown, || engine.down());
    }
    if let Some(chosen) = of_managers(&options.filter) {
        steps.run(Step::Managers, || managers(&chosen));
    }
}

fn packages(options: &Options) -> Result<(), String> {
    if shell::read("id", &["--user"])? != "0" {
        return Err("an engine needs root; `cargo xtask test --fast` does without".to_owned());
    }
    let missing = install::missing();
    match (missing.is_empty(), options.no_install) {
        (true, _) => Ok(()),
        (false, true) => Err(format!("not installed: {}", missing.join(", "))),
        (false, false) => install::install(&missing),
    }
}

fn engine_with_images() -> Result<Kept, String> {
    let images = images::build()?;
    let engine = Kept::up(1)?;
    images::load(&images, &engine.host)?;
    Ok(engine)
}

/// Which tests of three managers a filter chooses; all without one.
fn of_managers(filter: &[String]) -> Option<Vec<&str>> {
    if filter.is_empty() {
        return Some(vec![MANAGERS]);
    }
    let words = filter.iter().map(String::as_str);
    let chosen: Vec<&str> = words.filter(|word| word.contains(MANAGERS)).collect();
    (!chosen.is_empty()).then_some(chosen)
}

/// On three managers, one test after the other. One small image does.
fn managers(chosen: &[&str]) -> Result<(), String> {
    let engine = Kept::up(3)?;
    let ran = images::build()
        .and_then(|images| images::load_smallest(&images, &engine.hosts()))
        .and_then(|()| {
            let tests = [TESTS, &["--test", "e2e", "--", "--test-threads", "1"]].concat();
            let mut command = cargo(&tests);
            command
                .args(chosen)
                .env("SKEP_TEST_SLOT", &engine.slot)
                .env("SKEP_XTASK", repo::this_program());
            shell::show(at_engine(&engine, &mut command))
        });
    ran.and(engine.down())
}

/// What talks to the engine. Chosen from the whole workspace, so that nothing is built a second time
/// with other features; the program under test is the one that the tests before have built.
fn end_to_end(engine: &Kept, filter: &[String]) -> Result<(), String> {
    let tests = [TESTS, &named(NEED_ENGINE)].concat();
    let apart = ["--", "--skip", MANAGERS];
    shell::show(
        at_engine(engine, &mut cargo(&tests))
            .args(filter)
            .args(apart),
    )
}

/// Tells the tests where the engine is. `DOCKER_HOST` too, lest one reach a system engine.
fn at_engine<'c>(engine: &Kept, command: &'c mut Command) -> &'c mut Command {
    command
        .env("DOCKER_HOST", &engine.host)
        .env("SKEP_TEST_DOCKER_HOST", &engine.host)
        .env("SKEP_TEST_NODE_ADDR", &engine.addresses)
        .env("SKEP_BIN", repo::target().join("debug/skep"))
        .env("SKEP_TEST_PACKAGES", repo::target().join("dist"))
}

/// Snapshots are compared and never rewritten.
fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(repo::cargo());
    command
        .args(words)
        .current_dir(repo::root())
        .env("INSTA_UPDATE", "no")
        .env("CI", "true");
    command
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn words_after_two_dashes_are_a_filter() {
        let options = Options::parse(&["--no-install", "--", "drift", "--nocapture"]);
        let filter = vec!["drift".to_owned(), "--nocapture".to_owned()];
        assert_eq!(
            options,
            Ok(Options {
                no_install: true,
                filter,
                ..Options::default()
            })
        );
    }

    #[test]
    fn the_tests_of_managers_run_when_they_are_meant() {
        let words =
            |words: &[&str]| -> Vec<String> { words.iter().map(|&w| w.to_owned()).collect() };
        assert_eq!(super::of_managers(&[]), Some(vec!["managers::"]));
        assert_eq!(super::of_managers(&words(&["drift"])), None);
        let one = words(&["drift", "managers::the_leader"]);
        assert_eq!(super::of_managers(&one), Some(vec!["managers::the_leader"]));
    }

    #[test]
    fn an_unknown_option_is_refused() {
        let refused = Options::parse(&["--fats"]);
        assert_eq!(refused, Err("`test` has no option `--fats`".to_owned()));
    }
}
