//! The tokens that start with a quote or a hash.

use super::super::bytes::{Glyph, blank_end, glyph, line_end, quoted_stop, word_end};
use super::{Kind, Lexer};

/// How far, in bytes, the end of a string of KDL 1 is looked for.
pub(in crate::syntax) const REACH: usize = 4096;

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

    /// The end of what may be a string of several lines in KDL 1: the next line with a quote has just
    /// one, and it stands behind the text.
    fn old_multiline_end(&self) -> Option<usize> {
        let quote = self.at
            + self.bytes[self.at..]
                .iter()
                .take(REACH)
                .position(|byte| *byte == b'"')?;
        let line = line_end(self.bytes, quote);
        let single = !self.bytes[quote + 1..line].contains(&b'"');
        let before = self.bytes[self.at..quote]
            .rsplit(|byte| *byte == b'\n')
            .next()?;
        let opens = before.contains(&b'=') || before.ends_with(b" ");
        let alone = before.trim_ascii().is_empty();
        (single && (alone || !opens)).then_some(quote + 1)
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
        let proper = starts_line_end(self.bytes, body);
        let found = if proper {
            Err(body)
        } else {
            self.triple_end(body, Lines::One)
        };
        match found {
            Ok(end) => self.end(end, Kind::Multiline),
            Err(line) if self.no_triple && !proper => self.unclosed(start, body, line),
            Err(line) => self.triple_below(start, line, proper),
        }
    }

    /// A `"""` whose line does not close it.
    fn triple_below(&mut self, start: usize, line: usize, proper: bool) -> Kind {
        match self.triple_end(line, Lines::All) {
            Ok(end) => self.end(end, Kind::Multiline),
            Err(end) if proper => self.end(end, Kind::UnclosedMultiline),
            Err(_) => {
                self.no_triple = true;
                self.unclosed(start, start + 3, line)
            }
        }
    }

    /// The place behind the first unescaped `"""` from `at` on, or the place where the search ended.
    fn triple_end(&self, mut at: usize, lines: Lines) -> Result<usize, usize> {
        loop {
            at = quoted_stop(self.bytes, at);
            match &self.bytes[at..] {
                [b'"', b'"', b'"', ..] => return Ok(at + 3),
                [b'"', ..] => at += 1,
                [b'\\', ..] => {
                    at += 1 + usize::from(matches!(self.bytes.get(at + 1), Some(b'\\' | b'"')));
                }
                [_, ..] if lines == Lines::All => at += 1,
                _ => return Err(at),
            }
        }
    }

    fn end(&mut self, end: usize, kind: Kind) -> Kind {
        self.at = end;
        kind
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
        match raw_end(self.bytes, body, Lines::One, 1, hashes) {
            Ok(end) => self.end(end, Kind::Raw),
            Err(line) => self.unclosed(start, body, line),
        }
    }

    fn raw_triple(&mut self, start: usize, body: usize, hashes: usize) -> Kind {
        let proper = starts_line_end(self.bytes, body);
        let lines = if proper { Lines::All } else { Lines::One };
        match raw_end(self.bytes, body, lines, 3, hashes) {
            Ok(end) => self.end(end, Kind::RawMultiline),
            Err(end) if proper => self.end(end, Kind::UnclosedMultiline),
            Err(line) => self.unclosed(start, body, line),
        }
    }

    /// Ends a string that nothing closes up to the line end at `line`: there, but before the braces
    /// at its end that have no partner inside, for they are far more often meant as braces.
    fn unclosed(&mut self, start: usize, body: usize, line: usize) -> Kind {
        let braces = body + outer_braces(&self.bytes[body..line]);
        self.at = trim_end(self.bytes, start + 1, braces);
        Kind::UnclosedString
    }
}

/// Whether a search ends with the line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    All,
}

/// The place behind the first run of `quotes` quotes and `hashes` hashes from `at` on, or the place
/// where the search ended.
fn raw_end(
    bytes: &[u8],
    mut at: usize,
    lines: Lines,
    quotes: usize,
    hashes: usize,
) -> Result<usize, usize> {
    loop {
        at = quoted_stop(bytes, at);
        match bytes.get(at) {
            Some(b'"') => {
                let found = run(&bytes[at..], b'"');
                let tail = run(&bytes[at + found..], b'#');
                if found >= quotes && tail >= hashes {
                    return Ok(at + found + hashes);
                }
                at += found + tail;
            }
            Some(b'\\') => at += 1,
            Some(_) if lines == Lines::All => at += 1,
            _ => return Err(at),
        }
    }
}

/// Whether a line end, or the text's, stands at `at`.
fn starts_line_end(bytes: &[u8], at: usize) -> bool {
    at == bytes.len() || matches!(glyph(bytes, at), Glyph::Newline(_))
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
