//! What it costs to check a project again in which one line changed, as an editor does.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::figures::{Spread, head};
use super::project::Project;
use crate::shell;

/// What the project is made of, the file that is edited, and what that is called.
const LAYOUTS: [(&str, &str, &str); 2] = [
    ("many", "services/000.kdl", "100 services a file"),
    ("one", "skep.kdl", "one file"),
];

/// The words that take turns.
const WORDS: [&str; 2] = ["tier=\"backend\"", "tier=\"frontend\""];

pub(super) fn show(recheck: &Path, project: &Project) -> Result<(), String> {
    println!("{}", head("one line changed, in process"));
    for (folder, file, name) in LAYOUTS {
        let mut command = Command::new(recheck);
        command
            .arg(project.folder.join(folder))
            .arg(file)
            .args(WORDS);
        let said = shell::capture(&mut command)?.stdout;
        let times = read(&String::from_utf8_lossy(&said))?;
        let Some((first, edits)) = times.split_first() else {
            return Err(format!("{} measured nothing", recheck.display()));
        };
        let first = Spread::milliseconds(&[*first]);
        println!("{}", first.line(&format!("first check, {name}"), "ms"));
        println!(
            "{}",
            Spread::milliseconds(edits).line(&format!("edit, {name}"), "ms")
        );
    }
    Ok(())
}

fn read(line: &str) -> Result<Vec<Duration>, String> {
    let numbers = line.split_whitespace().map(str::parse);
    let times = numbers.map(|number| number.map(Duration::from_micros));
    times
        .collect::<Result<_, _>>()
        .map_err(|_| format!("no times: {line}"))
}
