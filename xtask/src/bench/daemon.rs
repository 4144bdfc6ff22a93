//! `cargo xtask bench daemon`: what a daemon costs that has nothing to do: processor time, memory, and
//! requests to its engine. `docs/daemon.md` has figures.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::counter::Counter;
use super::stack::Stack;

/// Stacks, and services of each.
const FLEETS: [(usize, usize); 2] = [(1, 500), (25, 20)];
/// For everything that a start brings along.
const SETTLE: Duration = Duration::from_mins(1);
/// A full look is due every five minutes.
const WATCHED: Duration = Duration::from_mins(5);
/// Until all stacks are seen to be in sync.
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) fn measure(host: &str, skep: &Path, folder: &Path) -> Result<(), String> {
    for (stacks, services) in FLEETS {
        let at = folder.join(format!("{stacks}x{services}"));
        let fleet = (0..stacks).map(|number| Stack::write_one(number, services, &at));
        let fleet: Vec<Stack> = fleet.collect::<Result<_, _>>()?;
        for stack in &fleet {
            stack.skep(skep, host, &["apply", "--yes"])?;
        }
        let watched = watch(host, skep, &at, &fleet);
        for stack in &fleet {
            stack.skep(skep, host, &["destroy", "--yes"])?;
        }
        println!("{stacks} x {services} services: {}", watched?);
    }
    Ok(())
}

/// A daemon that keeps a fleet, once all is as it should be.
fn watch(host: &str, skep: &Path, at: &Path, fleet: &[Stack]) -> Result<String, String> {
    let counter = Counter::before(host, at)?;
    let daemon = Daemon::start(skep, at, &counter.host(), fleet)?;
    daemon.until_in_sync(fleet.len())?;
    thread::sleep(SETTLE);
    let (calls, spent) = (counter.calls(), daemon.spent()?);
    thread::sleep(WATCHED);
    let (after, spent) = (counter.calls(), daemon.spent()?.saturating_sub(spent));
    let minutes = WATCHED.as_secs_f64() / 60.0;
    let each = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / minutes;
    Ok(format!(
        "{:.2} % of a core, {} MiB, {:.1} reads and {:.1} writes a minute",
        100.0 * spent.as_secs_f64() / WATCHED.as_secs_f64(),
        daemon.memory()? / 1024,
        each(after.reads - calls.reads),
        each(after.writes - calls.writes),
    ))
}

/// Ended when dropped.
struct Daemon {
    process: Child,
    socket: PathBuf,
}

impl Daemon {
    fn start(skep: &Path, at: &Path, host: &str, fleet: &[Stack]) -> Result<Self, String> {
        let socket = at.join("skep.sock");
        let mut text = format!(
            "daemon {{ state \"{}\"; listen \"{}\" }}\n",
            at.join("state").display(),
            socket.display()
        );
        for stack in fleet {
            let (name, folder) = (stack.name(), stack.folder().display());
            let line = format!(
                "stack \"{name}\" {{ directory \"{folder}\"; host \"{host}\"; apply auto; drift revert }}\n"
            );
            text.push_str(&line);
        }
        let settings = at.join("daemon.kdl");
        fs::write(&settings, text).map_err(|e| e.to_string())?;
        let log = fs::File::create(at.join("daemon.log")).map_err(|e| e.to_string())?;
        let process = Command::new(skep)
            .args(["serve", "--settings"])
            .arg(&settings)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|e| format!("cannot start the daemon: {e}"))?;
        Ok(Self { process, socket })
    }

    fn until_in_sync(&self, count: usize) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let all = self.get("/v1/stacks").unwrap_or_default();
            if all.matches("\"state\":\"in-sync\"").count() == count {
                return Ok(());
            }
            thread::sleep(Duration::from_secs(1));
        }
        Err("not all stacks got in sync".to_owned())
    }

    fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = UnixStream::connect(&self.socket)?;
        write!(stream, "GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Processor time so far, to a hundredth of a second.
    fn spent(&self) -> Result<Duration, String> {
        let stat = self.proc("stat")?;
        // What stands before is a name, which may hold anything.
        let fields = stat.rsplit(") ").next().unwrap_or_default();
        let mut ticks = fields.split(' ').skip(11).take(2);
        let mut next = || ticks.next().and_then(|field| field.parse::<u64>().ok());
        let (user, system) = next().zip(next()).ok_or("no times of the daemon")?;
        Ok(Duration::from_millis(10 * (user + system)))
    }

    /// In KiB.
    fn memory(&self) -> Result<u64, String> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| "no memory of the daemon".to_owned())
    }

    fn proc(&self, file: &str) -> Result<String, String> {
        let path = format!("/proc/{}/{file}", self.process.id());
        fs::read_to_string(&path).map_err(|e| format!("{path}: {e}"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let id = self.process.id().to_string();
        // One that ended by itself has nothing left to be told.
        drop(Command::new("kill").arg(id).status());
        drop(self.process.wait());
    }
}
