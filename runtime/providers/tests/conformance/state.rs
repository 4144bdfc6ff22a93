//! What is observable of a swarm's objects.

use std::collections::BTreeMap;

use serde_json::Value;
use skep_providers::model::Ask;
use skep_schema::address::Kind;

use crate::play::Swarm;
use crate::script::IMAGE;

const KINDS: [Kind; 4] = [Kind::Network, Kind::Secret, Kind::Config, Kind::Service];

/// The objects of one run, by kind and name.
pub(crate) struct State(BTreeMap<(Kind, String), Object>);

struct Object {
    id: String,
    version: u64,
    /// What it is, in a few lines.
    facts: BTreeMap<&'static str, String>,
}

/// `names` has what was there before, by id: of what is gone the engine still has the id, and the
/// model the name.
pub(crate) fn look(swarm: &mut dyn Swarm, prefix: &str, names: &BTreeMap<String, String>) -> State {
    let mut objects = BTreeMap::new();
    for kind in KINDS {
        let filters = serde_json::json!({});
        let list = swarm.answer(&Ask::List { kind, filters }).body;
        for found in list.as_array().into_iter().flatten() {
            if name(found).starts_with(prefix) {
                objects.insert((kind, name(found).to_owned()), object(kind, found));
            }
        }
    }
    let mut state = State(objects);
    let now: Vec<_> = state.names().collect();
    for object in state.0.values_mut() {
        for (id, name) in names.iter().chain(now.iter().map(|(id, name)| (id, name))) {
            for fact in object.facts.values_mut().filter(|fact| fact.contains(id)) {
                *fact = fact.replace(id, name);
            }
        }
    }
    state
}

/// Of a network, or of what has a spec.
pub(crate) fn name(object: &Value) -> &str {
    let named = object.get("Spec").unwrap_or(object);
    named["Name"].as_str().unwrap_or_default()
}

fn object(kind: Kind, found: &Value) -> Object {
    let id = found.get("ID").or_else(|| found.get("Id"));
    let facts = match kind {
        Kind::Service => service(found),
        Kind::Network => BTreeMap::from([("network", network(found))]),
        _ => BTreeMap::from([("spec", stored(&found["Spec"]))]),
    };
    Object {
        id: id.and_then(Value::as_str).unwrap_or_default().to_owned(),
        version: found["Version"]["Index"].as_u64().unwrap_or_default(),
        facts,
    }
}

fn service(found: &Value) -> BTreeMap<&'static str, String> {
    let mut facts = BTreeMap::from([("spec", spec(&found["Spec"]))]);
    if let Some(previous) = found.get("PreviousSpec") {
        facts.insert("previous", spec(previous));
    }
    if let Some(status) = found
        .get("UpdateStatus")
        .filter(|status| status["State"].is_string())
    {
        let (state, message) = (&status["State"], &status["Message"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        facts.insert("update", format!("{}: {}", text(state), text(message)));
    }
    facts
}

fn spec(spec: &Value) -> String {
    let task = &spec["TaskTemplate"];
    let container = &task["ContainerSpec"];
    let replicas = match &spec["Mode"]["Replicated"]["Replicas"] {
        Value::Null => "global".to_owned(),
        count => format!("x{count}"),
    };
    let image = container["Image"].as_str().unwrap_or_default();
    let all = [
        image.replace(IMAGE, "bb"),
        replicas,
        written("labels", &spec["Labels"]),
        written("env", &container["Env"]),
        written("constraints", &task["Placement"]["Constraints"]),
        named("networks", &task["Networks"], "Target"),
        named("configs", &container["Configs"], "ConfigName"),
        named("secrets", &container["Secrets"], "SecretName"),
        named("ports", &spec["EndpointSpec"]["Ports"], "PublishedPort"),
    ];
    let all: Vec<String> = all.into_iter().filter(|text| !text.is_empty()).collect();
    all.join(" ")
}

fn stored(spec: &Value) -> String {
    let data = spec["Data"].as_str().unwrap_or_default();
    let data = if data.len() > 40 { "long" } else { data };
    format!("{data} {}", written("labels", &spec["Labels"]))
}

fn network(network: &Value) -> String {
    let driver = network["Driver"].as_str().unwrap_or_default();
    let flags =
        ["Internal", "Attachable"].map(|flag| if network[flag] == true { flag } else { "" });
    format!(
        "{driver} {} {}",
        flags.join(" "),
        written("labels", &network["Labels"])
    )
}

fn written(what: &str, value: &Value) -> String {
    let is_empty = match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => true,
    };
    let sorted = match value {
        Value::Object(map) => serde_json::to_string(&map.iter().collect::<BTreeMap<_, _>>()),
        other => serde_json::to_string(other),
    };
    if is_empty {
        String::new()
    } else {
        format!("{what} {}", sorted.expect("JSON can be written"))
    }
}

fn named(what: &str, list: &Value, member: &str) -> String {
    let all = list.as_array().into_iter().flatten();
    let names: Vec<String> = all
        .map(|one| match &one[member] {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
        .collect();
    if names.is_empty() {
        String::new()
    } else {
        format!("{what} [{}]", names.join(", "))
    }
}

impl State {
    pub(crate) fn names(&self) -> impl Iterator<Item = (String, String)> {
        self.0
            .iter()
            .map(|((_, name), object)| (object.id.clone(), name.clone()))
    }

    /// Names are given once, also among kinds, when one is asked for its id.
    pub(crate) fn id(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|((_, named), _)| named == name);
        named.next().map(|(_, object)| object.id.as_str())
    }

    /// What differs from an earlier state, in words.
    pub(crate) fn since(&self, before: &State) -> Vec<String> {
        let mut lines = Vec::new();
        for ((kind, name), object) in &self.0 {
            let old = before.0.get(&(*kind, name.clone()));
            match old {
                None => lines.push(format!("+ {kind} {name}")),
                Some(old) if old.id != object.id => lines.push(format!("+ another {kind} {name}")),
                Some(old) if old.version < object.version => lines.push(format!("^ {kind} {name}")),
                Some(old) if old.version > object.version => lines.push(format!("v {kind} {name}")),
                Some(_) => {}
            }
            lines.extend(object.since(old));
        }
        let gone = before.0.keys().filter(|key| !self.0.contains_key(*key));
        lines.extend(gone.map(|(kind, name)| format!("- {kind} {name}")));
        lines
    }
}

impl Object {
    fn since(&self, old: Option<&Self>) -> Vec<String> {
        let nothing = BTreeMap::new();
        let old = old.map_or(&nothing, |old| &old.facts);
        let mut lines: Vec<String> = self
            .facts
            .iter()
            .filter(|(what, fact)| old.get(*what) != Some(fact))
            .map(|(what, fact)| format!("  {what}: {}", fact.trim()))
            .collect();
        let gone = old.keys().filter(|what| !self.facts.contains_key(*what));
        lines.extend(gone.map(|what| format!("  no {what}")));
        lines
    }
}

/// With ids that nobody knows, and runs of filling, made short.
pub(crate) fn without_ids(text: &str) -> String {
    let is_word = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
    let mut told = String::new();
    for part in text.split_inclusive(|letter| !is_word(letter)) {
        let word = part.trim_end_matches(|letter| !is_word(letter));
        let rest = &part[word.len()..];
        let is_id = word.len() == 25 && word.bytes().any(|byte| byte.is_ascii_digit());
        told += if is_id { "<id>" } else { word };
        told += rest;
    }
    let filling = "x".repeat(20);
    while let Some(start) = told.find(&filling) {
        let end = told[start..]
            .find(|letter| letter != 'x')
            .map_or(told.len(), |end| start + end);
        told.replace_range(start..end, "x..x");
    }
    told
}

/// Names of users, which the engine lists by id.
pub(crate) fn in_order(message: &str) -> String {
    let Some((start, names)) = message.split_once("following services: ") else {
        return message.to_owned();
    };
    let mut names: Vec<&str> = names.split(", ").collect();
    names.sort_unstable();
    format!("{start}following services: {}", names.join(", "))
}
