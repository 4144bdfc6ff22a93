//! Cuts a text into tokens. Every byte belongs to exactly one token, whatever the text is.

mod string;

pub(super) use string::REACH;

use super::bytes::{Glyph, glyph, line_end, space_end, word_end};

/// What a token is. `Unclosed…` ones lack their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Eof,
    Space,
    Newline,
    LineComment,
    BlockComment,
    UnclosedComment,
    /// `\` outside a string; continues a line when only spaces and comments follow.
    Backslash,
    /// A bare word that cannot be a number.
    Word,
    /// Starts as a number does; whether it is one is for [`super::number`] to say.
    Number,
    /// `#` and a word, known or not; the word is empty for a lone `#`.
    Keyword,
    /// `"..."` without a backslash.
    Quoted,
    /// `"..."` with at least one backslash.
    Escaped,
    /// `"""`
    Multiline,
    /// `#"..."#`
    Raw,
    /// `#"""`
    RawMultiline,
    /// Ends with its line, before braces that are likely meant as such.
    UnclosedString,
    /// Ends with the text.
    UnclosedMultiline,
    /// `"..."` over several lines, as KDL 1 had it.
    OldMultiline,
    OpenParen,
    CloseParen,
    OpenBrace,
    CloseBrace,
    OpenBracket,
    CloseBracket,
    Equals,
    Semicolon,
    Slashdash,
    /// A `/` that starts no comment.
    Slash,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: u32,
    pub end: u32,
}

/// Hands out the tokens of a text one by one, [`Kind::Eof`] for ever at the end.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
    /// No `"""` stands from here on; keeps the search for one linear.
    no_triple: bool,
}

impl<'a> Lexer<'a> {
    /// Starts behind a byte order mark, if there is one. The text must be shorter than 4 GiB.
    pub(crate) fn new(text: &'a str) -> Self {
        let at = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
        Self {
            bytes: text.as_bytes(),
            at,
            no_triple: false,
        }
    }

    /// Goes on at `offset`, which must lie on a character's start.
    pub(crate) fn seek(&mut self, offset: u32) {
        self.at = offset as usize;
    }

    /// Skips spaces without making a token of them. Whether there were any.
    pub(crate) fn skip_spaces(&mut self) -> bool {
        let start = self.at;
        self.at = space_end(self.bytes, start);
        self.at > start
    }

    pub(crate) fn next(&mut self) -> Token {
        let start = self.at;
        let kind = match self.bytes.get(start) {
            Some(&byte) => self.token(byte),
            None => Kind::Eof,
        };
        Token {
            kind,
            start: offset(start),
            end: offset(self.at),
        }
    }

    fn token(&mut self, byte: u8) -> Kind {
        match byte {
            b'\\' => self.single(Kind::Backslash),
            b'(' => self.single(Kind::OpenParen),
            b')' => self.single(Kind::CloseParen),
            b'{' => self.single(Kind::OpenBrace),
            b'}' => self.single(Kind::CloseBrace),
            b'[' => self.single(Kind::OpenBracket),
            b']' => self.single(Kind::CloseBracket),
            b'=' => self.single(Kind::Equals),
            b';' => self.single(Kind::Semicolon),
            b'/' => self.slash(),
            b'"' => self.quoted(),
            b'#' => self.hash(),
            b' ' => self.space(),
            b'\n' => self.single(Kind::Newline),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'-' | b'.' => self.word(byte),
            _ => self.rare(byte),
        }
    }

    fn space(&mut self) -> Kind {
        self.at = space_end(self.bytes, self.at);
        Kind::Space
    }

    fn word(&mut self, first: u8) -> Kind {
        let start = self.at;
        self.at = word_end(self.bytes, start);
        match first {
            b'0'..=b'9' => Kind::Number,
            b'+' | b'-' | b'.' if starts_number(&self.bytes[start..self.at]) => Kind::Number,
            _ => Kind::Word,
        }
    }

    fn single(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    fn rare(&mut self, first: u8) -> Kind {
        match glyph(self.bytes, self.at) {
            Glyph::Space(_) => self.space(),
            Glyph::Newline(len) => {
                self.at += len;
                Kind::Newline
            }
            Glyph::Other(_) => self.word(first),
        }
    }

    fn slash(&mut self) -> Kind {
        match self.bytes.get(self.at + 1) {
            Some(b'/') => {
                self.at = line_end(self.bytes, self.at);
                Kind::LineComment
            }
            Some(b'*') => self.block_comment(),
            Some(b'-') => {
                self.at += 2;
                Kind::Slashdash
            }
            _ => self.single(Kind::Slash),
        }
    }

    fn block_comment(&mut self) -> Kind {
        let mut depth = 1u32;
        self.at += 2;
        while depth > 0 {
            match &self.bytes[self.at..] {
                [b'*', b'/', ..] => {
                    depth -= 1;
                    self.at += 2;
                }
                [b'/', b'*', ..] => {
                    depth += 1;
                    self.at += 2;
                }
                [] => return Kind::UnclosedComment,
                [_, ..] => self.at += 1,
            }
        }
        Kind::BlockComment
    }
}

/// Whether a sign or dot, or both, stand in front of a digit.
fn starts_number(word: &[u8]) -> bool {
    let unsigned = word
        .strip_prefix(b"-")
        .or_else(|| word.strip_prefix(b"+"))
        .unwrap_or(word);
    let digits = unsigned.strip_prefix(b".").unwrap_or(unsigned);
    digits.first().is_some_and(u8::is_ascii_digit)
}

/// Texts above [`super::MAX_BYTES`] are never cut, so offsets fit.
pub(crate) fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("a source text is smaller than 4 GiB")
}
