//! Quotes that are none in KDL 2, quotes that are missing, and words that stick together.

use skep_schema::diagnostic::{Code, Diagnostic};

use super::REACH;
use crate::syntax::bytes::line_end;
use crate::syntax::faults::quote;
use crate::syntax::lex::{Kind, Token, offset};
use crate::syntax::read::entry::{is_string, is_value};
use crate::syntax::read::string::plain;
use crate::syntax::read::{OpenNode, Reader};
use crate::syntax::tree::{Shape, WordRow};

impl Reader<'_> {
    /// At a token without a space before it. Returns whether it was dealt with.
    pub(in crate::syntax::read) fn glued(&mut self, node: OpenNode) -> bool {
        let token = self.token;
        let text = self.slice(token);
        if token.kind == Kind::Word && text.starts_with(',') {
            self.comma_behind(node);
            return true;
        }
        if token.kind == Kind::Word && text.starts_with(':') && self.behind_quote() {
            self.colon_behind_quote();
            return true;
        }
        if !is_value(token.kind) || token.kind == Kind::UnclosedString {
            return false;
        }
        if token.kind == Kind::Keyword && text.bytes().all(|byte| byte == b'#') {
            self.report(
                Code::UnexpectedToken,
                token,
                "more `#` behind the string than before it",
                "remove the surplus",
            );
            self.advance();
            self.spaced = true;
            return true;
        }
        if (is_string(token.kind) || self.behind_quote()) && self.odd_quotes() {
            return true;
        }
        self.missing_space();
        false
    }

    fn behind_quote(&self) -> bool {
        self.text[..self.consumed as usize].ends_with(['"', '#'])
    }

    fn missing_space(&mut self) {
        let token = self.token;
        let gap = self.faults.span(self.consumed, token.start);
        let diagnostic = Diagnostic::new(
            Code::MissingSpace,
            self.span(token),
            "no space before this value",
        )
        .help("put a space between two values")
        .fix("add a space", gap, " ");
        self.faults.add(diagnostic);
    }

    /// Whether the line has a quote too many; then that is reported and the line given up.
    fn odd_quotes(&mut self) -> bool {
        let Some(unclosed) = self.unclosed_ahead() else {
            return false;
        };
        let from = self.consumed;
        let here = Token {
            kind: Kind::UnclosedString,
            start: self.token.start,
            end: unclosed.start + 1,
        };
        let diagnostic = Diagnostic::new(
            Code::UnclosedString,
            self.span(here),
            "a quote is missing on this line, or is one too many",
        )
        .help("strings start and end with a quote, and stand apart from each other")
        .and(self.faults.span(from - 1, from), "what is before ends here");
        self.faults.add(diagnostic);
        self.skip_line();
        true
    }

    fn unclosed_ahead(&self) -> Option<Token> {
        if self.faults.full() {
            return None;
        }
        let mut ahead = self.lexer.clone();
        let limit = self.token.end.saturating_add(offset(REACH));
        loop {
            let token = ahead.next();
            match token.kind {
                Kind::UnclosedString => return Some(token),
                Kind::Newline | Kind::Eof | Kind::LineComment => return None,
                _ if token.end > limit => return None,
                _ => {}
            }
        }
    }

    /// KDL 1's `r"..."` and `r#"..."#`, behind whose `r` the reader is.
    pub(super) fn old_raw(&mut self, letter: Token) -> (WordRow, Shape) {
        let bytes = self.text.as_bytes();
        let start = letter.end as usize;
        let hashes = bytes[start..]
            .iter()
            .take_while(|byte| **byte == b'#')
            .count();
        let body = start + hashes + 1;
        let closing = format!("\"{}", "#".repeat(hashes));
        let Some(len) = closing_quote(
            &bytes[body..bytes.len().min(body + REACH)],
            closing.as_bytes(),
        ) else {
            return (plain(letter), Shape::Str);
        };
        let text = &self.text[body..body + len];
        let end = offset(body + len + closing.len());
        let token = Token { end, ..letter };
        self.consumed = end;
        self.lexer.seek(end);
        self.advance();
        let marks = "#".repeat(hashes.max(1));
        let raw = format!("{marks}\"{text}\"{marks}");
        let diagnostic = Diagnostic::new(
            Code::OldKdl,
            self.span(token),
            "`r\"..\"` is a raw string of KDL 1",
        )
        .help(format!("write `{marks}\"..\"{marks}`"))
        .fix("write a raw string of KDL 2", self.span(token), raw);
        self.faults.add(diagnostic);
        (self.made(token, text.to_owned()), Shape::Str)
    }

    /// A word that starts with a quote of another kind, if its line has the other quote as well.
    pub(super) fn foreign_quotes(&mut self, word: Token) -> (WordRow, Shape) {
        let source = &self.text[word.start as usize..];
        let Some((open, closers)) = quotes(source).filter(|_| word.start >= self.quoteless) else {
            return (plain(word), Shape::Str);
        };
        let line = line_end(&source.as_bytes()[..source.len().min(REACH)], open);
        let found = source.get(open..line).and_then(|line| until(line, closers));
        let Some((text, closer)) = found else {
            self.quoteless = word.start + offset(line);
            return (plain(word), Shape::Str);
        };
        let token = Token {
            end: word.start + offset(open + text.len() + closer.len_utf8()),
            ..word
        };
        self.consumed = token.end;
        self.lexer.seek(token.end);
        self.advance();
        let diagnostic = Diagnostic::new(
            Code::ForeignQuotes,
            self.span(token),
            "only `\"` quotes a string",
        )
        .help("write straight double quotes")
        .fix("write `\"`", self.span(token), quote(text));
        self.faults.add(diagnostic);
        (self.made(token, text.to_owned()), Shape::Str)
    }
}

/// Where the string that `rest` starts in ends on its line.
fn closing_quote(rest: &[u8], closing: &[u8]) -> Option<usize> {
    let quotes = rest.iter().enumerate().filter(|(_, byte)| **byte == b'"');
    let found = quotes
        .map(|(at, _)| at)
        .find(|at| rest[*at..].starts_with(closing))?;
    (line_end(&rest[..found], 0) == found).then_some(found)
}

/// The length of the quote that `source` starts with, and the quotes that may end it.
fn quotes(source: &str) -> Option<(usize, &'static [char])> {
    let closers: &[char] = match source.chars().next()? {
        '\'' => &['\''],
        '\u{2018}' | '\u{201A}' => &['\u{2019}', '\u{2018}'],
        '\u{201C}' | '\u{201D}' | '\u{201E}' => &['\u{201D}', '\u{201C}'],
        '\u{AB}' => &['\u{BB}'],
        _ => return None,
    };
    source
        .chars()
        .next()
        .map(|quote| (quote.len_utf8(), closers))
}

/// The text before the first closer that ends a word.
fn until<'a>(line: &'a str, closers: &[char]) -> Option<(&'a str, char)> {
    line.match_indices(closers).find_map(|(at, closer)| {
        let rest = &line[at + closer.len()..];
        let next = rest.chars().next();
        let ends = rest.starts_with("//")
            || rest.starts_with("/*")
            || next.is_none_or(|next| {
                next.is_whitespace() || matches!(next, ';' | '}' | '{' | ')' | '=')
            });
        let closer = closer.chars().next()?;
        ends.then_some((&line[..at], closer))
    })
}
