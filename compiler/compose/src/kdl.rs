//! KDL that is still to be written: nodes that know which line of YAML they come from.

mod print;

use skep_schema::span::Span;

pub(crate) use print::{DOLLAR, Printed, print};

/// A node, and what is to be said above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) name: String,
    pub(crate) entries: Vec<Entry>,
    pub(crate) children: Vec<Item>,
    /// Lines of comments above it.
    pub(crate) notes: Vec<String>,
    pub(crate) span: Option<Span>,
    /// It is written as a comment, because the compiler refuses it.
    pub(crate) refused: bool,
    /// An empty line stands above it.
    pub(crate) apart: bool,
}

/// An argument or a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: Option<String>,
    pub(crate) value: Word,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// A string, in which variables may stand.
    Text(String),
    /// A number, boolean or flag as it is spelled; or a variable that is all there is.
    Bare(String),
    Secret(String),
}

impl Item {
    pub(crate) fn new(name: impl Into<String>, span: Span) -> Self {
        Self {
            name: name.into(),
            entries: Vec::new(),
            children: Vec::new(),
            notes: Vec::new(),
            span: Some(span),
            refused: false,
            apart: false,
        }
    }

    /// A node that no line of YAML says.
    pub(crate) fn made(name: impl Into<String>) -> Self {
        Self {
            span: None,
            ..Self::new(name, crate::yaml::start_of(skep_schema::span::FileId(0)))
        }
    }

    #[must_use]
    pub(crate) fn arg(self, text: impl Into<String>) -> Self {
        self.entry(None, Word::Text(text.into()))
    }

    #[must_use]
    pub(crate) fn args(self, texts: impl IntoIterator<Item = String>) -> Self {
        texts.into_iter().fold(self, Self::arg)
    }

    #[must_use]
    pub(crate) fn bare(self, text: impl Into<String>) -> Self {
        self.entry(None, Word::Bare(text.into()))
    }

    #[must_use]
    pub(crate) fn prop(self, key: &str, text: impl Into<String>) -> Self {
        self.entry(Some(key.to_owned()), Word::Text(text.into()))
    }

    #[must_use]
    pub(crate) fn bare_prop(self, key: &str, text: impl Into<String>) -> Self {
        self.entry(Some(key.to_owned()), Word::Bare(text.into()))
    }

    #[must_use]
    pub(crate) fn entry(mut self, key: Option<String>, value: Word) -> Self {
        self.entries.push(Entry { key, value });
        self
    }

    #[must_use]
    pub(crate) fn with(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    #[must_use]
    pub(crate) fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// Every text in it and below it.
    pub(crate) fn texts(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        self.collect(&mut all);
        all
    }

    fn collect<'i>(&'i self, into: &mut Vec<&'i str>) {
        if self.refused {
            return;
        }
        let words = self.entries.iter().filter_map(|entry| match &entry.value {
            Word::Text(text) | Word::Bare(text) => Some(text.as_str()),
            Word::Secret(_) => None,
        });
        into.extend(words);
        self.children.iter().for_each(|child| child.collect(into));
    }
}
