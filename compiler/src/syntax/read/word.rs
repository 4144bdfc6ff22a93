//! Names and annotations.

use skep_schema::diagnostic::{Code, Diagnostic};

use super::Reader;
use super::entry::is_string;
use crate::syntax::faults::{GUESS, quote, short};
use crate::syntax::lex::{Kind, Token};
use crate::syntax::tree::WordRow;

impl Reader<'_> {
    /// A node's name, or `None` when what stands here was reported and skipped instead.
    pub(super) fn name(&mut self, annotated: bool) -> Option<WordRow> {
        match self.token.kind {
            Kind::Word | Kind::Number | Kind::Slash => Some(self.bare_name()),
            Kind::UnclosedString | Kind::UnclosedMultiline => {
                Some(self.string()).filter(|word| word.end > word.start + 1)
            }
            kind if is_string(kind) => {
                let word = self.string();
                self.colon_behind_quote();
                Some(word)
            }
            Kind::Keyword => self.keyword_name(),
            Kind::OpenBrace if !annotated => {
                self.nameless_block();
                None
            }
            _ if annotated => {
                self.empty_annotation();
                None
            }
            _ => {
                self.stray_at_node();
                None
            }
        }
    }

    fn keyword_name(&mut self) -> Option<WordRow> {
        let token = self.token;
        let text = self.slice(token);
        if !matches!(
            text,
            "#true" | "#false" | "#null" | "#inf" | "#-inf" | "#nan"
        ) {
            self.hash_comment();
            return None;
        }
        self.take();
        let message = format!("`{text}` is a value, not a node's name");
        let diagnostic = Diagnostic::new(Code::UnexpectedToken, self.span(token), message)
            .help("start the node with its name; quote the word if it is the name")
            .offer("quote it", GUESS, vec![(self.span(token), quote(text))]);
        self.faults.add(diagnostic);
        Some(self.made(token, text.to_owned()))
    }

    fn stray_at_node(&mut self) {
        let token = self.token;
        let help = match token.kind {
            Kind::Semicolon => "remove it: `;` only stands behind a node",
            Kind::OpenBracket => "KDL has no sections in brackets; write `name { .. }`",
            _ => "a node starts with its name",
        };
        let message = format!("`{}` where a node should start", short(self.slice(token)));
        self.report(Code::UnexpectedToken, token, message, help);
        self.advance();
        if token.kind != Kind::Semicolon {
            self.skip_line();
        }
    }

    /// `(name)`, if one stands here.
    pub(super) fn annotation(&mut self) -> Option<WordRow> {
        if self.token.kind != Kind::OpenParen {
            return None;
        }
        let open = self.take();
        let word = match self.token.kind {
            Kind::Word => self.bare_annotation(),
            kind if is_string(kind) => self.string(),
            _ => {
                self.wrong_annotation(open);
                return None;
            }
        };
        if self.token.kind == Kind::CloseParen {
            self.take();
        } else {
            self.unclosed_annotation(open, word);
        }
        Some(word)
    }

    /// Nothing that could be a type stands behind the parenthesis.
    fn wrong_annotation(&mut self, open: Token) {
        let help = "a type annotation is one name: `(fmt)\"..\"`, `(var)param.x`";
        let empty = self.token.kind == Kind::CloseParen;
        let message = if empty {
            "an empty type annotation"
        } else {
            "this is no type annotation"
        };
        let whole = if empty {
            Token {
                end: self.token.end,
                ..open
            }
        } else {
            open
        };
        self.report(Code::MalformedAnnotation, whole, message, help);
        while !ends_annotation(self.token.kind) {
            self.advance();
        }
        if self.token.kind == Kind::CloseParen {
            self.take();
        }
    }

    fn unclosed_annotation(&mut self, open: Token, word: WordRow) {
        let behind = self.faults.span(word.end, word.end);
        let diagnostic = Diagnostic::new(
            Code::MalformedAnnotation,
            self.span(open),
            "this `(` is never closed",
        )
        .help("a type annotation is one name in parentheses")
        .fix("add `)`", behind, ")");
        self.faults.add(diagnostic);
    }

    pub(super) fn empty_annotation(&mut self) {
        let before = Token {
            kind: Kind::CloseParen,
            start: self.consumed.saturating_sub(1),
            end: self.consumed,
        };
        let help = "write what it annotates right behind the `)`";
        self.report(
            Code::MalformedAnnotation,
            before,
            "a type annotation with nothing behind it",
            help,
        );
        self.skip_line();
    }
}

fn ends_annotation(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::CloseParen
            | Kind::Newline
            | Kind::LineComment
            | Kind::Eof
            | Kind::OpenBrace
            | Kind::CloseBrace
            | Kind::Semicolon
    )
}
