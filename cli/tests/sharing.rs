//! Two daemons as processes, for one model swarm and with one store in PostgreSQL.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use skep_fixtures::postgres::Cluster;

const SOON: Duration = Duration::from_mins(1);
/// A lease of 45 s runs out, and is tried for every 5 s.
const TAKEOVER: Duration = Duration::from_secs(90);
const CALM: Duration = Duration::from_secs(15);

/// A daemon, killed when dropped.
struct Served {
    process: Child,
    socket: PathBuf,
}

impl Served {
    fn start(folder: &Path, name: &str, database: &str) -> Self {
        let at = |what: &str| folder.join(what).display().to_string();
        let socket = folder.join(format!("{name}.sock"));
        let text = format!(
            "daemon {{\n state \"{}\"\n store postgres=\"{database}\"\n listen \"{}\"\n}}\n\
             stack shop {{\n directory \"{}\"\n model \"{}\"\n apply auto\n every \"1h\"\n}}\n",
            at(name),
            socket.display(),
            at("project"),
            at("model.json"),
        );
        let settings = folder.join(format!("{name}.kdl"));
        std::fs::write(&settings, text).expect("the folder is ours");
        let log = File::create(folder.join(format!("{name}.log"))).expect("the folder is ours");
        let process = Command::new(env!("CARGO_BIN_EXE_skep"))
            .args(["serve", "--settings"])
            .arg(&settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        Self { process, socket }
    }

    /// What it answers, once it does.
    fn get(&self, path: &str) -> Option<Value> {
        let mut stream = UnixStream::connect(&self.socket).ok()?;
        stream.set_read_timeout(Some(SOON)).ok()?;
        let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        serde_json::from_str(body).ok()
    }

    fn until(&self, limit: Duration, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + limit;
        loop {
            let status = self.get("/v1/stacks/shop");
            if let Some(status) = status.as_ref().filter(|status| is_so(status)) {
                return status.clone();
            }
            assert!(Instant::now() < end, "{what}: {status:#?}");
            thread::sleep(Duration::from_millis(300));
        }
    }

    /// The number of the last event.
    fn events(&self) -> u64 {
        let health = self.get("/v1/health").expect("it answers");
        health["events"].as_u64().expect("a number")
    }

    fn signal(&self, name: &str) {
        let process = self.process.id().to_string();
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &process])
            .status();
        assert!(sent.expect("`kill` runs").success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Neither fails but for a process that is gone.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn describe(folder: &Path, spec: &str) {
    let text = format!("project shop edition=1\n{spec}\n");
    std::fs::write(folder.join("project/skep.kdl"), text).expect("the folder is ours");
}

fn is_in_sync(status: &Value) -> bool {
    status["state"] == "in-sync"
}

fn stands_by(status: &Value) -> bool {
    status["state"]["held"]["by"] == "standby"
}

#[test]
fn a_daemon_that_slept_writes_nothing_over_its_successor() {
    let cluster = Cluster::shared();
    let database = cluster.url(&cluster.database());
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("project")).expect("the folder is ours");
    describe(folder.path(), "network one");
    let first = Served::start(folder.path(), "first", &database);
    first.until(SOON, "the first one acts", is_in_sync);
    let second = Served::start(folder.path(), "second", &database);
    second.until(SOON, "the second one stands by", stands_by);
    first.signal("STOP");
    let slept = Instant::now();
    second.until(TAKEOVER, "the second one takes over", is_in_sync);
    println!("taken over {:?} after the stop", slept.elapsed());
    describe(folder.path(), "network one\nnetwork two");
    let is_second = |status: &Value| is_in_sync(status) && status["revision"] == 2;
    let done = second.until(SOON, "the second one goes on", is_second);
    let told = second.events();
    first.signal("CONT");
    first.until(SOON, "the first one stands by", stands_by);
    let end = Instant::now() + CALM;
    while Instant::now() < end {
        thread::sleep(Duration::from_secs(1));
        assert_eq!(second.events(), told, "nothing is told by who woke up");
    }
    let still = second.get("/v1/stacks/shop").expect("it answers");
    assert_eq!(
        (&still["revision"], &still["plan"]),
        (&done["revision"], &done["plan"])
    );
    assert_eq!(first.events(), told, "who woke up tells what the other did");
}
