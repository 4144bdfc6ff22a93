//! Places in source text: byte ranges in numbered files, and the table that turns them into lines.

mod part;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use part::Part;

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

    /// Whether the other one lies in this one, with no byte outside.
    pub fn holds(self, other: Self) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
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
    parts: Vec<Part>,
    originals: BTreeMap<String, FileId>,
}

#[derive(Clone, Debug)]
struct SourceText {
    path: String,
    text: Arc<str>,
    /// Where each line but the first begins, in order: a place is asked for once a node.
    lines: OnceLock<Arc<[usize]>>,
    aside: bool,
    /// Where each line was really written, for a text that was made of another.
    written: Option<Arc<[Span]>>,
}

impl SourceText {
    const fn new(path: String, text: Arc<str>) -> Self {
        Self {
            path,
            text,
            lines: OnceLock::new(),
            aside: false,
            written: None,
        }
    }

    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', self.text.as_bytes());
            ends.map(|at| at + 1).collect()
        })
    }
}

impl Sources {
    /// Adds a file and returns its number; the same text under the same path keeps its number.
    /// `path` is relative to the project, with forward slashes.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let (path, text) = (path.into(), text.into());
        if let Some(id) = self.find(&path, &text) {
            return id;
        }
        let id = FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 source files"));
        self.newest.insert(path.clone(), id);
        self.files.push(SourceText::new(path, text));
        id
    }

    /// Adds a file that is no spec: those stand behind all others, in order of path, whenever they
    /// were added.
    pub fn add_aside(&mut self, path: &str, text: impl Into<Arc<str>>) -> FileId {
        let id = self.add(path, text);
        self.files[id.0 as usize].aside = true;
        id
    }

    /// What files are put in order by.
    pub fn rank(&self, file: FileId) -> impl Ord + '_ {
        let (file, part) = self.meant(file);
        let aside = self.file(file).filter(|f| f.aside);
        (
            aside.map(|f| f.path.as_str()),
            file,
            part.map_or(0, |bytes| bytes.start),
        )
    }

    /// Adds a file, or gives the one of that path another text: spans into the old one mean nothing
    /// any more.
    pub fn put(&mut self, path: &str, text: Arc<str>) -> FileId {
        match self.newest.get(path) {
            Some(id) if self.text(*id) == &*text => *id,
            Some(id) => {
                self.files[id.0 as usize] = SourceText::new(path.to_owned(), text);
                *id
            }
            None => self.add(path, text),
        }
    }

    /// Adds a text that a spec was made of, or gives the one of that path another text. It may have the
    /// path of the spec, and stands behind all specs.
    pub fn put_original(&mut self, path: &str, text: Arc<str>) -> FileId {
        let known = self.originals.get(path).copied();
        let id = known.unwrap_or_else(|| {
            let next = u32::try_from(self.files.len()).expect("fewer than 2^32 source files");
            self.files
                .push(SourceText::new(path.to_owned(), Arc::from("")));
            self.originals.insert(path.to_owned(), FileId(next));
            FileId(next)
        });
        let file = &mut self.files[id.0 as usize];
        if *file.text != *text {
            *file = SourceText::new(path.to_owned(), text);
        }
        file.aside = true;
        id
    }

    /// Says of each line of a file where it was really written.
    pub fn derive(&mut self, file: FileId, written: Arc<[Span]>) {
        if let Some(text) = self.files.get_mut(file.0 as usize) {
            text.written = Some(written);
        }
    }

    /// Whether a file was made of others, so that nobody can edit it.
    pub fn is_derived(&self, file: FileId) -> bool {
        let text = self.file(self.meant(file).0);
        text.is_some_and(|text| text.written.is_some())
    }

    /// Where a span was really written: itself, but for those in a file that was made of others.
    #[must_use]
    pub fn written(&self, span: Span) -> Span {
        let file = self.file(self.meant(span.file).0);
        let Some(written) = file.and_then(|file| file.written.as_ref()) else {
            return span;
        };
        let line = self.position(span.file, span.start).line as usize;
        let place = written.get(line - 1).or_else(|| written.last());
        place.copied().unwrap_or(span)
    }

    /// The number of a text that was added before.
    pub fn find(&self, path: &str, text: &str) -> Option<FileId> {
        let newest = self.newest.get(path).copied();
        newest.filter(|id| self.text(*id) == text)
    }

    /// The path of a file, or an empty one for a number that was never given.
    pub fn path(&self, file: FileId) -> &str {
        self.file(self.meant(file).0).map_or("", |f| &f.path)
    }

    pub fn text(&self, file: FileId) -> &str {
        let (file, part) = self.meant(file);
        let text = self.file(file).map_or("", |f| &*f.text);
        match part {
            Some(bytes) => text
                .get(bytes.start as usize..bytes.end as usize)
                .unwrap_or(""),
            None => text,
        }
    }

    fn file(&self, file: FileId) -> Option<&SourceText> {
        self.files.get(file.0 as usize)
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
        let Span {
            file, start: at, ..
        } = self.whole(Span::new(file, offset, offset));
        let text = self.text(file);
        let mut end = (at as usize).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let lines = self.file(file).map_or(&[][..], SourceText::lines);
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
    fn a_file_that_was_made_of_another_points_there() {
        let mut sources = Sources::default();
        let file = sources.add("a.yml", "one\ntwo\n");
        let original = sources.put_original("a.yml", "zwei\neins\n".into());
        let lines = [Span::new(original, 5, 9), Span::new(original, 0, 4)];
        sources.derive(file, lines.into());
        let at = |offset| sources.slice(sources.written(Span::new(file, offset, offset + 1)));
        assert_eq!([at(1), at(4), at(8)], ["eins", "zwei", "zwei"]);
        assert_eq!(sources.written(lines[0]), lines[0]);
        assert_eq!(sources.put_original("a.yml", "drei".into()), original);
        assert_eq!(sources.find("a.yml", "one\ntwo\n"), Some(file));
    }

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
