//! Listening to a swarm: the engine's own events, and, because it tells nothing of tasks on other
//! machines, a look at the numbers of running tasks now and then.

use std::collections::BTreeMap;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;
use skep_engine::live::Stir;
use skep_schema::address::Kind;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::Swarm;
use super::fault::Fault;
use super::http::{Ask, Http};
use super::labels::STACK;
use super::wire::Service;

/// Between two looks at the numbers of running tasks.
const PULSE: Duration = Duration::from_secs(15);
/// Stirs that wait for a listener who is busy. More make it no wiser.
const WAITING: usize = 64;
/// An event is a line; none is longer.
const LONGEST: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    #[serde(rename = "Type")]
    kind: String,
    action: String,
    #[serde(default)]
    actor: Actor,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Actor {
    attributes: BTreeMap<String, String>,
}

/// The numbers of a service's tasks that run and that shall run.
type Pulse = BTreeMap<String, (u64, u64)>;

impl Swarm {
    /// Listens until nobody does, or the connection ends.
    pub(super) async fn listen(&self) -> Result<mpsc::Receiver<Stir>, Fault> {
        let kinds = ["service", "network", "secret", "config", "node"];
        let filters = json!({"type": kinds, "scope": ["swarm"]});
        let events = self.http.stream(Ask::get("/events").filters(&filters));
        let (events, pulse) = tokio::try_join!(events, pulse(&self.http, &self.scope.stack))?;
        let (tell, told) = mpsc::channel(WAITING);
        let listener = Listener {
            http: self.http.clone(),
            stack: self.scope.stack.clone(),
            pulse,
            tell,
        };
        tokio::spawn(listener.run(events));
        Ok(told)
    }
}

struct Listener {
    http: Http,
    stack: String,
    pulse: Pulse,
    tell: mpsc::Sender<Stir>,
}

impl Listener {
    async fn run(mut self, mut events: Incoming) {
        let mut lines = Vec::new();
        let mut pulses = interval_at(Instant::now() + PULSE, PULSE);
        pulses.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let goes_on = tokio::select! {
                frame = events.frame() => match frame {
                    Some(Ok(frame)) => {
                        lines.extend(frame.into_data().unwrap_or_default());
                        lines.len() <= LONGEST && self.tell_all(&mut lines).await
                    }
                    Some(Err(_)) | None => false,
                },
                _ = pulses.tick() => self.feel().await,
                () = self.tell.closed() => false,
            };
            if !goes_on {
                return;
            }
        }
    }

    /// Tells the events whose lines are whole. Nothing is told twice.
    async fn tell_all(&self, lines: &mut Vec<u8>) -> bool {
        let Some(end) = lines.iter().rposition(|byte| *byte == b'\n') else {
            return true;
        };
        let whole: Vec<u8> = lines.drain(..=end).collect();
        for line in whole.split(|byte| *byte == b'\n') {
            if let Some(stir) = read(line)
                && self.tell.send(stir).await.is_err()
            {
                return false;
            }
        }
        true
    }

    async fn feel(&mut self) -> bool {
        let Ok(now) = pulse(&self.http, &self.stack).await else {
            return false;
        };
        let then = std::mem::replace(&mut self.pulse, now);
        for stir in between(&then, &self.pulse) {
            if self.tell.send(stir).await.is_err() {
                return false;
            }
        }
        true
    }
}

/// An engine that counts no tasks gives zeros, which never change.
async fn pulse(http: &Http, stack: &str) -> Result<Pulse, Fault> {
    let ours = json!({"label": [format!("{STACK}={stack}")]});
    let ask = Ask::get("/services").filters(&ours).query("status", "true");
    let services: Vec<Service> = http.json(ask).await?;
    let count = |service: &Service| {
        let status = service.service_status.as_ref();
        status.map_or((0, 0), |status| {
            (status.running_tasks, status.desired_tasks)
        })
    };
    Ok(services
        .iter()
        .map(|service| (service.name().to_owned(), count(service)))
        .collect())
}

/// Services that come or go are told by the engine.
fn between(then: &Pulse, now: &Pulse) -> Vec<Stir> {
    let moved = now.iter().filter_map(|(name, count)| {
        let (running, desired) = count;
        (then.get(name)? != count).then(|| Stir {
            kind: Kind::Service,
            name: name.clone(),
            what: format!("{running} of {desired} running"),
        })
    });
    moved.collect()
}

fn read(line: &[u8]) -> Option<Stir> {
    let Event {
        kind,
        action,
        actor,
    } = serde_json::from_slice(line).ok()?;
    let kind = match kind.as_str() {
        "service" => Kind::Service,
        "network" => Kind::Network,
        "secret" => Kind::Secret,
        "config" => Kind::Config,
        "node" => Kind::Node,
        _ => return None,
    };
    let name = actor.attributes.get("name")?.clone();
    let state = |what: &str| actor.attributes.get(&format!("{what}.new"));
    let news = state("updatestate").or_else(|| state("state"));
    Some(Stir {
        kind,
        name,
        what: news.map_or_else(|| past(&action), Clone::clone),
    })
}

fn past(action: &str) -> String {
    match action {
        "create" => "created",
        "update" => "updated",
        "remove" => "removed",
        other => other,
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_read_and_what_is_none_is_not() {
        let line = br#"{"Type":"network","Action":"remove","Actor":{"ID":"x","Attributes":{"name":"shop_inner","driver":"overlay"}},"scope":"swarm"}"#;
        let stir = read(line).unwrap();
        assert_eq!(
            (stir.kind, stir.name.as_str(), stir.what.as_str()),
            (Kind::Network, "shop_inner", "removed")
        );
        let node = br#"{"Type":"node","Action":"update","Actor":{"Attributes":{"name":"w1","state.new":"down","state.old":"ready"}}}"#;
        assert_eq!(read(node).unwrap().what, "down");
        for line in ["", "{", r#"{"Type":"container","Action":"die"}"#] {
            assert_eq!(read(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn only_services_whose_numbers_moved_stir() {
        let pulse = |all: &[(&str, u64)]| -> Pulse {
            all.iter()
                .map(|(n, r)| ((*n).to_owned(), (*r, 2)))
                .collect()
        };
        let stirs = between(
            &pulse(&[("a", 2), ("b", 2)]),
            &pulse(&[("a", 2), ("b", 1), ("c", 0)]),
        );
        let told: Vec<_> = stirs
            .iter()
            .map(|s| (s.name.as_str(), s.what.as_str()))
            .collect();
        assert_eq!(told, [("b", "1 of 2 running")]);
    }
}
