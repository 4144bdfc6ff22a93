//! One node: a daemon with namespaces of its own.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Slot, net};
use crate::shell;

/// A manager node, numbered from 1.
#[derive(Debug)]
pub(crate) struct Node {
    pub(super) slot: Slot,
    pub(super) index: u8,
    data: PathBuf,
}

impl Node {
    pub(super) fn new(slot: Slot, index: u8, data: &Path) -> Self {
        Self {
            slot,
            index,
            data: data.join(format!("n{index}")),
        }
    }

    /// Its network namespace and control group; `nN` is its host name.
    pub(super) fn name(&self) -> String {
        format!("{}-n{}", self.slot.name(), self.index)
    }

    pub(super) fn address(&self) -> String {
        self.slot.address(self.index)
    }

    /// The value of `DOCKER_HOST` that reaches it.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.run_dir().join("docker.sock").display())
    }

    pub(super) fn is_alive(&self) -> bool {
        !net::processes(&self.name()).is_empty()
    }

    /// Ends the daemon and all containers at once, for one of the killed is their PID namespace's
    /// first process, and removes the files that would keep the daemon from starting on the same data.
    pub(super) fn crash(&self) -> Result<(), String> {
        net::end_processes(&self.name())?;
        let stale = self.run_dir();
        if stale.exists() {
            fs::remove_dir_all(stale).map_err(|e| e.to_string())
        } else {
            Ok(())
        }
    }

    pub(super) fn start(&self) -> Result<Child, String> {
        self.prepare()
            .map_err(|e| format!("cannot prepare node {}: {e}", self.index))?;
        let log = self
            .open_log()
            .map_err(|e| format!("cannot write the node's log: {e}"))?;
        let error_log = log.try_clone().map_err(|e| e.to_string())?;
        // `nsenter` and not `ip netns exec`, which mounts a new /sys and so hides control groups.
        Command::new("nsenter")
            .arg(format!("--net=/run/netns/{}", self.name()))
            .args([
                "setsid",
                "unshare",
                "--uts",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
            ])
            .args(["--mount-proc", "sh", "-c", &self.script()])
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(error_log)
            .spawn()
            .map_err(|e| format!("cannot start `nsenter`: {e}"))
    }

    /// Waits until the daemon of `start` answers, or has given up.
    pub(super) fn wait_until_ready(&self, daemon: &mut Child) -> Result<(), String> {
        let mut ended = false;
        let waited = shell::wait_until(Duration::from_mins(1), "the daemon answers", || {
            ended = !matches!(daemon.try_wait(), Ok(None));
            ended || self.docker(&["version"]).is_ok()
        });
        let failure = if ended {
            Err("the daemon has ended".to_owned())
        } else {
            waited
        };
        failure.map_err(|error| format!("node {}: {error}; its log:\n{}", self.index, self.log()))
    }

    /// Runs the docker command line against this node.
    pub(crate) fn docker(&self, args: &[&str]) -> Result<String, String> {
        let mut command = Command::new("docker");
        command.args(["--host", &self.host()]).args(args);
        let output = shell::capture(&mut command)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn run_dir(&self) -> PathBuf {
        self.slot.run_dir().join(format!("n{}", self.index))
    }

    fn prepare(&self) -> std::io::Result<()> {
        fs::create_dir_all(self.run_dir())?;
        fs::create_dir_all(&self.data)?;
        fs::write(self.data.join("resolv.conf"), "nameserver 127.0.0.1\n")?;
        fs::write(self.data.join("daemon.json"), self.settings())
    }

    /// Always the same cgroup driver, because the daemon would else ask the machine's systemd,
    /// which cannot see this PID namespace.
    fn settings(&self) -> String {
        serde_json::json!({
            "data-root": self.data.join("docker"),
            "exec-root": self.run_dir().join("exec"),
            "pidfile": self.run_dir().join("docker.pid"),
            "hosts": [self.host()],
            "cgroup-parent": format!("/{}", self.name()),
            "exec-opts": ["native.cgroupdriver=cgroupfs"],
            "dns": [net::gateway(self.slot)],
            "insecure-registries": [format!("{}/24", self.slot.address(0))],
            "shutdown-timeout": 1,
        })
        .to_string()
    }

    /// The shell stays as the namespace's first process, because it reaps the orphans that a daemon
    /// would leave. The two folders in `/run` are private, because shims and plugins have their
    /// sockets there whatever the exec root is. One processor, lest the daemon start a program while
    /// it writes a config: moby #48783, see docs/dev/engines.md.
    fn script(&self) -> String {
        let data = self.data.display();
        format!(
            "set -e
             hostname n{}
             mount --bind '{data}/resolv.conf' /etc/resolv.conf
             for dir in /run/containerd /run/docker; do
               mkdir -p $dir && mount -t tmpfs none $dir
             done
             export DOCKER_SERVICE_PREFER_OFFLINE_IMAGE=1 PATH=\"$PATH:/usr/sbin:/sbin\"
             export GOMAXPROCS=1
             dockerd --config-file '{data}/daemon.json' &
             wait $!",
            self.index
        )
    }

    fn open_log(&self) -> std::io::Result<fs::File> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.data.join("log"))
    }

    fn log(&self) -> String {
        let text = fs::read_to_string(self.data.join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

/// Removes the control groups of nodes that are gone, in version 1 one tree per controller.
pub(super) fn remove_cgroups(slot: Slot) {
    let v2 = Path::new("/sys/fs/cgroup");
    let v1 = fs::read_dir(v2)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    for tree in v1.chain([v2.to_owned()]) {
        for group in fs::read_dir(tree).into_iter().flatten().flatten() {
            let name = group.file_name();
            if name
                .to_string_lossy()
                .starts_with(&format!("{}-n", slot.name()))
            {
                remove_cgroup(&group.path());
            }
        }
    }
}

/// The innermost first; one that is still busy is left to the next clean-up.
fn remove_cgroup(group: &Path) {
    for inner in fs::read_dir(group).into_iter().flatten().flatten() {
        if inner.path().is_dir() {
            remove_cgroup(&inner.path());
        }
    }
    drop(fs::remove_dir(group));
}
