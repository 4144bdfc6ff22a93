//! One stack on the engine under test, and all that a test does to it.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use skep_engine::apply::Limits;
use skep_engine::drive::{Look, Watch, drive, look};
use skep_engine::provider::{Kept, Provider};
use skep_providers::secrets::{SecretBytes, Secrets};
use skep_providers::swarm::{Endpoint, Scope, Swarm};
use skep_schema::address::Address;
use skep_schema::event::{ApplyReport, NodeOutcome, Outcome, Timestamp};
use skep_schema::inventory::Failure;
use skep_schema::plan::{
    Config, Content, Need, Network, Origin, Payload, Plan, PlanNode, Secret, Service, Target,
};
use skep_schema::units::Duration;

pub(crate) const BUSYBOX: &str = "skep-test/busybox:1";

/// A stack of its own; whatever is left of it goes when the test ends.
pub(crate) struct Lab {
    pub(crate) stack: String,
    pub(crate) host: String,
}

impl Lab {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let host = std::env::var("SKEP_TEST_DOCKER_HOST")
            .expect("SKEP_TEST_DOCKER_HOST names the engine under test: run `cargo xtask test`");
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            stack: format!("live-{}-{number}", std::process::id()),
            host,
        }
    }

    pub(crate) async fn swarm(&self) -> Swarm {
        self.swarm_with(Secrets::default()).await
    }

    pub(crate) async fn swarm_with(&self, secrets: Secrets) -> Swarm {
        self.connect(&self.host, secrets).await
    }

    /// Through another socket.
    pub(crate) async fn swarm_at(&self, host: &str) -> Swarm {
        self.connect(host, Secrets::default()).await
    }

    async fn connect(&self, host: &str, secrets: Secrets) -> Swarm {
        let endpoint = Endpoint::choose(Some(host), None).expect("it is an address");
        let scope = Scope {
            stack: self.stack.clone(),
        };
        Swarm::connect(endpoint, scope, secrets)
            .await
            .expect("the engine answers")
    }

    /// What the engine answers to a GET.
    pub(crate) fn ask(&self, path: &str) -> serde_json::Value {
        self.request("GET", path, "").1
    }

    /// One request, whatever becomes of it: the line with the status, and what was said.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> (String, serde_json::Value) {
        use std::io::{Read as _, Write as _};
        let socket = self.host.strip_prefix("unix://").expect("a socket");
        let mut wire = std::os::unix::net::UnixStream::connect(socket).expect("the engine listens");
        let length = body.len();
        let head = format!("Content-Type: application/json\r\nContent-Length: {length}");
        write!(wire, "{method} {path} HTTP/1.0\r\n{head}\r\n\r\n{body}")
            .expect("the engine listens");
        let mut answer = String::new();
        wire.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head ends");
        let status = head.lines().next().unwrap_or_default().to_owned();
        (
            status,
            serde_json::from_str(body).expect("the engine writes JSON"),
        )
    }

    /// The minor version of the API that is spoken.
    pub(crate) fn minor(&self) -> u32 {
        let api = self.api();
        let minor = api.strip_prefix("1.").and_then(|minor| minor.parse().ok());
        minor.expect("the API has a version")
    }

    /// The API version that is spoken: the engine's newest, as far as it is known.
    pub(crate) fn api(&self) -> String {
        self.docker(&["version", "--format", "{{.Server.APIVersion}}"])
    }

    /// The same as [`Self::docker`], for later and for elsewhere.
    pub(crate) fn by_hand(&self, args: &[&str]) -> impl FnOnce() + Send + 'static {
        let mut command = Command::new("docker");
        command.args(["--host", &self.host]).args(args);
        move || {
            let output = command.output().expect("docker runs");
            assert!(output.status.success(), "{command:?}: {output:?}");
        }
    }

    /// A physical name of this stack.
    pub(crate) fn name(&self, name: &str) -> String {
        format!("{}_{name}", self.stack)
    }

    /// A service that sleeps, and ends at once when it is told to.
    pub(crate) fn sleeper(&self, name: &str) -> Service {
        self.shell(name, "sleep 100000")
    }

    /// A service whose tasks end. A busy machine says of them for seconds that they run: they are
    /// watched for longer than that.
    pub(crate) fn ending(&self, name: &str, script: &str) -> Service {
        let mut service = self.shell(name, script);
        service.update.monitor = Some(Duration::seconds(6));
        service
    }

    pub(crate) fn shell(&self, name: &str, script: &str) -> Service {
        let mut service = Service {
            name: self.name(name),
            image: BUSYBOX.to_owned(),
            command: ["sh", "-c", script].map(str::to_owned).to_vec(),
            replicas: Some(1),
            ..Service::default()
        };
        service.stop.grace = Some(Duration(0));
        service.restart.delay = Some(Duration::milliseconds(300));
        service.update.monitor = Some(Duration::seconds(2));
        service
    }

    /// A plan in which a node needs what its payload names.
    pub(crate) fn plan(&self, nodes: impl IntoIterator<Item = (Address, Payload)>) -> Plan {
        let node = |(address, payload): (Address, Payload)| {
            let node = PlanNode::new(&address, Target::Swarm, payload, Origin::default());
            (address, node)
        };
        let mut nodes: BTreeMap<Address, PlanNode> = nodes.into_iter().map(node).collect();
        let holders: BTreeMap<String, Address> = nodes
            .iter()
            .filter_map(|(address, node)| {
                Some((node.payload.physical_name()?.to_owned(), address.clone()))
            })
            .collect();
        for node in nodes.values_mut() {
            for (_, name) in node.payload.references() {
                if let Some(holder) = holders.get(name) {
                    node.needs.insert(holder.clone(), Need::Exists);
                }
            }
        }
        Plan::new(&self.stack, None, nodes)
    }

    pub(crate) async fn apply(&self, swarm: &Swarm, plan: &Plan) -> ApplyReport {
        swarm.prepare().await.expect("the key can be made");
        let Look {
            plan,
            changes,
            taken,
            ..
        } = look(swarm, plan).await.expect("the swarm can be read");
        assert!(taken.is_empty(), "{taken:?}");
        self.drive(swarm, &plan, &changes).await
    }

    pub(crate) async fn drive(
        &self,
        swarm: &Swarm,
        plan: &Plan,
        changes: &skep_schema::change::ChangeSet,
    ) -> ApplyReport {
        let (_quiet, mut cancel) = tokio::sync::mpsc::channel(1);
        let limits = Limits {
            deadline: 60_000,
            poll: 200,
            ..Limits::default()
        };
        let watch = Watch {
            start: Timestamp(0),
            cancel: &mut cancel,
            tell: &mut |_, _| {},
            kept: &Kept::new(),
        };
        drive(swarm, plan, changes, limits, watch).await
    }

    /// Applies, and everything arrives.
    pub(crate) async fn arrive(&self, swarm: &Swarm, plan: &Plan) {
        let report = self.apply(swarm, plan).await;
        assert_eq!(report.outcome, Outcome::Done, "{report:#?}");
    }

    /// Applies, and this node fails.
    pub(crate) async fn fail(&self, swarm: &Swarm, plan: &Plan, address: &str) -> Failure {
        let report = self.apply(swarm, plan).await;
        let failure = match report.nodes.get(&at(address)) {
            Some(NodeOutcome::Failed(failure)) => Some(failure.clone()),
            Some(_) | None => None,
        };
        failure.unwrap_or_else(|| unreachable!("{address} did not fail: {report:?}"))
    }

    /// Runs the docker command line against the engine.
    pub(crate) fn docker(&self, args: &[&str]) -> String {
        let output = Command::new("docker")
            .args(["--host", &self.host])
            .args(args)
            .output()
            .expect("docker runs");
        assert!(
            output.status.success(),
            "docker {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(crate) fn inspect(&self, kind: &str, name: &str) -> serde_json::Value {
        let text = self.docker(&[kind, "inspect", name]);
        let mut all: Vec<serde_json::Value> =
            serde_json::from_str(&text).expect("docker writes JSON");
        all.pop().expect("one object was asked for")
    }

    /// The version index of a service, which every write moves.
    pub(crate) fn version(&self, name: &str) -> u64 {
        self.inspect("service", &self.name(name))["Version"]["Index"]
            .as_u64()
            .expect("a version is a number")
    }

    /// Ids of a service's running tasks.
    pub(crate) fn tasks(&self, name: &str) -> Vec<String> {
        let filter = format!("name={}", self.name(name));
        let args = [
            "ps",
            "--quiet",
            "--no-trunc",
            "--filter",
            &filter,
            "--format",
            "{{.ID}}",
        ];
        let mut ids: Vec<String> = self.docker(&args).lines().map(str::to_owned).collect();
        ids.sort();
        ids
    }

    /// Waits for what the engine does in its own time.
    #[expect(clippy::unused_self, reason = "it is the lab that waits")]
    pub(crate) fn wait_until(&self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = std::time::Instant::now() + std::time::Duration::from_mins(2);
        while !is_so() {
            assert!(std::time::Instant::now() < deadline, "in vain: {what}");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }

    /// Names of this stack's objects of a kind.
    pub(crate) fn names(&self, kind: &str) -> Vec<String> {
        let filter = format!("label=skep.stack={}", self.stack);
        let text = self.docker(&[kind, "ls", "--filter", &filter, "--format", "{{.Name}}"]);
        let mut names: Vec<String> = text.lines().map(str::to_owned).collect();
        names.sort();
        names
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for kind in ["service", "config", "secret", "network", "volume"] {
            for filter in [
                format!("label=skep.stack={}", self.stack),
                format!("name={}", self.stack),
            ] {
                for _ in 0..20 {
                    let list = Command::new("docker")
                        .args([
                            "--host", &self.host, kind, "ls", "--quiet", "--filter", &filter,
                        ])
                        .output();
                    let ids = list
                        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
                        .unwrap_or_default();
                    let ids: Vec<&str> = ids.split_whitespace().collect();
                    if ids.is_empty() {
                        break;
                    }
                    drop(
                        Command::new("docker")
                            .args(["--host", &self.host, kind, "rm"])
                            .args(ids)
                            .output(),
                    );
                    std::thread::sleep(std::time::Duration::from_millis(200));
                }
            }
        }
    }
}

pub(crate) fn at(address: &str) -> Address {
    address.parse().expect("an address")
}

pub(crate) fn service(name: &str, service: Service) -> (Address, Payload) {
    (
        at(&format!("service.{name}")),
        Payload::Service(Box::new(service)),
    )
}

pub(crate) fn network(name: &str, network: Network) -> (Address, Payload) {
    (at(&format!("network.{name}")), Payload::Network(network))
}

pub(crate) fn secret(name: &str, secret: Secret) -> (Address, Payload) {
    (at(&format!("secret.{name}")), Payload::Secret(secret))
}

pub(crate) fn config(name: &str, physical: String, text: &str) -> (Address, Payload) {
    let content = Some(Content::Text(text.to_owned()));
    let config = Config {
        name: physical,
        content,
        labels: BTreeMap::new(),
        external: false,
    };
    (at(&format!("config.{name}")), Payload::Config(config))
}

pub(crate) fn values(all: &[(&str, &str)]) -> Secrets {
    all.iter()
        .fold(Secrets::default(), |secrets, (name, value)| {
            secrets.with(
                at(&format!("secret.{name}")),
                SecretBytes::new(value.as_bytes().to_vec()),
            )
        })
}
