//! The script as data: one call a line.
//!
//! ```text
//! create service @web {"Mode": {"Global": {}}}     over the plainest body that works
//! update service @web now {"Labels": {"a": "b"}}   over the spec that is there
//! rollback service @web now
//! remove config @c
//! inspect network @n
//! list secret {"label": ["a=b"]}
//! note service @web                                its version, for `noted`
//! wait
//! ```
//!
//! `@` begins a name of this run's own, `#@c` is the id of the object `@c`, and a text that ends
//! in `~N` is filled up to N letters. `Data` is written as text, or as `raw:` what goes over the
//! wire. A version is `now`, `noted`, `none`, or what it is. After a line that begins with `!`
//! the engine is given no time to come to rest.

use serde_json::{Value, json};
use skep_providers::model::Ask;
use skep_schema::address::Kind;
use skep_schema::plan::Content;

const SCRIPT: &str = include_str!("script.txt");
pub(crate) const IMAGE: &str = "skep-test/busybox:1";

pub(crate) struct Row {
    pub(crate) text: &'static str,
    pub(crate) step: Step,
    /// Whether what is on its way shall arrive before the next call.
    pub(crate) settles: bool,
}

pub(crate) enum Step {
    /// A version in it may be a word; its body lies over what is there already.
    Ask(Ask),
    Note(Kind, String),
    Wait,
}

/// All calls, with `@` as `prefix`.
pub(crate) fn rows(prefix: &str) -> Vec<Row> {
    let lines = SCRIPT.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
        .map(|text| row(text, prefix))
        .collect()
}

fn row(text: &'static str, prefix: &str) -> Row {
    let line = text.strip_prefix('!');
    let (words, body) = split(line.unwrap_or(text), prefix);
    let mut words = words.iter().map(String::as_str);
    let mut word = || words.next().unwrap_or_default();
    let (verb, kind) = (word(), word());
    let kind = || Kind::parse(kind).expect("the second word is a kind");
    let mut name = || filled(word());
    let step = match verb {
        "create" => {
            let (kind, name) = (kind(), name());
            let body = over(plainest(kind, &name), body);
            Step::Ask(Ask::Create { kind, body })
        }
        "update" => Step::Ask(Ask::Update {
            kind: kind(),
            name: name(),
            version: Some(word().to_owned()),
            body,
        }),
        "rollback" => Step::Ask(Ask::Rollback {
            name: name(),
            version: Some(word().to_owned()),
        }),
        "remove" => Step::Ask(Ask::Remove {
            kind: kind(),
            name: name(),
        }),
        "inspect" => Step::Ask(Ask::Inspect {
            kind: kind(),
            name: name(),
        }),
        "list" => Step::Ask(Ask::List {
            kind: kind(),
            filters: body,
        }),
        "note" => Step::Note(kind(), name()),
        other => {
            assert_eq!(other, "wait", "in `{text}`");
            Step::Wait
        }
    };
    Row {
        text,
        step,
        settles: line.is_none(),
    }
}

/// The words of a line and its JSON; a word may be `""`.
fn split(line: &str, prefix: &str) -> (Vec<String>, Value) {
    let (words, body) = match line.find('{') {
        Some(start) => line.split_at(start),
        None => (line, "{}"),
    };
    let words = words.split_whitespace();
    let words = words.map(|word| word.replace('@', prefix).replace("\"\"", ""));
    let mut body: Value =
        serde_json::from_str(&body.replace('@', prefix)).expect("what stands in braces is JSON");
    fill(&mut body);
    (words.collect(), body)
}

fn fill(value: &mut Value) {
    match value {
        Value::String(text) => *text = filled(text),
        Value::Array(list) => list.iter_mut().for_each(fill),
        Value::Object(map) => {
            map.values_mut().for_each(fill);
            if let Some(Value::String(data)) = map.get_mut("Data") {
                *data = data
                    .strip_prefix("raw:")
                    .map_or_else(|| Content::encode(data.as_bytes()), str::to_owned);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn filled(text: &str) -> String {
    let filled = text.rsplit_once('~').and_then(|(start, length)| {
        let length: usize = length.parse().ok()?;
        Some(start.to_owned() + &"x".repeat(length.saturating_sub(start.len())))
    });
    filled.unwrap_or_else(|| text.to_owned())
}

/// The least that works.
pub(crate) fn plainest(kind: Kind, name: &str) -> Value {
    match kind {
        Kind::Config | Kind::Secret => json!({"Name": name, "Data": Content::encode(b"x")}),
        Kind::Network => json!({"Name": name, "Driver": "overlay", "CheckDuplicate": true}),
        Kind::Service => json!({
            "Name": name,
            "TaskTemplate": {"ContainerSpec": {"Image": IMAGE, "Args": ["sleep", "100000"], "StopGracePeriod": 0}},
            "Mode": {"Replicated": {"Replicas": 0}},
            "EndpointSpec": {"Mode": "dnsrr"},
        }),
        other => unreachable!("nothing is asked of the engine about a {other}"),
    }
}

/// `patch` on top of `base`; a `null` takes away.
pub(crate) fn over(mut base: Value, patch: Value) -> Value {
    match (base.as_object_mut(), patch) {
        (Some(map), Value::Object(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    map.remove(&key);
                } else {
                    let old = map.remove(&key).unwrap_or(Value::Null);
                    map.insert(key, over(old, value));
                }
            }
            base
        }
        (None, Value::Object(patch)) => over(json!({}), Value::Object(patch)),
        (_, patch) => patch,
    }
}
