//! Reading raw JSON, in which anything may be missing or `null`.

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value
        .pointer(pointer)?
        .as_str()
        .filter(|text| !text.is_empty())
}

pub(crate) fn flag(value: &Value, pointer: &str) -> bool {
    value
        .pointer(pointer)
        .and_then(Value::as_bool)
        .unwrap_or(false)
}

/// A number other than 0, which is how Go spells an absent one.
pub(crate) fn number(value: &Value, pointer: &str) -> Option<u64> {
    value
        .pointer(pointer)?
        .as_u64()
        .filter(|number| *number != 0)
}

pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

pub(crate) fn words(value: &Value, pointer: &str) -> Vec<String> {
    list(value, pointer)
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

pub(crate) fn texts(value: &Value, pointer: &str) -> BTreeMap<String, String> {
    let map = value.pointer(pointer).and_then(Value::as_object);
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
