//! KDL 1 text as KDL 2: what KDL 2 spells otherwise is replaced, and every other byte stays.
//!
//! The text is cut into KDL 1's tokens, in linear time and without recursion. Where it has KDL 2's own
//! strings, which KDL 1 takes nowhere, they are left as they are, so a text that is half done is
//! finished. A text that both versions take means the same in both.

mod respell;

use std::ops::Range;

use skep_schema::diagnostic::Diagnostic;
use skep_schema::span::{FileId, Span};

use self::respell::{quoted, raw, word};
use super::MAX_BYTES;
use super::bytes::{Glyph, glyph, line_end, word_end};
use super::lex::offset;

/// What came of a text.
#[derive(Clone, Debug)]
pub enum Migrated {
    /// It is KDL 2 as it is.
    Already,
    /// The same values in KDL 2.
    Changed(String),
    /// It is neither; the mistakes that would be left, at their places in the text as it is.
    Broken(Vec<Diagnostic>),
}

/// Rewrites a KDL 1 text in KDL 2, with its comments and its layout.
pub fn migrate(file: FileId, text: &str) -> Migrated {
    let parsed = super::parse(file, text.into());
    if parsed.diagnostics.is_empty() {
        return Migrated::Already;
    }
    if text.len() > MAX_BYTES {
        return Migrated::Broken(parsed.diagnostics);
    }
    let edits = Old::new(text).edits();
    let new = edited(text, &edits);
    let mut left = super::parse(file, new.as_str().into()).diagnostics;
    if left.is_empty() {
        return Migrated::Changed(new);
    }
    for fault in &mut left {
        bring_back(fault, &edits);
    }
    Migrated::Broken(left)
}

/// Replacements in order of place.
type Edits = Vec<(Range<usize>, String)>;

fn edited(text: &str, edits: &Edits) -> String {
    let mut new = String::with_capacity(text.len());
    let mut at = 0;
    for (range, by) in edits {
        new.push_str(&text[at..range.start]);
        new.push_str(by);
        at = range.end;
    }
    new.push_str(&text[at..]);
    new
}

/// Moves what is said of the new text to where it comes from.
fn bring_back(fault: &mut Diagnostic, edits: &Edits) {
    let back = |span: &mut Span| {
        span.start = origin(edits, span.start);
        span.end = origin(edits, span.end).max(span.start);
    };
    back(&mut fault.primary.span);
    fault
        .secondary
        .iter_mut()
        .for_each(|label| back(&mut label.span));
    let spans = fault.fixes.iter_mut().flat_map(|fix| &mut fix.edits);
    spans.for_each(|(span, _)| back(span));
}

/// Where in the old text a place of the new one comes from; inside a replacement, where that begins.
fn origin(edits: &Edits, at: u32) -> u32 {
    let (mut old, mut new) = (0, 0);
    for (range, by) in edits {
        let begin = new + offset(range.start) - old;
        if at < begin {
            break;
        }
        if at < begin + offset(by.len()) {
            return offset(range.start);
        }
        (old, new) = (offset(range.end), begin + offset(by.len()));
    }
    old + (at - new)
}

/// What a word is, by where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// A node's name, a property's key or an annotation.
    Name,
    Value,
}

/// A walk through a text by KDL 1's rules.
struct Old<'a> {
    text: &'a str,
    at: usize,
    /// The node at hand has its name.
    named: bool,
    /// A `\` stands before the end of this line.
    continued: bool,
    annotation: bool,
    edits: Edits,
}

impl<'a> Old<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: if text.starts_with('\u{FEFF}') { 3 } else { 0 },
            named: false,
            continued: false,
            annotation: false,
            edits: version(text).into_iter().collect(),
        }
    }

    fn edits(mut self) -> Edits {
        while self.at < self.text.len() {
            self.step();
        }
        self.edits
    }

    fn step(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        match rest {
            [b'/', b'/', ..] => self.at = line_end(self.text.as_bytes(), self.at),
            [b'/', b'*', ..] => self.comment(),
            [b'"', b'"', b'"', ..] => self.at = end_of(self.text, self.at + 3, "\"\"\""),
            [b'"', ..] => self.quoted(),
            [b'#', ..] if is_quoted(rest) => self.new_raw(),
            [b'r', after @ ..] if is_quoted(after) => self.raw(),
            [b'\\', ..] => self.mark(|old| old.continued = true),
            [b'(', ..] => self.mark(|old| old.annotation = true),
            [b')', ..] => self.mark(|old| old.annotation = false),
            [b'{' | b'}' | b';', ..] => self.mark(|old| old.named = false),
            [b'/', b'-', ..] => self.at += 2,
            [b'/' | b'=' | b'[' | b']', ..] => self.at += 1,
            _ => self.blank_or_word(),
        }
    }

    /// A character that is a token by itself.
    fn mark(&mut self, note: impl FnOnce(&mut Self)) {
        self.at += 1;
        note(self);
    }

    fn blank_or_word(&mut self) {
        match glyph(self.text.as_bytes(), self.at) {
            Glyph::Space(len) => self.at += len,
            Glyph::Newline(len) => {
                self.at += len;
                self.named &= self.continued;
                self.continued = false;
            }
            // A byte order mark is a space in KDL 1, and nothing in KDL 2.
            Glyph::Other(_) if self.text[self.at..].starts_with('\u{FEFF}') => {
                self.replace(self.at + 3, Some(" ".to_owned()));
            }
            Glyph::Other(_) => self.word(),
        }
    }

    /// Comments nest.
    fn comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.text.len() {
            match &self.text.as_bytes()[self.at..] {
                [b'/', b'*', ..] => (depth, self.at) = (depth + 1, self.at + 2),
                [b'*', b'/', ..] => (depth, self.at) = (depth - 1, self.at + 2),
                _ => self.at += 1,
            }
            if depth == 0 {
                return;
            }
        }
    }

    fn word(&mut self) {
        let bytes = self.text.as_bytes();
        let mut end = word_end(bytes, self.at);
        // KDL 1 has `#` in its words.
        while bytes.get(end) == Some(&b'#') && !is_quoted(&bytes[end..]) {
            end = word_end(bytes, end + 1);
        }
        let mark = self.text[self.at..end].find('\u{FEFF}');
        let end = mark.map_or(end, |len| self.at + len);
        let role = self.role(end);
        let new = word(&self.text[self.at..end], role);
        self.replace(end, new);
    }

    fn quoted(&mut self) {
        let end = end_of(self.text, self.at + 1, "\"");
        self.role(end);
        let new = quoted(&self.text[self.at..end]);
        self.replace(end, new);
    }

    /// `r"..."`, `r#"..."#`
    fn raw(&mut self) {
        let hashes = self.text[self.at + 1..]
            .bytes()
            .take_while(|b| *b == b'#')
            .count();
        let body = self.at + hashes + 2;
        let closing = format!("\"{}", "#".repeat(hashes));
        let Some(len) = self.text[body..].find(&closing) else {
            self.at = self.text.len();
            return;
        };
        let end = body + len + closing.len();
        self.role(end);
        let new = raw(&self.text[body..body + len], hashes);
        self.replace(end, Some(new));
    }

    /// A raw string of KDL 2.
    fn new_raw(&mut self) {
        let rest = &self.text[self.at..];
        let hashes = rest.bytes().take_while(|byte| *byte == b'#').count();
        let quotes = if rest[hashes..].starts_with("\"\"\"") {
            3
        } else {
            1
        };
        let closing = "\"".repeat(quotes) + &"#".repeat(hashes);
        let body = self.at + hashes + quotes;
        let found = self.text[body..].find(&closing);
        self.at = found.map_or(self.text.len(), |len| body + len + closing.len());
        self.role(self.at);
    }

    /// What the word or string that ends at `end` is.
    fn role(&mut self, end: usize) -> Role {
        let key = self.text[end..].starts_with('=');
        if self.annotation || key {
            return Role::Name;
        }
        if std::mem::replace(&mut self.named, true) {
            Role::Value
        } else {
            Role::Name
        }
    }

    fn replace(&mut self, end: usize, new: Option<String>) {
        self.edits.extend(new.map(|new| (self.at..end, new)));
        self.at = end;
    }
}

/// The number in `/- kdl-version 1`, which may be the first line.
fn version(text: &str) -> Option<(Range<usize>, String)> {
    let line = text.lines().next()?.trim_end();
    let (marker, number) = line.rsplit_once([' ', '\t'])?;
    let marker = marker.trim_start_matches('\u{FEFF}').strip_prefix("/-")?;
    let is_old = marker.trim() == "kdl-version" && number == "1";
    is_old.then(|| (line.len() - 1..line.len(), "2".to_owned()))
}

/// Whether a string follows the `#`s in front, if any.
fn is_quoted(bytes: &[u8]) -> bool {
    let hashes = bytes.iter().take_while(|byte| **byte == b'#').count();
    bytes.get(hashes) == Some(&b'"')
}

/// The place behind the first unescaped `closing` from `at` on, or the text's end.
fn end_of(text: &str, mut at: usize, closing: &str) -> usize {
    while let Some(found) = text[at..].find(['"', '\\']) {
        at += found;
        if text[at..].starts_with(closing) {
            return at + closing.len();
        }
        let escape = text[at..].starts_with('\\');
        let escaped = text[at + 1..].chars().next().filter(|_| escape);
        at += 1 + escaped.map_or(0, char::len_utf8);
    }
    text.len()
}
