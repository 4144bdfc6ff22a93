//! A daemon and whoever watches it, as processes of their own.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::support::{Project, Ran};

/// Long enough for the slowest machine, and never waited for where all is well.
pub(super) const LONG: Duration = Duration::from_mins(1);

pub(super) const SPEC: &str = "project shop edition=1\nservice web { image \"app:1\" }\n";

/// A daemon that keeps a project on a model swarm; killed when dropped.
pub(super) struct Served {
    pub(super) project: Project,
    process: Child,
}

impl Served {
    /// Begins, and waits until the stack is as its spec says.
    pub(super) fn start(spec: &str) -> Self {
        let project = Project::empty();
        project.write("skep.kdl", spec);
        let served = Self {
            process: serve(project.path()),
            project,
        };
        served.until(|ran| ran.stdout.contains("in sync"));
        served
    }

    pub(super) fn kill(&mut self) {
        self.process.kill().expect("it still runs");
        self.process.wait().expect("it was started here");
    }

    /// On the same store and swarm.
    pub(super) fn start_again(&mut self) {
        self.process = serve(self.project.path());
    }

    /// Runs `skep ARGS --server ..`.
    pub(super) fn ask(&self, args: &[&str]) -> Ran {
        let server = address(&self.project);
        self.project.skep(&[args, &["--server", &server]].concat())
    }

    /// Asks how all stands until it is as wanted.
    pub(super) fn until(&self, is_so: impl Fn(&Ran) -> bool) -> Ran {
        let end = Instant::now() + LONG;
        loop {
            let ran = self.ask(&["status"]);
            if is_so(&ran) {
                return ran;
            }
            assert!(Instant::now() < end, "{ran:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have been killed by the test.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}

/// Of the daemon that keeps the project.
pub(super) fn address(project: &Project) -> String {
    let socket = project.path().join(".skep/daemon/skep.sock");
    format!("unix://{}", socket.display())
}

fn serve(folder: &Path) -> Child {
    let mut skep = skep(folder);
    skep.args(["serve", "--target", "model", "--apply", "auto"]);
    skep.stdout(Stdio::null()).stderr(Stdio::null());
    skep.spawn().expect("the daemon starts")
}

pub(super) fn skep(folder: &Path) -> Command {
    let mut skep = Command::new(env!("CARGO_BIN_EXE_skep"));
    skep.env_clear().stdin(Stdio::null());
    skep.arg("-C").arg(folder);
    skep
}

/// A command that goes on, and the lines that it writes; killed when dropped.
pub(super) struct Watcher {
    process: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
}

impl Watcher {
    pub(super) fn start(project: &Project, args: &[&str]) -> Self {
        let mut skep = skep(project.path());
        skep.args(args).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = skep.spawn().expect("it starts");
        let said = BufReader::new(process.stdout.take().expect("it is piped"));
        let (tell, lines) = channel();
        thread::spawn(move || {
            let mut said = said.lines().map_while(Result::ok);
            said.all(|line| tell.send(line).is_ok());
        });
        Self {
            process,
            lines,
            heard: Vec::new(),
        }
    }

    /// Waits for a line in which all of these are.
    pub(super) fn hear(&mut self, words: &[&str]) -> String {
        let end = Instant::now() + LONG;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).ok();
            assert!(line.is_some(), "no {words:?} in {:#?}", self.heard);
            let line = line.unwrap_or_default();
            self.heard.push(line.clone());
            if words.iter().all(|word| line.contains(word)) {
                return line;
            }
        }
    }

    /// What was heard so far.
    pub(super) fn heard(&self) -> &[String] {
        &self.heard
    }

    /// Interrupts it, and says with which code it ends.
    pub(super) fn interrupt(mut self) -> i32 {
        let id = Pid::from_child(&self.process);
        kill_process(id, Signal::INT).expect("it still runs");
        let ended = self.process.wait().expect("it was started here");
        ended.code().unwrap_or(-1)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // It may have ended.
        let _ended = self.process.kill();
        let _status = self.process.wait();
    }
}
