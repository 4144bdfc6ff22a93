//! Texts in the spelling of a stack file.

use skep_schema::units::{Bytes, Duration};

use crate::export::text::largest;
use crate::export::yaml::{Map, Yaml};

const TIMES: &[(&str, u64)] = &[
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

const SIZES: &[(&str, u64)] = &[("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10), ("b", 1)];

/// In units that Go knows, which has no days.
pub(super) fn time(time: Duration) -> String {
    largest(time.0, TIMES).unwrap_or_else(|| "0s".to_owned())
}

/// In docker's units, which are powers of 1024.
pub(super) fn size(size: Bytes) -> String {
    largest(size.0, SIZES).unwrap_or_else(|| "0b".to_owned())
}

/// A map whose texts docker takes as they are: a `$` begins a variable.
pub(super) fn escaped(map: Map) -> Map {
    let entries = map.0.into_iter();
    Map(entries.map(|(key, value)| (key, literal(value))).collect())
}

fn literal(value: Yaml) -> Yaml {
    match value {
        Yaml::Text(text) => Yaml::Text(text.replace('$', "$$")),
        Yaml::List(items) => Yaml::List(items.into_iter().map(literal).collect()),
        Yaml::Map(map) => Yaml::Map(escaped(map)),
        Yaml::Bool(_) | Yaml::Int(_) | Yaml::Ratio(_) => value,
    }
}
