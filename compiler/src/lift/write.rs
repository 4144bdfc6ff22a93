//! Text of KDL, still to be laid out.

use std::collections::BTreeMap;
use std::fmt::Display;

pub(super) use crate::edit::{quoted, string};

/// A node with its name.
pub(super) fn head(kind: &str, name: &str) -> String {
    format!("{kind} {}", string(name))
}

/// ` key=value`, or nothing.
pub(super) fn property(key: &str, value: Option<impl AsRef<str>>) -> String {
    value.map_or_else(String::new, |value| {
        format!(" {key}={}", string(value.as_ref()))
    })
}

/// A child with one text.
pub(super) fn text(key: &str, value: Option<&String>) -> Option<String> {
    value.map(|value| format!("{key} {}", string(value)))
}

/// A child with a quantity, such as a length of time.
pub(super) fn quantity(key: &str, value: Option<impl Display>) -> Option<String> {
    value.map(|value| format!("{key} {}", quoted(&value.to_string())))
}

/// A child with a number.
pub(super) fn number(key: &str, value: Option<impl Display>) -> Option<String> {
    value.map(|value| format!("{key} {value}"))
}

pub(super) fn flag(key: &str, is_set: bool) -> Option<String> {
    is_set.then(|| key.to_owned())
}

/// A child with several texts.
pub(super) fn list<'t>(key: &str, values: impl IntoIterator<Item = &'t String>) -> Option<String> {
    let words: Vec<String> = values.into_iter().map(|value| string(value)).collect();
    (!words.is_empty()).then(|| format!("{key} {}", words.join(" ")))
}

/// A child that is a map.
pub(super) fn map(key: &str, values: &BTreeMap<String, String>) -> Option<String> {
    let lines = values
        .iter()
        .map(|(key, value)| format!("{} {}", string(key), string(value)));
    block(key, lines)
}

/// A node with a block on lines of its own, unless that is empty.
pub(super) fn block(head: &str, children: impl IntoIterator<Item = String>) -> Option<String> {
    let children: Vec<String> = children.into_iter().collect();
    match children.as_slice() {
        [] => None,
        [one] if !one.contains('\n') => Some(format!("{head} {{ {one} }}")),
        many => Some(format!("{head} {{\n{}\n}}", many.join("\n"))),
    }
}

/// The same on one line.
pub(super) fn row(head: &str, children: impl IntoIterator<Item = String>) -> Option<String> {
    let children: Vec<String> = children.into_iter().collect();
    (!children.is_empty()).then(|| format!("{head} {{ {} }}", children.join("; ")))
}
