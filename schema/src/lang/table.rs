//! The table of node kinds: plain constant data.

use super::read::Type;
use crate::change::Effect;

/// A kind of node and all it takes.
#[derive(Debug)]
pub struct NodeInfo {
    /// The name of its Rust type: one word can mean two nodes in two places.
    pub name: &'static str,
    /// The word the author writes.
    pub word: &'static str,
    /// Markdown, from the doc comment.
    pub doc: &'static str,
    pub fields: &'static [Field],
}

/// One thing a node takes.
#[derive(Debug)]
pub struct Field {
    pub word: &'static str,
    pub doc: &'static str,
    pub shape: Shape,
    /// What it is when it is not written, in the language's spelling; nothing where the engine decides.
    pub default: Option<&'static str>,
    /// What changing it does to running tasks, where it reaches them at all.
    pub effect: Option<Effect>,
    /// The edition that brought it.
    pub since: u16,
}

/// How a field is written.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// A positional argument.
    Arg { ty: Type, required: bool },
    /// All further arguments.
    Args { ty: Type },
    /// A property, or a child with one argument.
    Value { ty: Type, required: bool },
    /// A bare child, a trailing bare word, or either with a boolean.
    Flag,
    /// A child with arguments, or a property for a single one; written once.
    List { ty: Type },
    /// Like a list, but may be written several times.
    Set { ty: Type },
    /// A child with keys and values as properties, as children, or as two arguments.
    Map { ty: Type },
    /// A child of its own kind, at most once.
    Node { info: &'static NodeInfo },
    /// Children of a kind, any number; `key` tells them apart in overlays.
    Nodes { info: &'static NodeInfo, key: Key },
    /// A property or a child whose value is a scalar, a list or a map, whatever fits elsewhere.
    Any,
    /// All that no other field takes: arguments, properties and nodes of any kind.
    Rest,
}

impl Shape {
    /// What an overlay does to a field of this shape.
    pub const fn overlay(self) -> Overlay {
        match self {
            Shape::Arg { .. } | Shape::Value { .. } | Shape::Flag | Shape::Any | Shape::Rest => {
                Overlay::Replace
            }
            Shape::Args { .. }
            | Shape::List { .. }
            | Shape::Set { .. }
            | Shape::Nodes { key: Key::None, .. } => Overlay::ReplaceAll,
            Shape::Map { .. } => Overlay::Entries,
            Shape::Node { info } => Overlay::Inside(info),
            Shape::Nodes { info, key } => Overlay::Keyed(info, key),
        }
    }

    /// What the values are, where they are of one type.
    pub const fn ty(self) -> Option<Type> {
        match self {
            Shape::Arg { ty, .. }
            | Shape::Args { ty }
            | Shape::Value { ty, .. }
            | Shape::List { ty }
            | Shape::Set { ty }
            | Shape::Map { ty } => Some(ty),
            Shape::Flag => Some(Type::Bool),
            Shape::Node { .. } | Shape::Nodes { .. } | Shape::Any | Shape::Rest => None,
        }
    }

    /// What may be written inside, for what is a node of its own.
    pub const fn inner(self) -> Option<&'static NodeInfo> {
        match self {
            Shape::Node { info } | Shape::Nodes { info, .. } => Some(info),
            Shape::Arg { .. }
            | Shape::Args { .. }
            | Shape::Value { .. }
            | Shape::Flag
            | Shape::List { .. }
            | Shape::Set { .. }
            | Shape::Map { .. }
            | Shape::Any
            | Shape::Rest => None,
        }
    }
}

/// What identifies one of several children when an overlay changes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The first argument.
    Name,
    /// The first argument, and among several with the same one a property.
    NameAnd(&'static str),
    /// A property.
    Prop(&'static str),
    /// Nothing: an overlay replaces them all.
    None,
}

/// What becomes of a field when a node is laid over another one that has it too.
#[derive(Clone, Copy, Debug)]
pub enum Overlay {
    /// The upper value takes the lower one's place.
    Replace,
    /// All upper values take the place of all lower ones; `append` adds to them instead.
    ReplaceAll,
    /// Entries with the same key replace each other, all others stay.
    Entries,
    /// The block is laid over the lower one word by word.
    Inside(&'static NodeInfo),
    /// Blocks with the same key are laid over each other, all others stay.
    Keyed(&'static NodeInfo, Key),
}

impl Overlay {
    /// Whether `append` adds to such a field.
    pub const fn takes_append(self) -> bool {
        matches!(self, Overlay::ReplaceAll)
    }

    /// Whether `replace` says anything that writing the word alone does not.
    pub const fn takes_replace(self) -> bool {
        matches!(
            self,
            Overlay::Entries | Overlay::Inside(_) | Overlay::Keyed(..)
        )
    }
}

impl NodeInfo {
    pub fn field(&self, word: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.word == word)
    }

    /// The words an author may write inside such a node.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        self.fields
            .iter()
            .filter(|f| {
                !matches!(
                    f.shape,
                    Shape::Arg { .. } | Shape::Args { .. } | Shape::Rest
                )
            })
            .map(|f| f.word)
    }
}

/// Words that the language has room for and this version does not run: the node they stand in,
/// and the word.
pub const PLANNED: &[(&str, &str)] = &[("certificate", "acme"), ("service", "serverless")];

/// Kinds of nodes that the language has room for and this version does not run.
pub const PLANNED_KINDS: &[&str] = &["record", "build", "alert", "notify"];
