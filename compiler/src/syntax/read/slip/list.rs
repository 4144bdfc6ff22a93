//! `[1, 2]` and commas, which KDL has not.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::Span;

use super::REACH;
use crate::syntax::faults::GUESS;
use crate::syntax::lex::{Kind, Token, offset};
use crate::syntax::number;
use crate::syntax::read::entry::is_value;
use crate::syntax::read::string::plain;
use crate::syntax::read::{OpenNode, Reader};
use crate::syntax::tree::{Shape, WordRow};

const HELP: &str = "values stand side by side, with spaces between them: `name 1 2 3`";

impl Reader<'_> {
    /// At a `[` among a node's entries: reads what is in the brackets as arguments.
    pub(in crate::syntax::read) fn list(&mut self, node: OpenNode) {
        let open = self.token;
        let Some((close, edits)) = self.brackets() else {
            self.report(Code::ListSyntax, open, "KDL has no lists in brackets", HELP);
            self.advance();
            self.spaced = true;
            return;
        };
        let whole = self.faults.span(open.start, close.end);
        let diagnostic =
            Diagnostic::new(Code::ListSyntax, whole, "KDL has no lists in brackets").help(HELP);
        let one_line = !self.text[open.start as usize..close.end as usize].contains(['\n', '\r']);
        self.faults.add(if one_line {
            diagnostic.offer("write plain arguments", GUESS, edits)
        } else {
            diagnostic
        });
        self.advance();
        self.in_list = true;
        self.items(node, close);
        self.in_list = false;
    }

    /// Skips a list where no arguments can stand.
    pub(in crate::syntax::read) fn skip_list(&mut self) {
        match self.brackets() {
            Some((close, _)) => self.resume(close.end),
            None => self.skip_line(),
        }
    }

    /// The bracket that closes the one here, and the edits that take brackets and commas away.
    fn brackets(&self) -> Option<(Token, Vec<(Span, String)>)> {
        if self.faults.full() {
            return None;
        }
        let mut ahead = self.lexer.clone();
        let mut edits = vec![(self.span(self.token), String::new())];
        let mut depth = 1;
        let limit = self.token.end.saturating_add(offset(REACH));
        while depth > 0 {
            let token = ahead.next();
            match token.kind {
                Kind::OpenBracket => depth += 1,
                Kind::CloseBracket => depth -= 1,
                Kind::Eof | Kind::OpenBrace | Kind::CloseBrace | Kind::UnclosedString => {
                    return None;
                }
                Kind::Word | Kind::Number => self.commas(token, &mut edits),
                _ if token.end > limit => return None,
                _ => {}
            }
            if matches!(token.kind, Kind::OpenBracket | Kind::CloseBracket) {
                edits.push((self.span(token), String::new()));
            }
            if depth == 0 {
                return Some((token, edits));
            }
        }
        None
    }

    /// Edits for the commas in a word: gone at its end, spaces within.
    fn commas(&self, token: Token, edits: &mut Vec<(Span, String)>) {
        for (at, _) in self.slice(token).match_indices(',').take(REACH) {
            let start = token.start + offset(at);
            let behind = self.text[start as usize + 1..].chars().next();
            let apart = behind.is_none_or(|c| c.is_whitespace() || matches!(c, ']' | ',' | ';'));
            let text = if apart { "" } else { " " };
            edits.push((self.faults.span(start, start + 1), text.to_owned()));
        }
    }

    fn items(&mut self, node: OpenNode, close: Token) {
        while self.token.start < close.start {
            let comma = self.slice(self.token).find(',');
            match self.token.kind {
                Kind::Word | Kind::Number if comma == Some(0) => self.resume(self.token.start + 1),
                Kind::Word | Kind::Number => {
                    self.cut(comma);
                    self.entry(node);
                }
                kind if is_value(kind) => self.entry(node),
                _ => self.advance(),
            }
        }
        if self.token.start == close.start {
            self.resume(close.end);
        }
    }

    /// Ends the current token before its comma.
    fn cut(&mut self, comma: Option<usize>) {
        if let Some(comma) = comma {
            self.token.end = self.token.start + offset(comma);
            self.lexer.seek(self.token.end + 1);
        }
    }

    /// At a word that starts with a comma, right behind a value.
    pub(super) fn comma_behind(&mut self, node: OpenNode) {
        let comma = Token {
            end: self.token.start + 1,
            ..self.token
        };
        self.report_commas(comma, Some(node));
        self.resume(comma.end);
    }

    /// A word that ends in a comma; only a mistake when a value follows.
    pub(super) fn trailing_comma(&mut self, token: Token, node: Option<OpenNode>) -> WordRow {
        if !self.spaced || !is_value(self.token.kind) {
            return plain(token);
        }
        self.report_commas(
            Token {
                start: token.end - 1,
                ..token
            },
            node,
        );
        plain(Token {
            end: token.end - 1,
            ..token
        })
    }

    pub(super) fn number_with_comma(&mut self, token: Token, node: OpenNode) -> (WordRow, Shape) {
        self.report_commas(
            Token {
                start: token.end - 1,
                ..token
            },
            Some(node),
        );
        let number = Token {
            end: token.end - 1,
            ..token
        };
        let shape = match number::check(self.slice(number)) {
            Ok(number::Form::Int) => Shape::Int,
            Ok(number::Form::Float) => Shape::Float,
            Err(_) => Shape::Str,
        };
        (plain(number), shape)
    }

    /// Reports the first of a node's commas, with an edit for all of them.
    fn report_commas(&mut self, comma: Token, node: Option<OpenNode>) {
        let row = node.map_or(crate::syntax::tree::NONE, |node| node.row);
        if node.is_some() && self.comma_node == row {
            return;
        }
        self.comma_node = row;
        let diagnostic = Diagnostic::new(
            Code::ListSyntax,
            self.span(comma),
            "no commas between values",
        )
        .help(HELP)
        .offer("remove the commas", GUESS, self.commas_ahead(comma));
        self.faults.add(diagnostic);
    }

    fn commas_ahead(&self, first: Token) -> Vec<(Span, String)> {
        let mut edits = Vec::new();
        if self.faults.full() {
            return edits;
        }
        self.commas(first, &mut edits);
        let mut ahead = self.lexer.clone();
        ahead.seek(first.end);
        loop {
            let token = ahead.next();
            match token.kind {
                Kind::Newline
                | Kind::Eof
                | Kind::Semicolon
                | Kind::OpenBrace
                | Kind::CloseBrace => return edits,
                _ if token.end > first.end + offset(REACH) => return edits,
                Kind::Word | Kind::Number => self.commas(token, &mut edits),
                _ => {}
            }
        }
    }
}
