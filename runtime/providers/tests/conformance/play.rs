//! Plays the script to an engine, or to what says it is one, and writes down what came of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;
use skep_providers::model::{Answer, Ask};
use skep_schema::address::Kind;

use crate::script::{Row, Step, over, plainest, rows};
use crate::state::{self, State};

/// Answers as an engine does.
pub(crate) trait Swarm {
    fn answer(&mut self, ask: &Ask) -> Answer;
    /// Lets what is on its way arrive; true as long as something is.
    fn pass(&mut self) -> bool;
}

/// For what a call sets going to arrive, on a machine that has much else to do.
const SETTLED: Duration = Duration::from_mins(3);

/// Names of this run begin with it; both sides have it equally long.
pub(crate) const PREFIX_LENGTH: usize = 8;

/// What came of each call: the answer, and what is different afterwards.
pub(crate) fn play(swarm: &mut dyn Swarm, prefix: &str) -> Vec<String> {
    assert_eq!(prefix.len(), PREFIX_LENGTH);
    let mut play = Play {
        before: state::look(swarm, prefix, &BTreeMap::new()),
        swarm,
        prefix,
        noted: String::new(),
        names: BTreeMap::new(),
    };
    rows(prefix).iter().map(|row| play.row(row)).collect()
}

struct Play<'a> {
    swarm: &'a mut dyn Swarm,
    prefix: &'a str,
    before: State,
    noted: String,
    /// Of all objects so far, by id.
    names: BTreeMap<String, String>,
}

impl Play<'_> {
    fn row(&mut self, row: &Row) -> String {
        let mut told = format!("> {}\n", row.text);
        match &row.step {
            Step::Note(kind, name) => self.noted = self.version(*kind, name),
            Step::Wait => {}
            Step::Ask(ask) => {
                let ask = self.completed(ask);
                let answer = self.swarm.answer(&ask);
                writeln!(told, "{}", self.told(&ask, &answer)).expect("a string takes all");
            }
        }
        if row.settles {
            let begun = Instant::now();
            while self.swarm.pass() {
                assert!(begun.elapsed() < SETTLED, "{}: never settles", row.text);
            }
            let after = state::look(self.swarm, self.prefix, &self.names);
            self.names.extend(after.names());
            for line in after.since(&self.before) {
                let line = self.plain(&line);
                writeln!(told, "  {line}").expect("a string takes all");
            }
            self.before = after;
        }
        told
    }

    fn told(&self, ask: &Ask, answer: &Answer) -> String {
        let Answer { status, body } = answer;
        if let Some(message) = body.get("message").and_then(Value::as_str) {
            return format!("{status} {}", state::in_order(&self.plain(message)));
        }
        if let Ask::List { .. } = ask {
            let mut names: Vec<&str> = body
                .as_array()
                .into_iter()
                .flatten()
                .map(state::name)
                .filter(|name| name.starts_with(self.prefix))
                .collect();
            names.sort_unstable();
            return format!("{status} [{}]", self.plain(&names.join(" ")));
        }
        status.to_string()
    }

    /// Without what differs from run to run.
    fn plain(&self, text: &str) -> String {
        let mut text = text.replace(self.prefix, "@");
        for (id, name) in &self.names {
            if text.contains(id) {
                text = text.replace(id, &format!("<{}>", name.replace(self.prefix, "@")));
            }
        }
        state::without_ids(&text)
    }

    fn inspected(&mut self, kind: Kind, name: &str) -> Value {
        let name = name.to_owned();
        self.swarm.answer(&Ask::Inspect { kind, name }).body
    }

    fn version(&mut self, kind: Kind, name: &str) -> String {
        let index = &self.inspected(kind, name)["Version"]["Index"];
        index
            .as_u64()
            .map_or_else(|| "1".to_owned(), |index| index.to_string())
    }

    /// With its words replaced by what they stand for.
    fn completed(&mut self, ask: &Ask) -> Ask {
        let mut ask = ask.clone();
        match &mut ask {
            Ask::Update {
                kind,
                name,
                version,
                body,
            } => {
                *name = self.key(name);
                *version = self.meant(*kind, name, version.take());
                let there = self.inspected(*kind, name).get("Spec").cloned();
                let there = there.unwrap_or_else(|| plainest(*kind, name));
                *body = over(there, body.take());
                self.refer(body);
            }
            Ask::Rollback { name, version } => {
                *version = self.meant(Kind::Service, name, version.take());
            }
            Ask::Create { body, .. } => self.refer(body),
            Ask::Remove { name, .. } | Ask::Inspect { name, .. } => *name = self.key(name),
            Ask::List { .. } => {}
        }
        ask
    }

    fn meant(&mut self, kind: Kind, name: &str, version: Option<String>) -> Option<String> {
        match version?.as_str() {
            "now" => Some(self.version(kind, name)),
            "noted" => Some(self.noted.clone()),
            "none" => None,
            other => Some(other.to_owned()),
        }
    }

    /// `#@c` is an id, and `#@c/5` its first letters.
    fn key(&self, text: &str) -> String {
        let Some(name) = text.strip_prefix('#') else {
            return text.to_owned();
        };
        let (name, length) = name.split_once('/').unwrap_or((name, "25"));
        let length = length.parse().expect("a length is a number");
        let id = self.before.id(name);
        id.map_or_else(|| text.to_owned(), |id| id[..length].to_owned())
    }

    fn refer(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.key(text),
            Value::Array(list) => list.iter_mut().for_each(|value| self.refer(value)),
            Value::Object(map) => map.values_mut().for_each(|value| self.refer(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}
