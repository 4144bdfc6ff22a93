//! YAML as compose reads it: a small tree in which everything knows its place.
//!
//! Aliases and merge keys are gone from it. A text can be made to grow without end by aliases of
//! aliases, so what they copy is counted; and it can nest, so depth is bounded, which is why the
//! rest of this crate may recurse over trees.

mod build;
mod number;

use skep_schema::span::{At, FileId, Span};

pub(crate) use build::read;
pub(crate) use number::plain_text;

/// Larger files are refused unread.
pub(crate) const MAX_BYTES: usize = 4 << 20;
/// The most levels of lists and maps, aliases included.
pub(crate) const MAX_DEPTH: usize = 64;
/// The most nodes of one file when its aliases are copied out.
pub(crate) const MAX_NODES: usize = 200_000;

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Yaml {
    pub(crate) span: Span,
    pub(crate) tag: Tag,
    pub(crate) value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Scalar(Scalar),
    List(Vec<Yaml>),
    Map(Map),
}

/// A text, and whether it stood there without quotes and could be a number or a boolean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) plain: bool,
}

/// Tags that mean something to compose when files are merged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tag {
    #[default]
    None,
    /// `!reset`: what was there is taken away.
    Reset,
    /// `!override`: what was there is replaced and not merged with.
    Override,
}

/// Keys and values in the order of writing; a key is there once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Map {
    pub(crate) entries: Vec<(At<String>, Yaml)>,
}

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: &'static str,
    /// Where the same was written first.
    pub(crate) first: Option<Span>,
    /// Nothing of the file means anything any more.
    pub(crate) fatal: bool,
}

/// What reading gives: one tree for each document that says something.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) documents: Vec<Yaml>,
    pub(crate) faults: Vec<Fault>,
}

impl Map {
    pub(crate) fn get(&self, key: &str) -> Option<&Yaml> {
        self.entry(key).map(|(_, value)| value)
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&(At<String>, Yaml)> {
        self.entries.iter().find(|(name, _)| name.value == key)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Yaml> {
        let found = self.entries.iter_mut().find(|(name, _)| name.value == key);
        found.map(|(_, value)| value)
    }

    /// Replaces a value, or adds it at the end.
    pub(crate) fn put(&mut self, key: At<String>, value: Yaml) {
        match self.get_mut(&key.value) {
            Some(there) => *there = value,
            None => self.entries.push((key, value)),
        }
    }

    pub(crate) fn take(&mut self, key: &str) -> Option<Yaml> {
        self.take_at(key).map(|(_, value)| value)
    }

    /// The value of a key, and where among the others it stood.
    pub(crate) fn take_at(&mut self, key: &str) -> Option<(usize, Yaml)> {
        let mut names = self.entries.iter();
        let at = names.position(|(name, _)| name.value == key)?;
        Some((at, self.entries.remove(at).1))
    }
}

impl Yaml {
    pub(crate) const fn new(span: Span, value: Value) -> Self {
        Self {
            span,
            tag: Tag::None,
            value,
        }
    }

    pub(crate) fn text(span: Span, text: impl Into<String>) -> Self {
        let scalar = Scalar {
            text: text.into(),
            plain: false,
        };
        Self::new(span, Value::Scalar(scalar))
    }

    pub(crate) const fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            Value::Null | Value::Scalar(_) | Value::List(_) => None,
        }
    }

    pub(crate) const fn as_list(&self) -> Option<&Vec<Self>> {
        match &self.value {
            Value::List(list) => Some(list),
            Value::Null | Value::Scalar(_) | Value::Map(_) => None,
        }
    }

    pub(crate) const fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// What it is, for a message.
    pub(crate) const fn describe(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Scalar(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// Does something to every text below, keys excepted.
    pub(crate) fn each_text(&mut self, change: &mut impl FnMut(Span, &mut Scalar)) {
        match &mut self.value {
            Value::Null => {}
            Value::Scalar(scalar) => change(self.span, scalar),
            Value::List(items) => items.iter_mut().for_each(|item| item.each_text(change)),
            Value::Map(map) => map
                .entries
                .iter_mut()
                .for_each(|(_, value)| value.each_text(change)),
        }
    }
}

/// The place of nothing in particular in a file.
pub(crate) const fn start_of(file: FileId) -> Span {
    Span::new(file, 0, 0)
}
