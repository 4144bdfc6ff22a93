//! Which properties of two payloads differ.

use std::collections::BTreeSet;

use super::effect;
use super::{Author, FieldChange};
use crate::image::Reference;
use crate::plan::Payload;
use crate::value::Value;

/// The properties in which two payloads differ, in order of path: maps key by key down to
/// their leaves, lists as one.
pub(super) fn between(before: &Payload, after: &Payload) -> Vec<FieldChange> {
    let mut differences = Vec::new();
    compare(
        &mut Vec::new(),
        Some(&spell(before)),
        Some(&spell(after)),
        &mut differences,
    );
    differences
        .into_iter()
        .map(|difference| difference.judged(before, after))
        .collect()
}

/// The properties in which two payloads differ, as they are printed: `env LOG`.
pub fn differing(before: &Payload, after: &Payload) -> Vec<String> {
    let fields = between(before, after);
    fields.iter().map(|field| field.path.join(" ")).collect()
}

/// A place where two trees differ.
pub(super) struct Difference {
    pub(super) path: Vec<String>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

impl Difference {
    pub(super) fn path(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    fn judged(self, before: &Payload, after: &Payload) -> FieldChange {
        let effect = effect::of_field(before, after, &self);
        let secret = self.is_secret(after);
        let Self {
            path,
            before,
            after,
        } = self;
        FieldChange {
            path,
            before,
            after,
            effect,
            secret,
            by: Author::Spec,
        }
    }

    fn is_secret(&self, payload: &Payload) -> bool {
        let holds_secret = |value: &Option<Value>| matches!(value, Some(Value::Map(_)));
        match (payload, self.path().as_slice()) {
            (Payload::Secret(_), ["name"]) | (Payload::Service(_), ["secrets", _, "source"]) => {
                true
            }
            (Payload::Service(_), ["env", _]) => {
                holds_secret(&self.before) || holds_secret(&self.after)
            }
            (
                Payload::Node(_)
                | Payload::Network(_)
                | Payload::Volume(_)
                | Payload::Secret(_)
                | Payload::Config(_)
                | Payload::Service(_)
                | Payload::Declared(_),
                _,
            ) => false,
        }
    }
}

/// The payload's tree with secret variables among the others, where their author wrote them.
fn spell(payload: &Payload) -> Value {
    let mut tree = payload.value();
    if let (Payload::Service(_), Value::Map(service)) = (payload, &mut tree)
        && let Some(Value::Map(secret)) = service.remove("secret-env")
    {
        match service
            .entry("env".to_owned())
            .or_insert_with(|| Value::Map(secret.clone()))
        {
            Value::Map(env) => env.extend(secret),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::List(_) => {}
        }
    }
    tree
}

fn compare(
    path: &mut Vec<String>,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    if before == after || is_same_image(path, before, after) {
        return;
    }
    let keys = match (before, after) {
        _ if is_variable(path) => None,
        (Some(Value::Map(b)), Some(Value::Map(a))) if !b.is_empty() && !a.is_empty() => {
            Some(b.keys().chain(a.keys()).collect::<BTreeSet<_>>())
        }
        (Some(Value::Map(only)), None) | (None, Some(Value::Map(only))) if !only.is_empty() => {
            Some(only.keys().collect())
        }
        _ => None,
    };
    let Some(keys) = keys else {
        found.push(Difference {
            path: path.clone(),
            before: before.cloned(),
            after: after.cloned(),
        });
        return;
    };
    for key in keys {
        path.push(key.clone());
        compare(
            path,
            before.and_then(|v| v.get(key)),
            after.and_then(|v| v.get(key)),
            found,
        );
        path.pop();
    }
}

/// Whether only the spelling differs, or a tag beside the same digest: what would run is the same.
fn is_same_image(path: &[String], before: Option<&Value>, after: Option<&Value>) -> bool {
    match (path, before, after) {
        ([image], Some(Value::Text(before)), Some(Value::Text(after))) if image == "image" => {
            Reference::read(before).means(Reference::read(after))
        }
        _ => false,
    }
}

/// A variable is one property, although one that holds a secret is a map.
fn is_variable(path: &[String]) -> bool {
    matches!(path, [env, _] if env == "env")
}
