//! The neutral value tree: what payloads are hashed, compared and printed as.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) mod canonical;
mod serialize;

pub use serialize::NotCanonical;

/// A value without floats, without unordered maps and without anything absent.
///
/// `Null` only stands where a whole value is missing; fields that are absent or hold their
/// default are left out by the types that serialize into a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Text(String),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
}

impl Value {
    /// The tree of any serializable value.
    ///
    /// # Errors
    /// A float, a byte string or a map key that is no string: none of them has one canonical form.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, NotCanonical> {
        value.serialize(serialize::IntoValue)
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Value::Map(map) => map.get(key),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Text(_) | Value::List(_) => None,
        }
    }
}

impl Serialize for Value {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => to.serialize_unit(),
            Value::Bool(b) => to.serialize_bool(*b),
            Value::Int(i) => match i64::try_from(*i) {
                Ok(small) => to.serialize_i64(small),
                Err(_) => to.serialize_i128(*i),
            },
            Value::Text(t) => to.serialize_str(t),
            Value::List(l) => to.collect_seq(l),
            Value::Map(m) => to.collect_map(m),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(serialize::ValueVisitor)
    }
}
