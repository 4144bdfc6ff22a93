//! Changes of requests and answers on their way.

use skep_schema::lang::Map as Values;
use skep_schema::spec::{Headers, PathKind, Scalar};

use super::objects::one;
use crate::export::yaml::{Map, Yaml};

pub(super) fn filter(kind: &str, section: &str, told: Map) -> Map {
    let mut map = Map::default();
    map.put("type", kind);
    map.put(section, told);
    map
}

/// A rule that does nothing but this.
pub(super) fn alone(filter: Map) -> Map {
    let mut map = Map::default();
    map.put("filters", one(filter));
    map
}

/// A path in the place of the whole one, or of the prefix that matched.
pub(super) fn replaced(kind: PathKind, path: &str) -> Map {
    let (kind, key) = match kind {
        PathKind::Exact => ("ReplaceFullPath", "replaceFullPath"),
        PathKind::Prefix => ("ReplacePrefixMatch", "replacePrefixMatch"),
    };
    let mut map = Map::default();
    map.put("type", kind);
    map.put(key, path);
    map
}

/// Whose headers are changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Request,
    Answer,
}

/// Changes of headers; nothing where there are none.
pub(super) fn headers(way: Way, changes: Option<&Headers>) -> Option<Map> {
    let Headers {
        set,
        add,
        remove,
        span: _,
    } = changes?;
    let mut told = Map::default();
    told.put_full("set", named(set));
    told.put_full("add", named(add));
    let names = remove.iter().map(|name| name.value.as_str());
    told.put_full("remove", names.collect::<Vec<_>>());
    let (kind, section) = match way {
        Way::Request => ("RequestHeaderModifier", "requestHeaderModifier"),
        Way::Answer => ("ResponseHeaderModifier", "responseHeaderModifier"),
    };
    (!told.0.is_empty()).then(|| filter(kind, section, told))
}

fn named(values: &Values<Scalar>) -> Vec<Yaml> {
    let all = values.iter().map(|(name, value)| {
        let mut map = Map::default();
        map.put("name", name.value.as_str());
        map.put("value", &value.value.0);
        Yaml::Map(map)
    });
    all.collect()
}
