//! What it means to read a node: the trait every kind has, and the collections its fields make.

use serde::{Serialize, Serializer};
use smol_str::SmolStr;

use super::table::NodeInfo;
use super::tree::Node;
use crate::diagnostic::Diagnostic;
use crate::span::{At, Span};

/// A kind of node that can be read from a tree.
pub trait Decode: Sized {
    const INFO: &'static NodeInfo;

    /// What could be understood. `None` when something required is missing or wrong, which has
    /// then been reported.
    fn decode(node: &Node, cx: &mut Decoder) -> Option<Self>;
}

/// Collects what is wrong.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    pub diagnostics: Vec<Diagnostic>,
}

impl Decoder {
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// The values of a list field, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct List<T> {
    pub items: Vec<At<T>>,
    pub span: Span,
}

/// The entries of a map field, in order of writing; keys are unique.
#[derive(Clone, Debug, PartialEq)]
pub struct Map<T> {
    pub entries: Vec<(At<SmolStr>, At<T>)>,
}

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
        }
    }
}

impl<T> Map<T> {
    pub fn get(&self, key: &str) -> Option<&At<T>> {
        self.entries
            .iter()
            .find(|(k, _)| k.value == key)
            .map(|(_, v)| v)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&At<SmolStr>, &At<T>)> {
        self.entries.iter().map(|(k, v)| (k, v))
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<T: Serialize> Serialize for At<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(to)
    }
}

impl<T: Serialize> Serialize for List<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(&self.items)
    }
}

impl<T: Serialize> Serialize for Map<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.entries.iter().map(|(k, v)| (k.value.as_str(), v)))
    }
}

/// Whether a field was not written, so that it is left out of a serialized form.
pub(crate) trait Absent {
    fn is_absent(&self) -> bool;
}

impl<T> Absent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

impl<T> Absent for Vec<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl<T> Absent for Map<T> {
    fn is_absent(&self) -> bool {
        self.is_empty()
    }
}

impl Absent for Node {
    fn is_absent(&self) -> bool {
        self.args.is_empty() && self.props.is_empty() && self.children.is_empty()
    }
}

impl<T> Absent for At<T> {
    fn is_absent(&self) -> bool {
        false
    }
}
