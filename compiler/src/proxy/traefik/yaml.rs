//! JSON values as YAML in its block style, strings always in double quotes.

use serde_json::Value;

pub(super) fn write(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => block(value, 0, &mut text),
        _ => {
            text.push_str(&flow(value));
            text.push('\n');
        }
    }
    text
}

/// Writes the entries of a map or list, each on lines of its own.
fn block(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                text.push_str(&"  ".repeat(depth));
                text.push_str(&self::key(key));
                text.push(':');
                nested(value, depth + 1, text);
            }
        }
        Value::Array(list) => {
            for value in list {
                text.push_str(&"  ".repeat(depth));
                text.push('-');
                item(value, depth + 1, text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&flow(value));
        }
    }
}

fn nested(value: &Value, depth: usize, text: &mut String) {
    if is_leaf(value) {
        text.push(' ');
        text.push_str(&flow(value));
        text.push('\n');
    } else {
        text.push('\n');
        block(value, depth, text);
    }
}

/// An entry of a list; a map starts on the line of its dash.
fn item(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let mut entries = String::new();
            block(value, depth, &mut entries);
            text.push(' ');
            text.push_str(entries.trim_start());
        }
        _ => nested(value, depth, text),
    }
}

fn is_leaf(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// JSON is YAML, and its strings are YAML's strings in double quotes.
///
/// Traefik reads its files as Go templates first, so `{{` must not occur anywhere.
fn flow(value: &Value) -> String {
    value.to_string().replace("{{", "{\\u007B")
}

/// Bare where no reader could take it for anything but a string.
fn key(key: &str) -> String {
    let bare = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&key.to_ascii_lowercase().as_str());
    if bare {
        key.to_owned()
    } else {
        flow(&Value::from(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn maps_and_lists_are_blocks_and_strings_are_quoted() {
        let value = json!({ "a": { "b-c": [{ "x": "1", "z": [true, 2] }, "- #"], "empty": {} }, "no": "k: v", "a.b": null });
        let text = "a:\n  b-c:\n    - x: \"1\"\n      z:\n        - true\n        - 2\n    - \"- #\"\n  empty: {}\n\
                    \"a.b\": null\n\"no\": \"k: v\"\n";
        assert_eq!(write(&value), text);
        assert_eq!(write(&json!({})), "{}\n");
    }

    #[test]
    fn nothing_in_a_value_is_a_template() {
        let text = write(&json!({ "a": "{{ env \"HOME\" }} {{{", "{{b}}": 1 }));
        assert_eq!(
            text,
            "a: \"{\\u007B env \\\"HOME\\\" }} {\\u007B{\"\n\"{\\u007Bb}}\": 1\n"
        );
    }
}
