//! What one command costs from start to end of its process.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use crate::shell;

/// Of one process, its own children included.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub(super) wall: Duration,
    /// User and system time.
    pub(super) cpu: Duration,
    /// The most memory that was resident at once, in KiB.
    pub(super) peak: f64,
}

impl Cost {
    /// Runs the program in `folder` through [`alone`], so that the kernel counts it apart from all
    /// others that ran before.
    pub(super) fn of(folder: &Path, program: &Path, words: &[&str]) -> Result<Self, String> {
        let this = env::current_exe().map_err(|error| error.to_string())?;
        let mut command = Command::new(this);
        command.args(["bench", "alone"]).arg(program).args(words);
        let said = shell::capture(command.current_dir(folder))?.stdout;
        Self::read(&String::from_utf8_lossy(&said))
            .ok_or_else(|| format!("no cost of {}", program.display()))
    }

    /// Microseconds, microseconds and KiB, as [`alone`] prints them.
    fn read(line: &str) -> Option<Self> {
        let numbers: Result<Vec<u64>, _> = line.split_whitespace().map(str::parse).collect();
        match numbers.ok()?[..] {
            [wall, cpu, peak] => Some(Self {
                wall: Duration::from_micros(wall),
                cpu: Duration::from_micros(cpu),
                peak: f64::from(u32::try_from(peak).ok()?),
            }),
            _ => None,
        }
    }
}

/// Runs one command, whose output goes nowhere, and prints what it cost.
pub(super) fn alone(words: &[&str]) -> Result<(), String> {
    let [program, words @ ..] = words else {
        return Err("no command to measure".to_owned());
    };
    let start = Instant::now();
    let status = Command::new(program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    let wall = start.elapsed().as_micros();
    if !status.success() {
        return Err(format!("{program} failed ({status})"));
    }
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| error.to_string())?;
    let cpu = (usage.user_time() + usage.system_time()).num_microseconds();
    println!("{wall} {cpu} {}", usage.max_rss());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_has_three_numbers() {
        let cost = Cost::read("1500 2500 64\n").expect("a cost");
        assert_eq!(cost.wall, Duration::from_micros(1500));
        assert_eq!(cost.cpu, Duration::from_micros(2500));
        assert!((cost.peak - 64.0).abs() < f64::EPSILON);
        assert!(Cost::read("1500 2500").is_none());
    }
}
