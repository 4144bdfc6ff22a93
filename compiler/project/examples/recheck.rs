//! Checks a project, changes one line of one of its files again and again, and prints how long each
//! check takes: what `cargo xtask bench compile` says of editors.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use skep_compiler::Memory;
use skep_compiler::source::{File, Inputs, SourceSet};
use skep_project::Project;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Edits that are timed.
const EDITS: usize = 40;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.as_slice() {
        [folder, file, from, to] => run(Path::new(folder), file, from, to),
        _ => Err("usage: recheck FOLDER FILE TEXT OTHER-TEXT".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the time of the first check, and then that of each edit's, in microseconds.
fn run(folder: &Path, file: &str, from: &str, to: &str) -> Result<(), String> {
    let project = Project::find(folder).map_err(|error| error.to_string())?;
    let mut memory = Memory::default();
    let start = Instant::now();
    let sources = project.sources(Inputs::default());
    let checked = sources.and_then(|set| project.check_with(&mut memory, set));
    let first = start.elapsed();
    let (mut set, checked) = checked.map_err(|error| error.to_string())?;
    if let Some(told) = checked.diagnostics.first() {
        return Err(format!("the project is not clean: {}", told.message));
    }
    drop(checked);
    let times = edits(&mut memory, &mut set, file, [from, to])?;
    let all = std::iter::once(first).chain(times);
    let words: Vec<String> = all.map(|time| time.as_micros().to_string()).collect();
    println!("{}", words.join(" "));
    Ok(())
}

fn edits(
    memory: &mut Memory,
    set: &mut SourceSet,
    file: &str,
    texts: [&str; 2],
) -> Result<Vec<Duration>, String> {
    let Some(File::Bytes(bytes)) = set.files.get(file).cloned() else {
        return Err(format!("there is no `{file}`"));
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if !text.contains(texts[0]) {
        return Err(format!("`{file}` has no `{}`", texts[0]));
    }
    let versions = [text.replacen(texts[0], texts[1], 1), text];
    let mut times = Vec::with_capacity(EDITS);
    for edit in 0..EDITS {
        let new = File::Bytes(versions[edit % 2].as_bytes().into());
        set.files.insert(file.to_owned(), new);
        let start = Instant::now();
        let checked = memory.check(set);
        times.push(start.elapsed());
        drop(checked);
    }
    Ok(times)
}
