//! How the rest of the compiler sees a document: nodes, entries and words with their places.

use std::sync::Arc;

use skep_schema::span::{FileId, Span};

use super::number;
use super::tree::{EntryRow, NONE, NodeRow, Shape, Tree, WordRow};

/// A source text and the nodes in it. What `/-` drops is absent, comments are in the text only.
#[derive(Clone, Debug)]
pub struct Document {
    pub(super) file: FileId,
    pub(super) text: Arc<str>,
    pub(super) tree: Tree,
}

/// A name, key, annotation or string value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// What it says, free of quotes, escapes and indentation.
    pub text: &'a str,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// An entry's value. A bare word and a quoted string are both `Str`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    Str(&'a str),
    Int(i128),
    /// With its spelling, since a float does not keep it.
    Float(f64, &'a str),
    Bool(bool),
    Null,
}

impl Document {
    pub fn file(&self) -> FileId {
        self.file
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The top-level nodes in document order.
    pub fn roots(&self) -> Nodes<'_> {
        Nodes {
            document: self,
            next: 0,
            end: self.tree.node_count(),
        }
    }

    /// The node with a number it gave.
    pub(crate) fn node(&self, row: u32) -> NodeRef<'_> {
        NodeRef {
            document: self,
            row,
        }
    }

    /// The number of nodes at all levels.
    pub fn node_count(&self) -> usize {
        self.tree.nodes.len()
    }

    fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.file, start, end)
    }

    fn slice(&self, start: u32, end: u32) -> &str {
        &self.text[start as usize..end as usize]
    }

    fn word(&self, row: WordRow) -> Word<'_> {
        Word {
            text: self.word_text(row),
            span: self.span(row.start, row.end),
        }
    }

    fn word_text(&self, row: WordRow) -> &str {
        if row.made != NONE {
            return &self.tree.made[row.made as usize];
        }
        let source = self.slice(row.start, row.end);
        match source.as_bytes().first() {
            Some(b'"') => &source[1..source.len() - 1],
            Some(b'#') => {
                let delimiter = source.bytes().take_while(|byte| *byte == b'#').count() + 1;
                &source[delimiter..source.len() - delimiter]
            }
            _ => source,
        }
    }

    fn word_at(&self, row: u32) -> Option<Word<'_>> {
        (row != NONE).then(|| self.word(self.tree.words[row as usize]))
    }

    fn brace(&self, offset: u32) -> Option<Span> {
        (offset != NONE).then(|| self.span(offset, offset + 1))
    }
}

/// Nodes of one level, in document order.
#[derive(Clone, Debug)]
pub struct Nodes<'a> {
    document: &'a Document,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Nodes<'a> {
    type Item = NodeRef<'a>;

    fn next(&mut self) -> Option<NodeRef<'a>> {
        if self.next >= self.end {
            return None;
        }
        let node = NodeRef {
            document: self.document,
            row: self.next,
        };
        self.next = node.data().subtree_end;
        Some(node)
    }
}

/// One node.
#[derive(Clone, Copy)]
pub struct NodeRef<'a> {
    document: &'a Document,
    row: u32,
}

impl<'a> NodeRef<'a> {
    fn data(self) -> &'a NodeRow {
        &self.document.tree.nodes[self.row as usize]
    }

    /// Its number in its document.
    pub(crate) fn row(self) -> u32 {
        self.row
    }

    pub fn document(self) -> &'a Document {
        self.document
    }

    pub fn name(self) -> Word<'a> {
        self.document.word(self.data().name)
    }

    /// The name in the parentheses before the node's own.
    pub fn annotation(self) -> Option<Word<'a>> {
        self.document.word_at(self.data().annotation)
    }

    /// The whole node with its children, without `;` or a comment behind it.
    pub fn span(self) -> Span {
        self.document.span(self.data().start, self.data().end)
    }

    /// Annotation, name and entries.
    pub fn head_span(self) -> Span {
        self.document.span(self.data().start, self.data().head_end)
    }

    /// All entries as written; a repeated property appears as often as it is written.
    pub fn entries(self) -> Entries<'a> {
        Entries {
            document: self.document,
            next: self.data().entries_start,
            end: self.data().entries_end,
        }
    }

    /// How many arguments and how many properties are written.
    pub(crate) fn entry_counts(self) -> (usize, usize) {
        let row = self.data();
        let rows = row.entries_start as usize..row.entries_end as usize;
        let entries = &self.document.tree.entries[rows];
        let args = entries.iter().filter(|entry| entry.key == NONE).count();
        (args, entries.len() - args)
    }

    pub fn args(self) -> impl Iterator<Item = EntryRef<'a>> {
        self.entries().filter(|entry| entry.key().is_none())
    }

    /// The properties as written; where one is repeated, KDL lets the last one count.
    pub fn props(self) -> impl Iterator<Item = EntryRef<'a>> {
        self.entries().filter(|entry| entry.key().is_some())
    }

    /// The property that counts under this key.
    pub fn prop(self, key: &str) -> Option<EntryRef<'a>> {
        self.props()
            .filter(|entry| entry.key().is_some_and(|word| word.text == key))
            .last()
    }

    pub fn children(self) -> Nodes<'a> {
        Nodes {
            document: self.document,
            next: self.row + 1,
            end: self.data().subtree_end,
        }
    }

    /// The number of nodes below it, at all levels.
    pub(crate) fn descendant_count(self) -> usize {
        (self.data().subtree_end - self.row - 1) as usize
    }

    /// Whether there is a block, be it empty.
    pub fn has_children_block(self) -> bool {
        self.data().block
    }

    /// From `{` to `}`, both included; to the node's end when `}` is missing.
    pub fn children_span(self) -> Option<Span> {
        let open = self.open_brace()?;
        Some(
            self.close_brace()
                .map_or_else(|| open.to(self.span()), |close| open.to(close)),
        )
    }

    pub fn open_brace(self) -> Option<Span> {
        self.document.brace(self.data().open)
    }

    pub fn close_brace(self) -> Option<Span> {
        self.document.brace(self.data().close)
    }
}

impl std::fmt::Debug for NodeRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {:?}", self.name().text, self.span())
    }
}

/// Entries of one node, in document order.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    document: &'a Document,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Entries<'a> {
    type Item = EntryRef<'a>;

    fn next(&mut self) -> Option<EntryRef<'a>> {
        if self.next >= self.end {
            return None;
        }
        let entry = EntryRef {
            document: self.document,
            row: self.next,
        };
        self.next += 1;
        Some(entry)
    }
}

/// One argument or property.
#[derive(Clone, Copy)]
pub struct EntryRef<'a> {
    document: &'a Document,
    row: u32,
}

impl<'a> EntryRef<'a> {
    fn data(self) -> &'a EntryRow {
        &self.document.tree.entries[self.row as usize]
    }

    /// A property's key; `None` for an argument.
    pub fn key(self) -> Option<Word<'a>> {
        self.document.word_at(self.data().key)
    }

    /// The name in the parentheses before the value.
    pub fn annotation(self) -> Option<Word<'a>> {
        self.document.word_at(self.data().annotation)
    }

    /// Whether there is one.
    pub(crate) fn is_annotated(self) -> bool {
        self.data().annotation != NONE
    }

    pub fn value(self) -> Scalar<'a> {
        match self.data().shape {
            Shape::Str => Scalar::Str(self.document.word_text(self.data().value)),
            Shape::Int => Scalar::Int(number::int(self.spelling()).unwrap_or_default()),
            Shape::Float => Scalar::Float(number::float(self.spelling()), self.spelling()),
            Shape::True => Scalar::Bool(true),
            Shape::False => Scalar::Bool(false),
            Shape::Null => Scalar::Null,
        }
    }

    /// The value as it is written, quotes included.
    pub fn spelling(self) -> &'a str {
        let row = self.data().value;
        self.document.slice(row.start, row.end)
    }

    /// Whether the value is a string without quotes.
    pub fn is_bare(self) -> bool {
        self.data().shape == Shape::Str && !self.spelling().starts_with(['"', '#'])
    }

    /// Key, annotation and value.
    pub fn span(self) -> Span {
        self.document.span(self.data().start, self.data().value.end)
    }

    /// The value alone, quotes included.
    pub fn value_span(self) -> Span {
        self.document
            .span(self.data().value.start, self.data().value.end)
    }
}

impl std::fmt::Debug for EntryRef<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} at {:?}", self.value(), self.span())
    }
}
