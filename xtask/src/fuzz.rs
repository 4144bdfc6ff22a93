//! `cargo xtask fuzz`: libFuzzer on one of the laws in `fixtures/fuzz`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{repo, shell};

/// How often a law is tried where nothing else is asked for.
const RUNS: &str = "1000000";
/// The longest input, in bytes. Longer ones reach little more and are far slower.
const LONGEST: &str = "-max_len=256";
/// The longest line that is kept, in bytes, and the longest spec that a text is grown from.
const SEED_BYTES: u64 = 700;

/// Counters at every edge, as `cargo fuzz` sets them but without looking at comparisons, which take a
/// third of the time and tell little about inputs that are decisions. All of it works on stable.
const FLAGS: &str = "-Cpasses=sancov-module \
                     -Cllvm-args=-sanitizer-coverage-level=3 \
                     -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
                     -Cllvm-args=-sanitizer-coverage-pc-table \
                     --cfg fuzzing";
/// Named, so that flags are for the targets alone and not for build scripts.
const TRIPLE: &str = "x86_64-unknown-linux-gnu";

pub(crate) fn command(words: &[&str]) -> Result<(), String> {
    match words {
        [target] => run(target, RUNS),
        [target, "--runs", runs] => run(target, runs),
        [target, "--keep"] => keep(target),
        _ => Err("say which target: `cargo xtask fuzz text [--runs N | --keep]`".to_owned()),
    }
}

/// Tries a law with inputs that reach new code, and says in the end how often.
fn run(target: &str, runs: &str) -> Result<(), String> {
    let program = built(target)?;
    let corpus = unpacked(target)?;
    let crashes = folder("crashes", target)?;
    shell::show(
        fuzzer(&program)
            .arg(format!("-runs={runs}"))
            .arg(format!("-artifact_prefix={}/", crashes.display()))
            .arg(format!("-timeout={}", limit(target)))
            .args(["-print_final_stats=1", LONGEST])
            // Both look at every feature of every input: they cost far more than the law itself.
            .args(["-entropic=0", "-reduce_inputs=0", "-len_control=0"])
            // Nobody else adds to the corpus, which is otherwise looked through every second.
            .arg("-reload=0")
            .arg(&corpus),
    )
}

/// The longest that one input may take, in seconds. What repeats a fragment to 64 KiB takes about a
/// hundredth of one where time is linear, and minutes where it is quadratic.
fn limit(target: &str) -> u32 {
    match target {
        "repeated" => 2,
        _ => 10,
    }
}

/// Writes the inputs that reach everything that any of the corpus reaches into the repository.
fn keep(target: &str) -> Result<(), String> {
    let program = built(target)?;
    let corpus = unpacked(target)?;
    let kept = folder("kept", target)?;
    shell::show(
        fuzzer(&program)
            .args(["-set_cover_merge=1", LONGEST])
            .args([&kept, &corpus]),
    )?;
    corpus_program("pack", &kept, &corpus_file(target))
}

fn fuzzer(program: &Path) -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "10"]).arg(program);
    command
}

/// The corpus as a folder, which keeps what earlier runs found until `target` is cleaned.
fn unpacked(target: &str) -> Result<PathBuf, String> {
    let corpus = folder("corpus", target)?;
    corpus_program("unpack", &corpus_file(target), &corpus)?;
    if matches!(target, "text" | "compile") {
        seed(&corpus)?;
    }
    Ok(corpus)
}

/// Copies the short specs of the catalogue of mistakes, which know all words.
fn seed(corpus: &Path) -> Result<(), String> {
    let catalogue = repo::root().join("fixtures/diagnostics");
    let entries = fs::read_dir(&catalogue).map_err(|error| failed(&catalogue, &error))?;
    for entry in entries.flatten() {
        let path = entry.path();
        let is_short = entry.metadata().is_ok_and(|about| about.len() < SEED_BYTES);
        if is_short && path.extension().is_some_and(|end| end == "kdl") {
            fs::copy(&path, corpus.join(entry.file_name()))
                .map_err(|error| failed(&path, &error))?;
        }
    }
    Ok(())
}

fn built(target: &str) -> Result<PathBuf, String> {
    let package = repo::root().join("fixtures/fuzz/targets");
    shell::show(
        Command::new(repo::cargo())
            .args(["build", "--release", "--locked", "--quiet"])
            .args(["--target", TRIPLE, "--bin", target])
            .env("RUSTFLAGS", FLAGS)
            .env("CARGO_TARGET_DIR", repo::target().join("fuzz"))
            .current_dir(package),
    )?;
    let programs = repo::target().join("fuzz").join(TRIPLE).join("release");
    Ok(programs.join(target))
}

fn corpus_file(target: &str) -> PathBuf {
    let corpus = repo::root().join("fixtures/fuzz/corpus");
    corpus.join(format!("{target}.txt"))
}

fn corpus_program(task: &str, from: &Path, to: &Path) -> Result<(), String> {
    shell::show(
        Command::new(repo::cargo())
            .args(["run", "--quiet", "--locked", "--package", "skep-fuzz"])
            .args(["--bin", "skep-fuzz-corpus", "--", task])
            .args([from, to])
            .current_dir(repo::root()),
    )
}

fn folder(of: &str, target: &str) -> Result<PathBuf, String> {
    let folder = repo::target().join("fuzz").join(of).join(target);
    fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    Ok(folder)
}

fn failed(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
