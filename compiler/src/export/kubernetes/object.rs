//! What all objects have: a type, a name, labels.

use std::collections::BTreeMap;

use super::Export;
use crate::export::finding::About;
use crate::export::yaml::Map;

/// Tells the pods of one service from all others of the namespace.
const NAME: &str = "app.kubernetes.io/name";
const PART_OF: &str = "app.kubernetes.io/part-of";

impl Export<'_> {
    pub(super) fn namespace(&mut self) {
        let mut map = Map::default();
        map.put("apiVersion", "v1");
        map.put("kind", "Namespace");
        let mut meta = Map::default();
        meta.put("name", &self.names.namespace);
        meta.put("labels", self.labels());
        map.put("metadata", meta);
        self.objects.push(map);
    }

    /// An object of the namespace, as far as all are alike.
    pub(super) fn object(&self, api: &str, kind: &str, name: &str) -> Map {
        self.noted(api, kind, name, &BTreeMap::new())
    }

    /// An object with annotations: what is in a label of a swarm need not fit into one of kubernetes.
    pub(super) fn noted(
        &self,
        api: &str,
        kind: &str,
        name: &str,
        notes: &BTreeMap<String, String>,
    ) -> Map {
        let mut meta = Map::default();
        meta.put("name", name);
        meta.put("namespace", &self.names.namespace);
        meta.put("labels", self.labels());
        meta.put_full("annotations", notes);
        let mut map = Map::default();
        map.put("apiVersion", api);
        map.put("kind", kind);
        map.put("metadata", meta);
        map
    }

    /// Labels of a plan that can be annotations.
    pub(super) fn notes(
        &mut self,
        about: About<'_>,
        property: &str,
        labels: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let mut notes = labels.clone();
        notes.retain(|key, _| is_key(key));
        for key in labels.keys().filter(|key| !is_key(key)) {
            let reason = "its key is none of an annotation: a domain, `/`, and 63 letters, digits, `-`, `_` or `.`";
            let property = format!("{property}.{key}");
            self.findings
                .dropped(about, &property, reason, "give it a shorter key");
        }
        notes
    }

    fn labels(&self) -> Map {
        let mut map = Map::default();
        map.put(PART_OF, &self.names.namespace);
        map
    }
}

/// `zone` or `example.com/zone`
pub(super) fn is_key(text: &str) -> bool {
    let is_domain = |text: &str| {
        let lower = |c: char| !c.is_ascii_uppercase() && c != '_';
        text.len() <= 253 && text.chars().all(lower) && text.split('.').all(is_name)
    };
    match text.split_once('/') {
        Some((domain, name)) => is_domain(domain) && is_name(name),
        None => is_name(text),
    }
}

/// What can be the value of a label, or the name of one.
pub(super) fn is_name(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let ends = edge(text.chars().next()) && edge(text.chars().last());
    ends && text.chars().all(inner) && text.len() <= 63
}

/// The label that all pods of a workload have, and no others.
pub(super) fn selected(name: &str) -> Map {
    let mut map = Map::default();
    map.put(NAME, name);
    map
}

/// A selector by labels.
pub(super) fn matching(labels: Map) -> Map {
    let mut map = Map::default();
    map.put("matchLabels", labels);
    map
}
