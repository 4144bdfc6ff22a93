//! The `git` program with a network, for as long and as much as one fetch may take.

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use skep_schema::module::ModuleName;

use crate::error::ProjectError;
use crate::git;

/// What of git's output is kept, in bytes.
const MOST_PRINTED: u64 = 1 << 20;

/// What of git's complaints is kept, in bytes.
const MOST_COMPLAINED: u64 = 1 << 16;

/// How often it is looked whether a limit is passed.
const LOOK: Duration = Duration::from_millis(100);

/// What one run of git may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    time: Duration,
    /// In bytes, of all that it writes into its folder. A repository is larger than the folder of it
    /// that is wanted, and the size of that is known only when all has come.
    size: u64,
}

impl Limits {
    pub(crate) const OF_A_FETCH: Self = Self {
        time: Duration::from_mins(2),
        size: 512 << 20,
    };

    /// A question that changes nothing here.
    pub(crate) const OF_A_QUESTION: Self = Self {
        time: Duration::from_secs(30),
        ..Self::OF_A_FETCH
    };

    pub(crate) const fn size(self) -> u64 {
        self.size
    }
}

/// Runs git with the ways to a repository open that the grammar of [`ModuleName`] knows. Nobody is asked
/// for a login, and no program but ssh is started. What git prints is handed back, up to a megabyte of it.
///
/// # Errors
/// There is no git, or it passed a limit. The inner error is what git complained of.
pub(crate) fn run(
    folder: &Path,
    args: &[&str],
    name: &ModuleName,
    limits: Limits,
) -> Result<Result<Vec<u8>, String>, ProjectError> {
    let mut git = command(folder);
    let mut child = git.args(args).spawn().map_err(ProjectError::NoGit)?;
    let printed = said(child.stdout.take(), MOST_PRINTED);
    let complaints = said(child.stderr.take(), MOST_COMPLAINED);
    let complained = match within(limits, folder, name, &complaints) {
        Ok(complained) => complained,
        Err(error) => {
            kill(&mut child);
            return Err(error);
        }
    };
    let status = child.wait().map_err(ProjectError::NoGit)?;
    Ok(if status.success() {
        Ok(printed.recv_timeout(LOOK).unwrap_or_default())
    } else {
        Err(git::complaint(&complained))
    })
}

fn command(folder: &Path) -> Command {
    let mut git = git::command(folder);
    for way in ["https", "ssh", "file"] {
        git.args(["-c", &format!("protocol.{way}.allow=always")]);
    }
    for setting in ["credential.helper=", "gc.auto=0", "maintenance.auto=false"] {
        git.args(["-c", setting]);
    }
    // A shared connection would stay behind, and keep what is waited for open.
    let ssh = "ssh -oBatchMode=yes -oConnectTimeout=20 -oControlMaster=no";
    git.env("GIT_SSH_COMMAND", ssh);
    for name in [
        "HOME",
        "SSH_AUTH_SOCK",
        "https_proxy",
        "HTTPS_PROXY",
        "no_proxy",
        "NO_PROXY",
    ] {
        if let Some(value) = std::env::var_os(name) {
            git.env(name, value);
        }
    }
    // So that what it starts can be ended with it.
    git.process_group(0);
    git
}

/// What git says, when it and all that it started have ended.
fn said(pipe: Option<impl Read + Send + 'static>, most: u64) -> Receiver<Vec<u8>> {
    let (send, all) = mpsc::channel();
    std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(mut pipe) = pipe {
            drop(pipe.by_ref().take(most).read_to_end(&mut said));
            // What is too much is not kept, but read: git would wait for ever.
            drop(std::io::copy(&mut pipe, &mut std::io::sink()));
        }
        drop(send.send(said));
    });
    all
}

fn within(
    limits: Limits,
    folder: &Path,
    name: &ModuleName,
    complaints: &Receiver<Vec<u8>>,
) -> Result<Vec<u8>, ProjectError> {
    let end = Instant::now() + limits.time;
    loop {
        match complaints.recv_timeout(LOOK) {
            Ok(said) => return Ok(said),
            Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if Instant::now() >= end {
            return Err(ProjectError::Slow {
                module: name.to_string(),
                seconds: limits.time.as_secs(),
            });
        }
        if size(folder) > limits.size {
            return Err(ProjectError::RepositoryTooLarge {
                module: name.to_string(),
                mib: limits.size >> 20,
            });
        }
    }
}

/// What lies in a folder and its folders, in bytes. What goes away meanwhile counts nothing.
pub(crate) fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => size(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

fn kill(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It may have ended by itself.
        let _ = kill_process_group(group, Signal::KILL);
    }
    drop(child.kill());
    drop(child.wait());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(
        folder: &Path,
        script: &str,
        limits: Limits,
    ) -> Result<Result<Vec<u8>, String>, ProjectError> {
        let name = ModuleName::checked("/parts", "v1", "").expect("it can be asked");
        let alias = format!("alias.script=!{script}");
        run(folder, &["-c", &alias, "script"], &name, limits)
    }

    #[test]
    fn a_fetch_that_hangs_is_given_up_with_all_that_it_started() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let limits = Limits {
            time: Duration::from_millis(50),
            ..Limits::OF_A_FETCH
        };
        let script = "echo $$ >pid; sleep 1000 & wait";
        let slow = ran(folder.path(), script, limits);
        assert!(matches!(slow, Err(ProjectError::Slow { .. })), "{slow:?}");
        let pid = std::fs::read_to_string(folder.path().join("pid")).expect("it began");
        let stat = Path::new("/proc").join(pid.trim()).join("stat");
        let lives = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z "));
        let end = Instant::now() + Duration::from_secs(10);
        while lives() && Instant::now() < end {
            std::thread::sleep(LOOK);
        }
        assert!(!lives(), "{pid} was not killed");
    }

    #[test]
    fn a_fetch_that_writes_without_end_is_given_up() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let limits = Limits {
            size: 1 << 20,
            ..Limits::OF_A_FETCH
        };
        let script = "dd if=/dev/zero of=pack bs=1M count=2 status=none; sleep 1000";
        let large = ran(folder.path(), script, limits);
        let is_told = matches!(large, Err(ProjectError::RepositoryTooLarge { mib: 1, .. }));
        assert!(is_told, "{large:?}");
    }

    #[test]
    fn what_git_complains_of_is_passed_on() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let no = ran(folder.path(), "echo no >&2; exit 1", Limits::OF_A_FETCH);
        assert_eq!(no.expect("git ran"), Err("no".to_owned()));
    }
}
