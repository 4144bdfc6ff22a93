//! Whether a node is still what it was.

use serde::Serialize;

use super::{Declared, Spec};
use crate::address::Kind;
use crate::value::Value;

/// How a node is to the one of its name in another spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    Same,
    /// It says the same, at other places.
    Moved,
    /// It says something else, or is in one of the specs only.
    Other,
}

impl Spec {
    pub fn likeness(&self, other: &Self, kind: Kind, name: &str) -> Likeness {
        of_both!(
            self,
            other,
            kind,
            |these, those| likeness(these.get(name), those.get(name)),
            Likeness::Other
        )
    }
}

fn likeness<T: PartialEq + Serialize>(
    one: Option<&Declared<T>>,
    other: Option<&Declared<T>>,
) -> Likeness {
    let (Some(one), Some(other)) = (one, other) else {
        return Likeness::Other;
    };
    if one == other {
        return Likeness::Same;
    }
    let said = |declared: &Declared<T>| Value::of(&*declared.node).ok();
    match (said(one), said(other)) {
        (Some(before), Some(after)) if before == after && one.partial == other.partial => {
            Likeness::Moved
        }
        _ => Likeness::Other,
    }
}
