//! Reading raw JSON, in which anything may be missing or `null`.

use std::collections::BTreeMap;

use serde_json::Value;

/// The value at a path such as `/Spec/Name`. Unlike a JSON pointer's its words stand for themselves,
/// and lead into objects only.
pub(crate) fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let mut words = path.split('/').skip(1);
    words.try_fold(value, |value, word| value.get(word))
}

pub(crate) fn text<'a>(value: &'a Value, path: &str) -> Option<&'a str> {
    at(value, path)?.as_str().filter(|text| !text.is_empty())
}

pub(crate) fn flag(value: &Value, path: &str) -> bool {
    at(value, path).and_then(Value::as_bool).unwrap_or(false)
}

/// A number other than 0, which is how Go spells an absent one.
pub(crate) fn number(value: &Value, path: &str) -> Option<u64> {
    at(value, path)?.as_u64().filter(|number| *number != 0)
}

pub(crate) fn list<'a>(value: &'a Value, path: &str) -> &'a [Value] {
    at(value, path)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

pub(crate) fn words(value: &Value, path: &str) -> Vec<String> {
    list(value, path)
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

pub(crate) fn texts(value: &Value, path: &str) -> BTreeMap<String, String> {
    let map = at(value, path).and_then(Value::as_object);
    let all = map.into_iter().flatten();
    all.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Members whose presence says something, even when they are empty.
///
/// A manager of Engine 20.10 crashes, and crashes again whenever it is started, when the placement
/// of a service goes while all else stays: it looks into the one that is not there.
const TELLING: [&str; 3] = ["Global", "Runtime", "Placement"];

/// Takes out what is `null`, and then what is left empty: an empty object says as little as none,
/// yet it makes a difference to the engine, which compares specs with what is written in them.
pub(crate) fn prune(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(prune);
            map.retain(|key, value| !is_empty(value) || TELLING.contains(&key.as_str()));
        }
        Value::Array(list) => list.iter_mut().for_each(prune),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
