//! A change as the smallest edit of what the engine has.
//!
//! What is the same in the old and the new form is left as it stands in the raw spec: its order, its
//! spelled-out defaults and whatever we know nothing of. A task restarts when its spec differs in
//! anything, so that a rewrite of the same would cost a restart.

use serde_json::{Map, Value};

use super::normal;

/// The name of an element of a list, for lists in which elements have one, however it is spelled.
type KeyOf = fn(&Value) -> Option<String>;

/// `raw` with everything done to it that leads from `old` to `new`.
///
/// `old` and `new` come from one writer, so that they differ in nothing but meaning.
pub(crate) fn edited(raw: &Value, old: &Value, new: &Value) -> Value {
    edit("", raw, Some(old), Some(new)).unwrap_or(Value::Null)
}

fn edit(name: &str, raw: &Value, old: Option<&Value>, new: Option<&Value>) -> Option<Value> {
    if old == new {
        return Some(raw.clone());
    }
    let empty = Value::Object(Map::new());
    match (raw, old.unwrap_or(&empty), new.unwrap_or(&empty)) {
        (Value::Object(raw), Value::Object(old), Value::Object(left)) => {
            members(raw, old, left).or_else(|| new.cloned())
        }
        (Value::Array(raw), _, _) => match key_of(name) {
            Some(key) => elements(raw, items(old), items(new), key),
            None => new.cloned(),
        },
        _ => new.cloned(),
    }
}

/// Nothing when no member is left: an empty object would be a difference to an absent one, so one
/// is written only where the new form has it.
fn members(
    raw: &Map<String, Value>,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
) -> Option<Value> {
    let mut made = Map::new();
    for (name, value) in raw {
        if let Some(value) = edit(name, value, old.get(name), new.get(name)) {
            made.insert(name.clone(), value);
        }
    }
    for (name, value) in new {
        if !raw.contains_key(name) {
            made.insert(name.clone(), value.clone());
        }
    }
    (!made.is_empty()).then_some(Value::Object(made))
}

/// Elements keep their places; new ones follow.
fn elements(raw: &[Value], old: &[Value], new: &[Value], key: KeyOf) -> Option<Value> {
    let find = |list: &'_ [Value], wanted: &Option<String>| {
        list.iter()
            .find(|item| wanted.is_some() && key(item) == *wanted)
            .cloned()
    };
    let mut made: Vec<Value> = Vec::new();
    for item in raw {
        let name = key(item);
        let (was, shall) = (find(old, &name), find(new, &name));
        if was.is_some() && shall.is_none() {
            continue;
        }
        made.extend(edit("", item, was.as_ref(), shall.as_ref()));
    }
    let known: Vec<Option<String>> = raw.iter().map(key).collect();
    made.extend(
        new.iter()
            .filter(|item| !known.contains(&key(item)))
            .cloned(),
    );
    (!made.is_empty()).then_some(Value::Array(made))
}

fn items(list: Option<&Value>) -> &[Value] {
    list.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Lists in which order means nothing to us; in all others it does.
fn key_of(name: &str) -> Option<KeyOf> {
    let key: KeyOf = match name {
        "Env" => |item| Some(item.as_str()?.split('=').next()?.to_owned()),
        "Mounts" | "Networks" => |item| text(item, "/Target"),
        "Secrets" => {
            |item| text(item, "/File/Name").map(|path| normal::path("/run/secrets/", &path))
        }
        "Configs" => |item| {
            text(item, "/File/Name")
                .map(|path| normal::path("/", &path))
                .or_else(|| text(item, "/ConfigID"))
        },
        "Ulimits" => |item| text(item, "/Name"),
        "Ports" => |item| {
            Some(format!(
                "{}/{}",
                item.get("PublishedPort")?,
                text(item, "/Protocol")?
            ))
        },
        "GenericResources" => |item| {
            text(item, "/NamedResourceSpec/Kind")
                .or_else(|| text(item, "/DiscreteResourceSpec/Kind"))
        },
        "Platforms" => |item| {
            Some(format!(
                "{}/{}",
                text(item, "/OS")?,
                text(item, "/Architecture")?
            ))
        },
        "CapabilityAdd" | "CapabilityDrop" => |item| item.as_str().map(normal::capability),
        "Constraints" => |item| item.as_str().map(normal::constraint),
        "Hosts" | "Aliases" => |item| item.as_str().map(str::to_owned),
        _ => return None,
    };
    Some(key)
}

fn text(item: &Value, pointer: &str) -> Option<String> {
    item.pointer(pointer)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_the_same_stays_as_it_stands() {
        let raw = json!({"Env": ["Z=1", "A=2", "M=3"], "Init": false, "Unknown": {"x": null}, "Labels": {}});
        let old = json!({"Env": ["A=2", "M=3", "Z=1"]});
        let new = json!({"Env": ["A=9", "B=4", "Z=1"], "User": "u"});
        let wanted = json!({
            "Env": ["Z=1", "A=9", "B=4"], "Init": false, "Unknown": {"x": null}, "Labels": {}, "User": "u",
        });
        assert_eq!(edited(&raw, &old, &new), wanted);
        assert_eq!(edited(&raw, &old, &old), raw);
    }

    #[test]
    fn an_element_changes_in_its_place_and_keeps_what_is_unknown() {
        let raw = json!({"Mounts": [
            {"Target": "/b", "Source": "b", "Type": "bind"},
            {"Target": "/a", "Source": "a", "Type": "bind", "Consistency": "default"},
        ]});
        let old =
            json!({"Mounts": [{"Target": "/a", "Source": "a"}, {"Target": "/b", "Source": "b"}]});
        let new =
            json!({"Mounts": [{"Target": "/a", "Source": "x"}, {"Target": "/b", "Source": "b"}]});
        let wanted = json!({"Mounts": [
            {"Target": "/b", "Source": "b", "Type": "bind"},
            {"Target": "/a", "Source": "x", "Type": "bind", "Consistency": "default"},
        ]});
        assert_eq!(edited(&raw, &old, &new), wanted);
    }

    #[test]
    fn what_goes_leaves_no_empty_shell() {
        let raw = json!({"Name": "a", "Resources": {"Limits": {"Pids": 3}}, "Secrets": [{"File": {"Name": "/s"}}]});
        let old = json!({"Name": "a", "Resources": {"Limits": {"Pids": 3}}, "Secrets": [{"File": {"Name": "/s"}}]});
        assert_eq!(
            edited(&raw, &old, &json!({"Name": "a"})),
            json!({"Name": "a"})
        );
    }

    #[test]
    fn an_empty_shell_that_is_wanted_stays() {
        let raw = json!({"Placement": {"Constraints": ["node.role==manager"]}});
        let new = json!({"Placement": {}});
        assert_eq!(edited(&raw, &raw, &new), new);
    }

    #[test]
    fn words_in_order_are_replaced_as_a_whole() {
        let (old, new) = (json!({"Args": ["a", "b"]}), json!({"Args": ["b"]}));
        assert_eq!(edited(&old, &old, &new), new);
    }

    #[test]
    fn a_list_the_engine_calls_null_can_be_filled() {
        let raw = json!({"Ports": null, "Mode": "vip"});
        let new = json!({"Ports": [{"PublishedPort": 80}]});
        assert_eq!(
            edited(&raw, &json!({}), &new),
            json!({"Ports": [{"PublishedPort": 80}], "Mode": "vip"})
        );
    }
}
