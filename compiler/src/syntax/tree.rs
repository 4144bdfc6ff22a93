//! The arena that a document's nodes and entries live in: small rows, in document order, with byte
//! ranges instead of copies of the text.

/// Stands for "none" wherever a row number or an offset may be missing.
pub(crate) const NONE: u32 = u32::MAX;

/// A name, key, type or string: its place, quotes included, and its text if that had to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WordRow {
    pub start: u32,
    pub end: u32,
    /// Row in [`Tree::made`] when the text is not what stands in the source.
    pub made: u32,
}

/// What an entry's value is; numbers are read from the source when they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Str,
    Int,
    Float,
    True,
    False,
    Null,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryRow {
    /// Where the annotation, key or value starts, whichever comes first.
    pub start: u32,
    /// Row in [`Tree::words`].
    pub annotation: u32,
    /// Row in [`Tree::words`].
    pub key: u32,
    pub value: WordRow,
    pub shape: Shape,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeRow {
    pub name: WordRow,
    /// Row in [`Tree::words`].
    pub annotation: u32,
    pub start: u32,
    pub end: u32,
    /// Where the name and the entries end.
    pub head_end: u32,
    /// Where `{` and `}` stand; [`NONE`] when there is none, or it was left out by mistake.
    pub open: u32,
    pub close: u32,
    /// Whether there is a block; `open` alone does not tell when the brace was left out.
    pub block: bool,
    pub entries_start: u32,
    pub entries_end: u32,
    /// The row behind the last descendant: rows are in document order, parents first.
    pub subtree_end: u32,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    pub nodes: Vec<NodeRow>,
    pub entries: Vec<EntryRow>,
    /// Keys and annotations.
    pub words: Vec<WordRow>,
    /// Texts that differ from their spelling.
    pub made: Vec<Box<str>>,
}

/// The size of a tree at some moment, to go back to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    pub nodes: usize,
    entries: usize,
    words: usize,
    made: usize,
}

impl Tree {
    /// An empty tree with room for what a text of that many bytes mostly holds.
    pub(crate) fn for_text(bytes: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(bytes / 24),
            entries: Vec::with_capacity(bytes / 16),
            words: Vec::new(),
            made: Vec::new(),
        }
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark {
            nodes: self.nodes.len(),
            entries: self.entries.len(),
            words: self.words.len(),
            made: self.made.len(),
        }
    }

    /// Forgets all that was added since `mark`, which is what `/-` means.
    pub(crate) fn drop_since(&mut self, mark: Mark) {
        self.nodes.truncate(mark.nodes);
        self.entries.truncate(mark.entries);
        self.words.truncate(mark.words);
        self.made.truncate(mark.made);
    }

    pub(crate) fn node_count(&self) -> u32 {
        row(self.nodes.len())
    }

    pub(crate) fn entry_count(&self) -> u32 {
        row(self.entries.len())
    }

    pub(crate) fn add_node(&mut self, node: NodeRow) -> u32 {
        self.nodes.push(node);
        row(self.nodes.len() - 1)
    }

    pub(crate) fn add_word(&mut self, word: Option<WordRow>) -> u32 {
        let Some(word) = word else { return NONE };
        self.words.push(word);
        row(self.words.len() - 1)
    }

    pub(crate) fn make(&mut self, text: String) -> u32 {
        self.made.push(text.into_boxed_str());
        row(self.made.len() - 1)
    }
}

/// There are fewer rows than bytes, and those are counted in `u32`.
fn row(count: usize) -> u32 {
    u32::try_from(count).expect("a text has fewer rows than bytes")
}
