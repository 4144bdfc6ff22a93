//! The engine's side: plain HTTP on its socket.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::{Value, json};
use skep_providers::model::{Answer, Ask};
use skep_schema::address::Kind;

use crate::play::Swarm;
use crate::script::plainest;
use crate::state;

/// An engine and the objects of one run, which go when it goes.
pub(crate) struct Engine {
    socket: String,
    /// Whether any service was to have tasks.
    runs: bool,
    /// Whether one of those was written since.
    begun: bool,
    pub(crate) prefix: String,
}

impl Engine {
    pub(crate) fn under_test() -> Self {
        let host = std::env::var("SKEP_TEST_DOCKER_HOST")
            .expect("SKEP_TEST_DOCKER_HOST names the engine under test: run `cargo xtask test`");
        let socket = host
            .strip_prefix("unix://")
            .expect("the engine under test has a socket");
        Self {
            socket: socket.to_owned(),
            runs: false,
            begun: false,
            prefix: format!("cf{:05x}-", std::process::id() & 0xf_ffff),
        }
    }

    /// HTTP/1.0, so that the whole answer comes in one piece and ends the connection.
    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        self.try_send(method, path, body)
            .expect("the engine answers")
    }

    fn try_send(&self, method: &str, path: &str, body: Option<&Value>) -> io::Result<Answer> {
        let body = body.map_or_else(String::new, Value::to_string);
        let mut stream = UnixStream::connect(&self.socket)?;
        let head = format!(
            "{method} {path} HTTP/1.0\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(body.as_bytes())?;
        let mut reply = Vec::new();
        stream.read_to_end(&mut reply)?;
        let reply = String::from_utf8_lossy(&reply);
        let (head, body) = reply.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head
            .split_whitespace()
            .nth(1)
            .expect("an answer has a status");
        Ok(Answer {
            status: status.parse().expect("a status is a number"),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        })
    }

    fn list(&self, kind: Kind, filters: &Value) -> Answer {
        self.list_at(&format!("/{kind}s"), filters)
    }

    fn list_at(&self, path: &str, filters: &Value) -> Answer {
        let filters = escaped(&filters.to_string());
        self.send("GET", &format!("{path}?filters={filters}"), None)
    }

    /// Whether a service of ours is on its way to what its spec says.
    fn is_moving(&self) -> bool {
        let filters = json!({"name": [self.prefix]});
        let services = self.list(Kind::Service, &filters).body;
        let tasks = self.list_at("/tasks", &json!({})).body;
        let services = items(&services);
        services.iter().any(|service| {
            let ours = items(&tasks)
                .iter()
                .filter(|task| task["ServiceID"] == service["ID"]);
            moves(service, &ours.collect::<Vec<_>>())
                || !is_allocated(service) && !is_beaten(service, services)
        })
    }

    /// Whether a network of ours has no addresses yet.
    fn is_allocating(&self) -> bool {
        let networks = self.list(Kind::Network, &json!({"scope": ["swarm"]})).body;
        let mut networks = networks.as_array().into_iter().flatten();
        networks.any(|network| {
            state::name(network).starts_with(&self.prefix) && network["Driver"] == ""
        })
    }
}

fn moves(service: &Value, tasks: &[&Value]) -> bool {
    let status = service["UpdateStatus"]["State"].as_str();
    let wanted = service["Spec"]["Mode"]["Replicated"]["Replicas"].as_u64();
    let slots: BTreeSet<u64> = tasks
        .iter()
        .filter_map(|task| task["Slot"].as_u64())
        .collect();
    matches!(status, Some("updating" | "rollback_started"))
        || wanted.is_some_and(|wanted| (slots.len() as u64) < wanted)
        || tasks.iter().any(|task| is_on_its_way(task))
        || status.is_none() && tasks.iter().any(|task| is_of_another_spec(task, service))
}

/// Whether the engine has written down the ports and addresses that the spec asks for, which it
/// does by itself and after it has answered. What asks for neither may be left as it is.
fn is_allocated(service: &Value) -> bool {
    let (spec, there) = (&service["Spec"], &service["Endpoint"]);
    let asked = &spec["EndpointSpec"];
    let ports = items(&asked["Ports"]).len() + items(&there["Ports"]).len();
    let addresses = match asked["Mode"].as_str() {
        Some("dnsrr") => 0,
        _ => items(&spec["TaskTemplate"]["Networks"]).len(),
    };
    (ports == 0 || asked == &there["Spec"]) && items(&there["VirtualIPs"]).len() >= addresses
}

/// Whether another service has a port that the spec asks for, so that it is never allocated.
fn is_beaten(service: &Value, services: &[Value]) -> bool {
    let published = |port: &Value| (port["PublishedPort"].clone(), port["Protocol"].clone());
    let wanted = items(&service["Spec"]["EndpointSpec"]["Ports"]).iter();
    let wanted: Vec<_> = wanted.map(published).collect();
    let others = services.iter().filter(|other| other["ID"] != service["ID"]);
    let mut taken = others.flat_map(|other| items(&other["Endpoint"]["Ports"]));
    taken.any(|port| port["PublishMode"] == "ingress" && wanted.contains(&published(port)))
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Whether a task goes on as it was, although its service says something else: nobody has seen to
/// it yet.
fn is_of_another_spec(task: &Value, service: &Value) -> bool {
    let (runs, wanted) = (&task["Spec"], &service["Spec"]["TaskTemplate"]);
    task["DesiredState"] == "running" && runs["ContainerSpec"] != wanted["ContainerSpec"]
}

fn is_on_its_way(task: &Value) -> bool {
    let desired = task["DesiredState"].as_str();
    match task["Status"]["State"].as_str() {
        Some("complete" | "failed" | "shutdown" | "rejected") => false,
        Some("running") => desired != Some("running"),
        Some(_) | None => true,
    }
}

impl Swarm for Engine {
    fn answer(&mut self, ask: &Ask) -> Answer {
        self.runs |= runs(ask);
        self.begun |= self.runs && !matches!(ask, Ask::Inspect { .. } | Ask::List { .. });
        match ask {
            Ask::Create { kind, body } => {
                self.send("POST", &format!("/{kind}s/create"), Some(body))
            }
            Ask::Update {
                kind,
                name,
                version,
                body,
            } => {
                let path = format!(
                    "/{kind}s/{}/update{}",
                    escaped(name),
                    query(version.as_deref())
                );
                self.send("POST", &path, Some(body))
            }
            Ask::Rollback { name, version } => {
                let there = self.send("GET", &format!("/services/{name}"), None).body;
                let spec = there.get("Spec").cloned();
                let spec = spec.unwrap_or_else(|| plainest(Kind::Service, name));
                let version = query(version.as_deref());
                let mark = if version.is_empty() { '?' } else { '&' };
                let path = format!("/services/{name}/update{version}{mark}rollback=previous");
                self.send("POST", &path, Some(&spec))
            }
            Ask::Remove { kind, name } => {
                self.send("DELETE", &format!("/{kind}s/{}", escaped(name)), None)
            }
            Ask::Inspect { kind, name } => {
                self.send("GET", &format!("/{kind}s/{}", escaped(name)), None)
            }
            Ask::List { kind, filters } => self.list(*kind, filters),
        }
    }

    fn pass(&mut self) -> bool {
        // The orchestrator takes a moment until it shows that it has begun.
        if std::mem::take(&mut self.begun) {
            std::thread::sleep(Duration::from_millis(200));
        }
        let moving = self.is_moving() || self.is_allocating();
        if moving {
            std::thread::sleep(Duration::from_millis(50));
        }
        moving
    }
}

fn runs(ask: &Ask) -> bool {
    let (Ask::Create { body, .. } | Ask::Update { body, .. }) = ask else {
        return false;
    };
    let replicas = &body["Mode"]["Replicated"]["Replicas"];
    replicas.as_u64().is_some_and(|replicas| replicas > 0)
}

fn query(version: Option<&str>) -> String {
    version.map_or_else(String::new, |version| format!("?version={version}"))
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

impl Drop for Engine {
    fn drop(&mut self) {
        for kind in [Kind::Service, Kind::Config, Kind::Secret, Kind::Network] {
            // A network is free only when the last task is gone.
            for _ in 0..50 {
                let ids = self.ids(kind);
                if ids.is_empty() {
                    break;
                }
                for id in ids {
                    drop(self.try_send("DELETE", &format!("/{kind}s/{id}"), None));
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }
}

impl Engine {
    /// Of this run's objects; none when the engine is gone.
    fn ids(&self, kind: Kind) -> Vec<String> {
        let all = self.try_send("GET", &format!("/{kind}s"), None);
        let all = all.map_or(Value::Null, |answer| answer.body);
        let ours = all.as_array().into_iter().flatten();
        ours.filter(|object| state::name(object).starts_with(&self.prefix))
            .filter_map(|object| object.get("ID").or_else(|| object.get("Id"))?.as_str())
            .map(str::to_owned)
            .collect()
    }
}
