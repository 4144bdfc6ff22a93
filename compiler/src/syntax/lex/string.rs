//! The tokens that start with a quote or a hash.

use super::super::bytes::{blank_end, line_end, quoted_stop, word_end};
use super::{Kind, Lexer};

/// How far, in bytes, the end of a string of KDL 1 is looked for.
const REACH: usize = 4096;

impl Lexer<'_> {
    pub(super) fn quoted(&mut self) -> Kind {
        if self.bytes[self.at..].starts_with(b"\"\"\"") {
            return self.triple();
        }
        let start = self.at;
        self.at += 1;
        let mut kind = Kind::Quoted;
        loop {
            self.at = quoted_stop(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => return self.single(kind),
                Some(b'\\') => {
                    kind = Kind::Escaped;
                    self.escape();
                }
                _ => return self.unclosed_quoted(start),
            }
        }
    }

    /// At the line end that an open string meets.
    fn unclosed_quoted(&mut self, start: usize) -> Kind {
        let Some(end) = self.old_multiline_end() else {
            return self.unclosed(start, start + 1, self.at);
        };
        self.at = end;
        Kind::OldMultiline
    }

    /// The end of what may be a string of several lines in KDL 1: the next line with a quote has an
    /// odd number of them, and the first stands behind the text.
    fn old_multiline_end(&self) -> Option<usize> {
        let quote = self.at
            + self.bytes[self.at..]
                .iter()
                .take(REACH)
                .position(|byte| *byte == b'"')?;
        let line = line_end(self.bytes, quote);
        let quotes = self.bytes[quote..line]
            .iter()
            .filter(|byte| **byte == b'"')
            .count();
        let before = self.bytes[self.at..quote]
            .rsplit(|byte| *byte == b'\n')
            .next()?;
        let opens = before.contains(&b'=') || before.ends_with(b" ");
        let alone = before.trim_ascii().is_empty();
        (quotes == 1 && (alone || !opens)).then_some(quote + 1)
    }

    /// Skips `\` and what it escapes: all blanks after it, or one character.
    fn escape(&mut self) {
        let after = self.at + 1;
        let blanks = blank_end(self.bytes, after);
        self.at = match self.bytes.get(after) {
            Some(b'\\' | b'"') => after + 1,
            _ => blanks,
        };
    }

    fn triple(&mut self) -> Kind {
        let start = self.at;
        let body = start + 3;
        let line = line_end(self.bytes, body);
        if let Some(end) = self.triple_end(body, line) {
            self.at = end;
            return Kind::Multiline;
        }
        if line != body && self.no_triple {
            return self.unclosed(start, body, line);
        }
        if let Some(end) = self.triple_end(line, self.bytes.len()) {
            self.at = end;
            return Kind::Multiline;
        }
        self.no_triple = true;
        if line != body {
            return self.unclosed(start, body, line);
        }
        self.at = self.bytes.len();
        Kind::UnclosedMultiline
    }

    /// The place behind the first unescaped `"""` between `from` and `to`.
    fn triple_end(&self, from: usize, to: usize) -> Option<usize> {
        let mut at = from;
        while at < to {
            match &self.bytes[at..to] {
                [b'\\', _, ..] => at += 2,
                [b'"', b'"', b'"', ..] => return Some(at + 3),
                _ => at += 1,
            }
        }
        None
    }

    pub(super) fn hash(&mut self) -> Kind {
        let start = self.at;
        let hashes = self.bytes[start..]
            .iter()
            .take_while(|byte| **byte == b'#')
            .count();
        let quote = start + hashes;
        if self.bytes[quote..].starts_with(b"\"\"\"") {
            return self.raw_triple(start, quote + 3, hashes);
        }
        if self.bytes.get(quote) == Some(&b'"') {
            return self.raw(start, quote + 1, hashes);
        }
        self.at = word_end(self.bytes, quote);
        Kind::Keyword
    }

    fn raw(&mut self, start: usize, body: usize, hashes: usize) -> Kind {
        let line = line_end(self.bytes, body);
        match raw_end(self.bytes, body, line, 1, hashes) {
            Some(end) => {
                self.at = end;
                Kind::Raw
            }
            None => self.unclosed(start, body, line),
        }
    }

    fn raw_triple(&mut self, start: usize, body: usize, hashes: usize) -> Kind {
        let line = line_end(self.bytes, body);
        let limit = if line == body { self.bytes.len() } else { line };
        if let Some(end) = raw_end(self.bytes, body, limit, 3, hashes) {
            self.at = end;
            return Kind::RawMultiline;
        }
        if line != body {
            return self.unclosed(start, body, line);
        }
        self.at = limit;
        Kind::UnclosedMultiline
    }

    /// Ends a string that nothing closes up to the line end at `line`: there, but before the braces
    /// at its end that have no partner inside, for they are far more often meant as braces.
    fn unclosed(&mut self, start: usize, body: usize, line: usize) -> Kind {
        let braces = body + outer_braces(&self.bytes[body..line]);
        self.at = trim_end(self.bytes, start + 1, braces);
        Kind::UnclosedString
    }
}

/// The place behind the first run of `quotes` quotes and `hashes` hashes between `from` and `to`.
fn raw_end(bytes: &[u8], from: usize, to: usize, quotes: usize, hashes: usize) -> Option<usize> {
    let mut at = from;
    while at < to {
        if bytes[at] != b'"' {
            at += 1;
            continue;
        }
        let found = run(&bytes[at..to], b'"');
        let tail = run(&bytes[at + found..to], b'#');
        if found >= quotes && tail >= hashes {
            return Some(at + found + hashes);
        }
        at += found + tail;
    }
    None
}

fn run(bytes: &[u8], wanted: u8) -> usize {
    bytes.iter().take_while(|byte| **byte == wanted).count()
}

/// Where the braces without a partner at the end of `rest` begin, or its length.
fn outer_braces(rest: &[u8]) -> usize {
    let mut begin = rest.len();
    let mut surplus = surplus(rest);
    for (at, byte) in rest.iter().enumerate().rev() {
        match byte {
            b'}' if surplus < 0 => {
                surplus += 1;
                begin = at;
            }
            b'{' if surplus > 0 && begin == rest.len() => return at,
            b' ' | b'\t' | b';' => {}
            _ => break,
        }
    }
    begin
}

/// Opening braces minus closing ones.
fn surplus(rest: &[u8]) -> isize {
    rest.iter().fold(0, |sum, byte| match byte {
        b'{' => sum + 1,
        b'}' => sum - 1,
        _ => sum,
    })
}

fn trim_end(bytes: &[u8], from: usize, to: usize) -> usize {
    let kept = bytes[from..to]
        .iter()
        .rposition(|byte| !matches!(byte, b' ' | b'\t' | b';'));
    kept.map_or(from, |last| from + last + 1)
}
