//! What the tasks of a service write, as it comes.

use std::collections::BTreeMap;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::json;
use skep_engine::live::Tail;
use skep_engine::provider::ProviderError;
use skep_schema::address::Address;
use skep_schema::event::Timestamp;
use skep_schema::log::{LogLine, Stream};
use tokio::sync::mpsc;

use super::Swarm;
use super::fault::Fault;
use super::http::{Ask, Http};
use super::labels::{ADDRESS, STACK};
use super::logs::{Frames, clipped};
use super::wire::{Node, Service, Task};
use crate::secrets::Redact;

/// Lines that wait for a slow reader; then the engine has to wait.
const WAITING: usize = 256;
/// Before the first answer. A quiet program may say nothing for days.
const LIMIT: Duration = Duration::from_secs(20);

impl Swarm {
    pub(super) async fn lines(
        &self,
        address: &Address,
        tail: Tail,
    ) -> Result<mpsc::Receiver<LogLine>, ProviderError> {
        let error = |fault| self.error(fault, Some(address));
        let names = Names::read(&self.http, &self.scope.stack)
            .await
            .map_err(error)?;
        let Some(service) = self.service_id(address).await.map_err(error)? else {
            return Err(super::rejected(format!("`{address}` is not in the swarm")));
        };
        let mut ask = Ask::get(format!("/services/{service}/logs"))
            .query("stdout", "1")
            .query("stderr", "1")
            .query("timestamps", "1")
            .query("details", "1")
            .query("tail", tail.lines.to_string())
            .within(LIMIT);
        if tail.follow {
            ask = ask.query("follow", "1");
        }
        if let Some(since) = tail.since {
            ask = ask.query("since", since.to_string());
        }
        let body = self.http.stream(ask).await.map_err(error)?;
        let (tell, told) = mpsc::channel(WAITING);
        let reader = Reader {
            http: self.http.clone(),
            stack: self.scope.stack.clone(),
            redact: self.redact.clone(),
            names,
            tell,
        };
        tokio::spawn(reader.run(body));
        Ok(told)
    }

    /// The service that carries an address, by the engine's id for it.
    async fn service_id(&self, address: &Address) -> Result<Option<String>, Fault> {
        let labels = [
            format!("{STACK}={}", self.scope.stack),
            format!("{ADDRESS}={address}"),
        ];
        let ask = Ask::get("/services").filters(&json!({ "label": labels }));
        let found: Vec<Service> = self.http.json(ask).await?;
        Ok(found.into_iter().next().map(|service| service.id))
    }
}

struct Reader {
    http: Http,
    stack: String,
    redact: Redact,
    names: Names,
    tell: mpsc::Sender<LogLine>,
}

impl Reader {
    async fn run(mut self, mut body: Incoming) {
        let mut frames = Frames::default();
        loop {
            let frame = tokio::select! {
                frame = body.frame() => frame,
                () = self.tell.closed() => return,
            };
            let Some(Ok(frame)) = frame else {
                break;
            };
            let lines = frames.push(&frame.into_data().unwrap_or_default());
            if !self.tell_all(lines).await {
                return;
            }
        }
        self.tell_all(frames.rest()).await;
    }

    async fn tell_all(&mut self, lines: Vec<(Stream, Vec<u8>)>) -> bool {
        for (stream, line) in lines {
            let raw = Raw::read(&String::from_utf8_lossy(&line));
            if !self.names.tasks.contains_key(&raw.task)
                && let Ok(names) = Names::read(&self.http, &self.stack).await
            {
                self.names = names;
            }
            let line = self.line(stream, &raw);
            if self.tell.send(line).await.is_err() {
                return false;
            }
        }
        true
    }

    fn line(&self, stream: Stream, raw: &Raw) -> LogLine {
        let task = self.names.tasks.get(&raw.task);
        let node = self.names.nodes.get(&raw.node);
        LogLine {
            at: raw.at,
            task: task.map_or_else(|| raw.task.chars().take(12).collect(), Clone::clone),
            node: node.cloned().unwrap_or_default(),
            stream,
            text: clipped(&self.redact.text(&raw.text)),
        }
    }
}

/// What people call tasks and machines, by their ids.
#[derive(Default)]
struct Names {
    tasks: BTreeMap<String, String>,
    nodes: BTreeMap<String, String>,
}

impl Names {
    async fn read(http: &Http, stack: &str) -> Result<Self, Fault> {
        let ours = json!({"label": [format!("{STACK}={stack}")]});
        let services = http.json::<Vec<Service>>(Ask::get("/services").filters(&ours));
        let tasks = http.json::<Vec<Task>>(Ask::get("/tasks").filters(&ours));
        let nodes = http.json::<Vec<Node>>(Ask::get("/nodes"));
        let (services, tasks, nodes) = tokio::try_join!(services, tasks, nodes)?;
        let services: BTreeMap<&str, &str> = services
            .iter()
            .map(|service| (service.id.as_str(), service.name()))
            .collect();
        let nodes: BTreeMap<String, String> = nodes
            .into_iter()
            .map(|node| (node.id, node.description.hostname))
            .collect();
        let name = |task: &Task| {
            let service = services.get(task.service.as_str()).unwrap_or(&"");
            match task.slot {
                0 => format!("{service}.{}", nodes.get(&task.node).unwrap_or(&task.node)),
                slot => format!("{service}.{slot}"),
            }
        };
        let tasks = tasks.iter().map(|task| (task.id.clone(), name(task)));
        Ok(Self {
            tasks: tasks.collect(),
            nodes,
        })
    }
}

/// A line as the engine sends it: its time, where it comes from, and the text.
#[derive(Debug, Default, PartialEq, Eq)]
struct Raw {
    at: Timestamp,
    task: String,
    node: String,
    text: String,
}

impl Raw {
    fn read(line: &str) -> Self {
        let (time, rest) = line.split_once(' ').unwrap_or(("", line));
        let Ok(time) = time.parse::<jiff::Timestamp>() else {
            return Self {
                text: line.to_owned(),
                ..Self::default()
            };
        };
        let (origin, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let part = |key: &str| {
            let mut parts = origin.split(',').filter_map(|part| part.split_once('='));
            let found = parts.find(|(name, _)| *name == format!("com.docker.swarm.{key}.id"));
            found.map_or_else(String::new, |(_, value)| value.to_owned())
        };
        Self {
            at: Timestamp(u64::try_from(time.as_millisecond()).unwrap_or(0)),
            task: part("task"),
            node: part("node"),
            text: text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart() {
        let line = "2026-11-21T10:00:00.500000000Z com.docker.swarm.node.id=n1,\
                    com.docker.swarm.service.id=s1,com.docker.swarm.task.id=t1 hello there";
        let raw = Raw::read(line);
        assert_eq!(raw.at, Timestamp(1_795_255_200_500));
        assert_eq!((raw.task.as_str(), raw.node.as_str()), ("t1", "n1"));
        assert_eq!(raw.text, "hello there");
    }

    #[test]
    fn what_is_no_such_line_is_all_text() {
        assert_eq!(Raw::read("no time here").text, "no time here");
        assert_eq!(Raw::read("").text, "");
    }
}
