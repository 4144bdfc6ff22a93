//! Values of a plan beside those that a test names.

use std::cmp::Ordering;
use std::str::FromStr;

use skep_schema::plan::Holds;
use skep_schema::units::{Bytes, Cpu, Duration};
use skep_schema::value::Value;

/// The text of a single value.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Int(int) => Some(int.to_string()),
        Value::Text(text) => Some(text.clone()),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// Whether two spellings are one value: quantities are, whatever the unit.
pub(super) fn is_same(holds: Holds, found: &str, wanted: &str) -> bool {
    found == wanted || order(holds, found, wanted) == Some(Ordering::Equal)
}

/// Which of two numbers or quantities of one sort is more. Variables and labels are texts, whatever
/// they look like.
pub(super) fn order(holds: Holds, found: &str, wanted: &str) -> Option<Ordering> {
    match holds {
        Holds::Int => as_both::<i128>(found, wanted),
        Holds::Text | Holds::Any => as_both::<i128>(found, wanted)
            .or_else(|| as_both::<Bytes>(found, wanted))
            .or_else(|| as_both::<Duration>(found, wanted))
            .or_else(|| as_both::<Cpu>(found, wanted)),
        Holds::Entry => as_both::<i128>(found, wanted),
        Holds::Bool | Holds::OneOf(_) | Holds::List | Holds::Map => None,
    }
}

fn as_both<T: FromStr + Ord>(found: &str, wanted: &str) -> Option<Ordering> {
    let (found, wanted): (T, T) = (found.parse().ok()?, wanted.parse().ok()?);
    Some(found.cmp(&wanted))
}

/// Whether a list holds it, a map has it as a key, or a text has it in it.
pub(super) fn has(value: &Value, wanted: &str) -> bool {
    match value {
        Value::List(items) => items
            .iter()
            .any(|item| text(item).as_deref() == Some(wanted)),
        Value::Map(map) => map.contains_key(wanted),
        Value::Text(text) => text.contains(wanted),
        Value::Null | Value::Bool(_) | Value::Int(_) => false,
    }
}

/// A value as a message shows it.
pub(super) fn show(value: &Value) -> String {
    serde_json::to_string(value).expect("values are plain data")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_compared_as_such_and_texts_as_texts() {
        let of = |found, wanted| order(Holds::Text, found, wanted);
        assert_eq!(of("512MiB", "0.5GiB"), Some(Ordering::Equal));
        assert_eq!(of("90s", "1m"), Some(Ordering::Greater));
        assert_eq!(of("0.5", "750m"), Some(Ordering::Less));
        assert_eq!(of("9", "10"), Some(Ordering::Less));
        assert_eq!(of("latest", "1m"), None);
        assert!(is_same(Holds::Text, "1m", "60s"));
        assert!(!is_same(Holds::Entry, "1m", "60s"));
    }
}
