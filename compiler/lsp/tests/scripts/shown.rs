//! What was said, as people read it.

use serde_json::{Map, Value};

/// JSON with a line each for what is small, ranges as `line:column-line:column`, and files by their
/// name in the project.
pub(crate) fn shown(value: &Value, folder: &str) -> String {
    let value = plain(value.clone(), folder);
    let mut out = String::new();
    write(&value, 1, &mut out);
    out
}

fn plain(value: Value, folder: &str) -> Value {
    match value {
        Value::Object(map) => match range(&map) {
            Some(text) => Value::String(text),
            None => map
                .into_iter()
                .map(|(key, value)| (key.replace(folder, ""), plain(value, folder)))
                .collect(),
        },
        Value::Array(all) => all.into_iter().map(|value| plain(value, folder)).collect(),
        Value::String(text) => Value::String(text.replace(folder, "")),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn range(map: &Map<String, Value>) -> Option<String> {
    let place = |value: &Value| {
        Some(format!(
            "{}:{}",
            value.get("line")?,
            value.get("character")?
        ))
    };
    match map.len() {
        2 if map.contains_key("line") => place(&Value::Object(map.clone())),
        2 => Some(format!(
            "{}-{}",
            place(map.get("start")?)?,
            place(map.get("end")?)?
        )),
        _ => None,
    }
}

const WIDE: usize = 110;

fn write(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let whole = value.to_string();
    if whole.len() + indent.len() <= WIDE && !whole.contains("\\n") {
        out.push_str(&format!("{indent}{whole}\n"));
        return;
    }
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let line = value.to_string();
                if line.len() + indent.len() + key.len() <= WIDE && !line.contains("\\n") {
                    out.push_str(&format!("{indent}{key}: {line}\n"));
                } else {
                    out.push_str(&format!("{indent}{key}:\n"));
                    write(value, depth + 1, out);
                }
            }
        }
        Value::Array(all) => {
            for value in all {
                out.push_str(&format!("{indent}-\n"));
                write(value, depth + 1, out);
            }
        }
        Value::String(text) => {
            for line in text.lines() {
                out.push_str(format!("{indent}| {line}").trim_end());
                out.push('\n');
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            out.push_str(&format!("{indent}{whole}\n"));
        }
    }
}
