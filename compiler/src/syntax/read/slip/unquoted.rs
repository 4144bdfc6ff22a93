//! Words with characters in them that only quotes can hold.

use skep_schema::diagnostic::{Code, Diagnostic};

use super::REACH;
use crate::syntax::bytes::{Glyph, glyph, word_end};
use crate::syntax::faults::{GUESS, quote, short};
use crate::syntax::lex::{Kind, Token, offset};
use crate::syntax::read::entry::Role;
use crate::syntax::read::{OpenNode, Reader};
use crate::syntax::tree::{Shape, WordRow};

impl Reader<'_> {
    /// Reads all up to the next space as the word it was meant to be.
    pub(in crate::syntax::read) fn unquoted(&mut self, start: u32, role: Role) -> (WordRow, Shape) {
        let bytes = self.text.as_bytes();
        let end = unquoted_end(bytes, start as usize, role, self.in_list);
        let token = Token {
            kind: Kind::Word,
            start,
            end: offset(end),
        };
        self.lexer.seek(token.end);
        self.consumed = token.end;
        self.advance();
        let text = self.slice(token);
        // A quote right behind is the mistake then, and it is reported when it is read.
        if bytes.get(end) != Some(&b'"') {
            self.needs_quotes(token, text);
        }
        (self.made(token, text.to_owned()), Shape::Str)
    }

    pub(super) fn needs_quotes(&mut self, token: Token, text: &str) {
        let diagnostic = Diagnostic::new(
            Code::NeedsQuotes,
            self.span(token),
            format!("`{}` needs quotes", short(text)),
        );
        let reference = text.contains("${");
        self.faults.add(if reference {
            diagnostic
                .help("write `(fmt)\"..\"` for a string with `${..}` in it")
                .offer(
                    "quote it",
                    GUESS,
                    vec![(self.span(token), format!("(fmt){}", quote(text)))],
                )
        } else {
            diagnostic
                .help(why_quotes(text))
                .fix("quote it", self.span(token), quote(text))
        });
    }

    /// `{{..}}` without quotes, read as an argument.
    pub(in crate::syntax::read) fn template_braces(&mut self, node: OpenNode) -> bool {
        let start = self.token.start;
        let template = template_end(self.text.as_bytes(), start as usize).is_some();
        if template {
            let (value, shape) = self.unquoted(start, Role::Entry);
            self.add_argument(node, value, shape);
        }
        template
    }
}

fn why_quotes(text: &str) -> &'static str {
    if text.contains("://") {
        "`//` starts a comment outside quotes"
    } else if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        "what starts with a digit is a number unless it is quoted"
    } else {
        "none of `/ \\ ( ) { } [ ] ; \" # =` stands in a word without quotes"
    }
}

/// The end of what was meant as one word: the next space, quote, brace or semicolon, mostly.
fn unquoted_end(bytes: &[u8], start: usize, role: Role, in_list: bool) -> usize {
    let mut at = start;
    loop {
        at = word_end(bytes, at);
        let url = bytes[start..at].ends_with(b":");
        match &bytes[at..] {
            [b'/', b'/', ..] if !url => return at,
            [b'/', b'/', ..] => at += 2,
            [b'[' | b']', ..] if in_list => return at,
            [b'/' | b'#' | b'[' | b']' | b'(' | b')', ..] => at += 1,
            [b'\\', ..] if goes_on(bytes, at + 1) => at += 1,
            [b'=', ..]
                if role == Role::Value || role == Role::Entry && is_url(&bytes[start..at]) =>
            {
                at += 1;
            }
            [b'{', ..] => match template_end(bytes, at) {
                Some(end) => at = end,
                None => return at,
            },
            _ => return at,
        }
    }
}

fn goes_on(bytes: &[u8], at: usize) -> bool {
    at < bytes.len() && matches!(glyph(bytes, at), Glyph::Other(_))
}

fn is_url(bytes: &[u8]) -> bool {
    bytes.windows(3).take(REACH).any(|window| window == b"://")
}

/// How long a `${..}` or `{{..}}` may be, in bytes.
const TEMPLATE: usize = 200;

/// The end of the `${..}` or `{{..}}` whose brace stands at `at`, if its line closes it.
pub(super) fn template_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..bytes.len().min(at + TEMPLATE)];
    let (open, close): (usize, &[u8]) = match rest {
        [b'{', b'{', ..] => (2, b"}}"),
        [b'{', ..] if at > 0 && bytes[at - 1] == b'$' => (1, b"}"),
        _ => return None,
    };
    let stops = |byte: &u8| matches!(byte, b'{' | b'}' | b'"' | b'\n' | b'\r');
    let end = open + rest[open..].iter().position(stops)?;
    rest[end..]
        .starts_with(close)
        .then_some(at + end + close.len())
}
