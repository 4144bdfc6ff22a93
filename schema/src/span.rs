//! Places in source text: byte ranges in numbered files, and the table that turns them into lines.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A source file's number, given in the order in which a [`Sources`] received it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A half-open byte range in one source file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub const fn new(file: FileId, start: u32, end: u32) -> Self {
        Self { file, start, end }
    }

    /// The smallest span that covers both; the other file's span is ignored when the files differ.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file != other.file {
            return self;
        }
        Self::new(
            self.file,
            self.start.min(other.start),
            self.end.max(other.end),
        )
    }

    pub const fn len(self) -> u32 {
        self.end - self.start
    }

    pub const fn is_empty(self) -> bool {
        self.end == self.start
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

/// A value and the place it was written at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<T> {
    pub value: T,
    pub span: Span,
}

impl<T> At<T> {
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> At<U> {
        At::new(f(self.value), self.span)
    }

    pub const fn as_ref(&self) -> At<&T> {
        At::new(&self.value, self.span)
    }
}

/// A line and column as people count them: both from 1, the column in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// The texts that spans point into, in the order of their [`FileId`]s.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceText>,
    newest: BTreeMap<String, FileId>,
}

#[derive(Clone, Debug)]
struct SourceText {
    path: String,
    text: std::sync::Arc<str>,
    /// Where each line but the first begins, in order: a place is asked for once a node.
    lines: std::sync::Arc<[usize]>,
}

impl Sources {
    /// Adds a file and returns its number; the same text under the same path keeps its number.
    /// `path` is relative to the project, with forward slashes.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<std::sync::Arc<str>>) -> FileId {
        let (path, text) = (path.into(), text.into());
        if let Some(id) = self
            .newest
            .get(&path)
            .filter(|id| self.text(**id) == &*text)
        {
            return *id;
        }
        let id = FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 source files"));
        self.newest.insert(path.clone(), id);
        let lines = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        self.files.push(SourceText { path, text, lines });
        id
    }

    /// The path of a file, or an empty one for a number that was never given.
    pub fn path(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |f| &f.path)
    }

    pub fn text(&self, file: FileId) -> &str {
        self.files.get(file.0 as usize).map_or("", |f| &f.text)
    }

    pub fn iter(&self) -> impl Iterator<Item = (FileId, &str, &str)> {
        self.files
            .iter()
            .zip(0..)
            .map(|(f, id)| (FileId(id), f.path.as_str(), &*f.text))
    }

    /// The text under a span; empty when the span lies outside its file.
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file)
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// The 1-based position of a byte offset. Offsets past the end give the end.
    pub fn position(&self, file: FileId, offset: u32) -> Position {
        let text = self.text(file);
        let mut end = (offset as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let lines = self
            .files
            .get(file.0 as usize)
            .map_or(&[][..], |f| &f.lines);
        let line = lines.partition_point(|start| *start <= end);
        let line_start = line.checked_sub(1).map_or(0, |before| lines[before]);
        Position {
            line: count(line + 1),
            column: count(text[line_start..end].chars().count() + 1),
        }
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a", "äb\nc\n");
        let at = |offset| {
            let Position { line, column } = sources.position(file, offset);
            (line, column)
        };
        assert_eq!(
            [0, 1, 2, 3, 4].map(at),
            [(1, 1), (1, 1), (1, 2), (1, 3), (2, 1)]
        );
        assert_eq!([5, 6, 99].map(at), [(2, 2), (3, 1), (3, 1)]);
        assert_eq!(
            sources.position(FileId(9), 7),
            Position { line: 1, column: 1 }
        );
    }
}
