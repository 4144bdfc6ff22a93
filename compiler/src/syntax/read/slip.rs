//! What people write out of habit from other formats and KDL 1, and how KDL 2 says it.

mod list;
mod quotes;
mod unquoted;

use skep_schema::diagnostic::{Code, Diagnostic};

use unquoted::template_end;

use super::entry::{Role, is_string, is_value};
use super::string::plain;
use super::{OpenNode, Reader};
use crate::syntax::bytes::line_end;
use crate::syntax::faults::{GUESS, quote, short};
use crate::syntax::lex::{Kind, Token, offset};
use crate::syntax::number::Fault;
use crate::syntax::tree::{Shape, WordRow};

/// How far a search for the other end of something goes, in bytes, so that many of them stay cheap.
const REACH: usize = 4096;

impl Reader<'_> {
    pub(super) fn bare_name(&mut self) -> WordRow {
        if self.token.kind == Kind::Number {
            let token = self.take();
            return self.unquoted(token.start, Role::Name).0;
        }
        self.bare(Role::Name, None).0
    }

    pub(super) fn bare_annotation(&mut self) -> WordRow {
        self.bare(Role::Annotation, None).0
    }

    /// Takes a word without quotes, or a `/` that starts what should have some.
    pub(super) fn bare(&mut self, role: Role, node: Option<OpenNode>) -> (WordRow, Shape) {
        let token = self.take();
        let text = self.slice(token);
        if token.kind == Kind::Slash || self.is_glued(token, role) {
            return self.unquoted(token.start, role);
        }
        match (text.as_bytes(), self.spaced) {
            ([b't' | b'f' | b'n' | b'i' | b'-', ..], _) if keyword(text).is_some() => {
                self.bare_keyword(token, role)
            }
            ([b'r'], false) if is_string(self.token.kind) => self.old_raw(token),
            ([b'\'' | 0xC2 | 0xE2, ..], _) => self.foreign_quotes(token),
            ([_, .., b':'], _) => (self.colon(token, role), Shape::Str),
            ([_, .., b','], _) => (self.trailing_comma(token, node), Shape::Str),
            _ => (plain(token), Shape::Str),
        }
    }

    /// Whether the word just taken goes on with characters that only quotes can hold.
    pub(super) fn is_glued(&self, word: Token, role: Role) -> bool {
        !self.spaced
            && match self.token.kind {
                Kind::OpenBracket | Kind::CloseBracket => role != Role::Annotation && !self.in_list,
                Kind::Slash | Kind::Keyword | Kind::Backslash | Kind::OpenParen => {
                    role != Role::Annotation
                }
                Kind::Equals => role == Role::Value,
                Kind::OpenBrace => {
                    template_end(self.text.as_bytes(), self.token.start as usize).is_some()
                }
                Kind::LineComment => self.slice(word).ends_with(':') && word.end > word.start + 1,
                _ => false,
            }
    }

    fn bare_keyword(&mut self, token: Token, role: Role) -> (WordRow, Shape) {
        let text = self.slice(token);
        let value = match role {
            Role::Value => true,
            Role::Entry => self.token.kind != Kind::Equals,
            Role::Name | Role::Annotation => false,
        };
        let Some(shape) = keyword(text).filter(|_| value) else {
            let diagnostic = Diagnostic::new(
                Code::NeedsQuotes,
                self.span(token),
                format!("`{text}` as a name needs quotes"),
            )
            .help("the bare word is reserved, so that nobody takes it for the value")
            .fix("quote it", self.span(token), quote(text));
            self.faults.add(diagnostic);
            return (plain(token), Shape::Str);
        };
        let diagnostic = Diagnostic::new(
            Code::BareKeyword,
            self.span(token),
            format!("`{text}` is written `#{text}`"),
        )
        .help(format!(
            "write `#{text}` for the value, `\"{text}\"` for the word"
        ))
        .fix(
            format!("write `#{text}`"),
            self.span(token),
            format!("#{text}"),
        );
        self.faults.add(diagnostic);
        (plain(token), shape)
    }

    /// A word that ends in `:`, as keys do elsewhere.
    fn colon(&mut self, token: Token, role: Role) -> WordRow {
        let text = self.slice(token);
        let word = Token {
            end: token.end - 1,
            ..token
        };
        let colon = self.faults.span(word.end, token.end);
        let diagnostic = Diagnostic::new(
            Code::KeyWithColon,
            self.span(token),
            format!("`{}` ends in a colon", short(text)),
        );
        let diagnostic = match role {
            Role::Name => diagnostic
                .help("a node's name and its value stand side by side, without `:`")
                .fix("remove the `:`", colon, ""),
            Role::Entry if self.token.kind == Kind::Equals => diagnostic
                .help("a property is `key=value`")
                .fix("remove the `:`", colon, ""),
            Role::Entry if is_value(self.token.kind) => {
                let gap = self.faults.span(word.end, self.token.start);
                diagnostic
                    .help("a property is `key=value`; quote the word if the colon belongs to it")
                    .offer("write a property", GUESS, vec![(gap, "=".to_owned())])
            }
            Role::Entry if self.token.kind == Kind::OpenBrace => diagnostic
                .help("a block follows without `:`")
                .fix("remove the `:`", colon, ""),
            Role::Entry | Role::Value | Role::Annotation => return plain(token),
        };
        self.faults.add(diagnostic);
        plain(word)
    }

    /// `"name":`, which is how JSON has it.
    pub(super) fn colon_behind_quote(&mut self) {
        let token = self.token;
        if self.spaced || token.kind != Kind::Word || !self.slice(token).starts_with(':') {
            return;
        }
        let colon = Token {
            end: token.start + 1,
            ..token
        };
        let diagnostic =
            Diagnostic::new(Code::KeyWithColon, self.span(colon), "a `:` behind a name")
                .help("a node's name and its value stand side by side, without `:`")
                .fix(
                    "remove the `:`",
                    self.span(colon),
                    if token.end == colon.end { "" } else { " " },
                );
        self.faults.add(diagnostic);
        self.resume(colon.end);
    }

    /// Goes on right behind something that was skipped, as if a space stood there.
    fn resume(&mut self, at: u32) {
        self.lexer.seek(at);
        self.advance();
        self.spaced = true;
    }

    /// `name = value` and `name = {`.
    pub(super) fn stray_equals(&mut self) {
        let before = self.consumed;
        let equals = self.token;
        self.advance();
        let gap = self.faults.span(before, self.token.start.max(equals.end));
        let diagnostic = Diagnostic::new(
            Code::StrayEquals,
            self.span(equals),
            "a node takes its value without `=`",
        )
        .help("write `name value` or `name { .. }`; `key=value` only stands behind a node's name")
        .fix("remove the `=`", gap, " ");
        self.faults.add(diagnostic);
        self.spaced = true;
    }

    /// `# ...` as a comment.
    pub(super) fn hash_comment(&mut self) {
        let token = self.token;
        let text = self.slice(token);
        let hashes = offset(text.len() - text.trim_start_matches('#').len());
        let marker = Token {
            end: token.start + hashes,
            ..token
        };
        let diagnostic = Diagnostic::new(
            Code::ForeignComment,
            self.span(marker),
            "`#` starts no comment",
        )
        .help("a comment starts with `//`")
        .fix("write `//`", self.span(marker), "//");
        self.faults.add(diagnostic);
        self.resume(offset(line_end(self.text.as_bytes(), token.start as usize)));
    }

    pub(super) fn wrong_number(
        &mut self,
        token: Token,
        fault: Fault,
        node: OpenNode,
    ) -> (WordRow, Shape) {
        let text = self.slice(token);
        if text.ends_with(',') {
            return self.number_with_comma(token, node);
        }
        let word = (plain(token), Shape::Str);
        // A quote right behind is the mistake then, and it is reported when it is read.
        if !self.spaced && is_string(self.token.kind) {
            return word;
        }
        let diagnostic = match fault {
            Fault::NotANumber => {
                self.needs_quotes(token, text);
                return word;
            }
            Fault::TooLarge => Diagnostic::new(
                Code::WrongNumber,
                self.span(token),
                format!("`{}` is too large", short(text)),
            )
            .help("integers have up to 128 bits; quote it if it is no number"),
            Fault::Malformed => self.malformed(token, text),
        };
        self.faults.add(diagnostic);
        word
    }

    fn malformed(&self, token: Token, text: &str) -> Diagnostic {
        let diagnostic = Diagnostic::new(
            Code::WrongNumber,
            self.span(token),
            format!("`{}` is no number", short(text)),
        );
        let whole = text.replacen(
            '.',
            "0.",
            usize::from(text.trim_start_matches(['+', '-']).starts_with('.')),
        );
        let whole = if whole.ends_with('.') {
            format!("{whole}0")
        } else {
            whole
        };
        if whole != text && crate::syntax::number::check(&whole).is_ok() {
            let help = format!("digits stand on both sides of the dot: `{whole}`");
            return diagnostic
                .help(help)
                .fix(format!("write `{whole}`"), self.span(token), whole);
        }
        diagnostic.help("write digits, with `_` only between them, or quote it if it is no number")
    }
}

impl Reader<'_> {
    /// At the end of a dropped node: whether it is the marker of KDL 1.
    pub(super) fn old_version(&mut self, row: u32) {
        let node = self.tree.nodes[row as usize];
        let is =
            |start: u32, end: u32, text: &str| self.text[start as usize..end as usize] == *text;
        let entries = &self.tree.entries[node.entries_start as usize..node.entries_end as usize];
        let first = entries.first().map(|entry| entry.value);
        let old = first.is_some_and(|value| is(value.start, value.end, "1"));
        if row == 0 && old && is(node.name.start, node.name.end, "kdl-version") {
            let token = Token {
                kind: Kind::Word,
                start: node.start,
                end: node.end,
            };
            let help = "write KDL 2 and remove the line, or make it `/- kdl-version 2`";
            self.report(Code::OldKdl, token, "this file says that it is KDL 1", help);
        }
    }
}

/// The value of a reserved word.
fn keyword(text: &str) -> Option<Shape> {
    match text {
        "true" => Some(Shape::True),
        "false" => Some(Shape::False),
        "null" => Some(Shape::Null),
        "inf" | "-inf" | "nan" => Some(Shape::Float),
        _ => None,
    }
}
