//! Files over each other, by the rules of compose.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::span::At;

use crate::yaml::{Map, Tag, Value, Yaml};

/// Lists that a later file replaces.
const REPLACED: &[&str] = &["command", "entrypoint", "test"];
/// Lists of `key=value` that are maps as well.
const PAIRS: &[&str] = &[
    "environment",
    "labels",
    "args",
    "extra_hosts",
    "sysctls",
    "annotations",
    "options",
    "driver_opts",
];
/// Lists of names that are maps as well.
const NAMES: &[&str] = &["networks", "depends_on"];

/// Lays a map over another: a file, or a service that extends one.
pub(super) fn merge(under: Map, over: Map) -> Map {
    let names = under.entries.iter().map(|(key, _)| key.value.clone());
    let index: BTreeMap<String, usize> = names.zip(0..).collect();
    let mut all: Vec<Option<(At<String>, Yaml)>> = under.entries.into_iter().map(Some).collect();
    for (key, value) in over.entries {
        let there = index.get(&key.value).map(|at| &mut all[*at]);
        let reset = value.tag == Tag::Reset;
        match there {
            Some(place) if reset => *place = None,
            Some(place) => {
                let joined = match place.take() {
                    Some((_, under)) => join(&key.value, under, value),
                    None => value,
                };
                *place = Some((key, joined));
            }
            None if reset => {}
            None => all.push(Some((key, value))),
        }
    }
    Map {
        entries: all.into_iter().flatten().collect(),
    }
}

fn join(key: &str, under: Yaml, over: Yaml) -> Yaml {
    if over.tag == Tag::Override {
        return over;
    }
    let span = over.span;
    let (under, over) = (as_map(key, under), as_map(key, over));
    match (under.value, over.value) {
        (under, Value::Null) => Yaml::new(span, under),
        (Value::Map(under), Value::Map(over)) => Yaml::new(span, Value::Map(merge(under, over))),
        (Value::List(under), Value::List(over)) if !REPLACED.contains(&key) => {
            Yaml::new(span, Value::List(lists(key, under, over)))
        }
        (_, over) => Yaml::new(span, over),
    }
}

/// A list that is a map as well, as that map.
fn as_map(key: &str, yaml: Yaml) -> Yaml {
    let (pairs, names) = (PAIRS.contains(&key), NAMES.contains(&key));
    let Value::List(items) = &yaml.value else {
        return yaml;
    };
    let scalars = items
        .iter()
        .all(|item| matches!(item.value, Value::Scalar(_)));
    if !(pairs || names) || !scalars {
        return yaml;
    }
    let mut map = Map::default();
    for item in items {
        let Value::Scalar(scalar) = &item.value else {
            continue;
        };
        let separator = if key == "extra_hosts" {
            [':', '=']
        } else {
            ['=', '=']
        };
        let (key, value) = match scalar.text.split_once(separator) {
            Some((key, value)) if pairs => (key, Yaml::text(item.span, value)),
            Some(_) | None => (scalar.text.as_str(), Yaml::new(item.span, Value::Null)),
        };
        map.put(At::new(key.to_owned(), item.span), value);
    }
    Yaml::new(yaml.span, Value::Map(map))
}

/// The second behind the first, without what the second says anew.
fn lists(key: &str, under: Vec<Yaml>, over: Vec<Yaml>) -> Vec<Yaml> {
    let new: BTreeSet<String> = over.iter().map(|item| identity(key, item)).collect();
    let kept = under
        .into_iter()
        .filter(|item| !new.contains(&identity(key, item)));
    let mut all: Vec<Yaml> = kept.collect();
    all.extend(over);
    all
}

/// What two entries of a list have in common that mean the same thing.
fn identity(key: &str, item: &Yaml) -> String {
    let part = |map: &Map, key: &str| match map.get(key).map(|found| &found.value) {
        Some(Value::Scalar(scalar)) => Some(scalar.text.clone()),
        Some(Value::Null | Value::List(_) | Value::Map(_)) | None => None,
    };
    match (&item.value, key) {
        (Value::Map(map), "ports") => {
            let port = |key| part(map, key).unwrap_or_default();
            let protocol = part(map, "protocol").unwrap_or_else(|| "tcp".to_owned());
            format!("{}:{}/{protocol}", port("published"), port("target"))
        }
        (Value::Scalar(scalar), "ports") if !scalar.text.contains('/') => {
            format!("{}/tcp", scalar.text)
        }
        (Value::Map(map), _) => {
            let named = part(map, "target").or_else(|| part(map, "source"));
            named.unwrap_or_else(|| format!("{map:?}"))
        }
        (Value::Scalar(scalar), "volumes") => {
            let mut parts = scalar.text.split(':');
            let first = parts.next().unwrap_or_default();
            parts.next().unwrap_or(first).to_owned()
        }
        (Value::Scalar(scalar), _) => scalar.text.clone(),
        (Value::Null | Value::List(_), _) => format!("{:?}", item.value),
    }
}
