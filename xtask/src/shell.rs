//! Runs other programs; a failure names the program and what it said.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

/// Runs a program silently and returns what it wrote to standard output, trimmed.
pub(crate) fn read<S: AsRef<OsStr>>(program: &str, args: &[S]) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(args);
    let output = capture(&mut command)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a command silently; one that fails is an error with its last words.
pub(crate) fn capture(command: &mut Command) -> Result<Output, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start {}: {error}", line(command)))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{} failed ({}): {}",
        line(command),
        output.status,
        said.trim()
    ))
}

/// Runs a command whose output the user sees.
pub(crate) fn show(command: &mut Command) -> Result<(), String> {
    let status = command
        .status()
        .map_err(|error| format!("cannot start {}: {error}", line(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed ({status})", line(command)))
    }
}

/// A program's full path, looked up as a shell would and in the administrator's folders too.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Asks `ready` every 20 ms until it says yes; the error names what was waited for.
pub(crate) fn wait_until(
    limit: Duration,
    what: &str,
    mut ready: impl FnMut() -> bool,
) -> Result<(), String> {
    let start = Instant::now();
    while !ready() {
        if start.elapsed() > limit {
            return Err(format!("waited {limit:?} in vain until {what}"));
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// A process told apart from a later one with the same number by the time it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// Clock ticks since boot, field 22 of `/proc/PID/stat`.
    pub(crate) started: u64,
}

impl Process {
    /// The process that has this number now, unless it has ended (a zombie has).
    pub(crate) fn now(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (_, fields) = stat.rsplit_once(") ")?;
        let mut fields = fields.split(' ');
        if fields.next()? == "Z" {
            return None;
        }
        let started = fields.nth(18)?.parse().ok()?;
        Some(Self { pid, started })
    }

    pub(crate) fn is_alive(self) -> bool {
        Self::now(self.pid) == Some(self)
    }
}

/// Ends a process at once. One that has ended already is no error.
pub(crate) fn kill(pid: &str) {
    drop(read("sh", &["-c", &format!("kill -9 {pid}")]));
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    format!("`{}`", words.join(" "))
}
