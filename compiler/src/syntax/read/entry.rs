//! Arguments and properties.

use skep_schema::diagnostic::{Code, Diagnostic};

use super::{OpenNode, Reader};
use crate::syntax::faults::{quote, short};
use crate::syntax::lex::{Kind, Token};
use crate::syntax::number;
use crate::syntax::tree::{EntryRow, NONE, Shape, WordRow};

/// What a word is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Name,
    Annotation,
    /// An argument, or a property's key when `=` follows.
    Entry,
    /// Behind `=`.
    Value,
}

impl Reader<'_> {
    /// Reads an entry that must stand apart from what is before it.
    pub(super) fn entry_apart(&mut self, node: OpenNode) {
        if self.spaced || !self.glued(node) {
            self.entry(node);
        }
    }

    pub(super) fn entry(&mut self, node: OpenNode) {
        let start = self.token.start;
        let annotation = self.annotation();
        match self.scalar(Role::Entry, node) {
            Some(key) if self.token.kind == Kind::Equals => {
                self.property(node, start, annotation, key);
            }
            Some((value, shape)) => {
                let annotation = self.tree.add_word(annotation);
                self.add_entry(
                    node,
                    EntryRow {
                        start,
                        annotation,
                        key: NONE,
                        value,
                        shape,
                    },
                );
            }
            None if annotation.is_some() => self.empty_annotation(),
            None => self.stray(node),
        }
    }

    fn property(
        &mut self,
        node: OpenNode,
        start: u32,
        misplaced: Option<WordRow>,
        key: (WordRow, Shape),
    ) {
        let key = self.key(key, misplaced);
        let equals = self.take();
        if self.is_next_key() {
            return self.missing_value(key, equals);
        }
        let annotation = self.annotation();
        match self.scalar(Role::Value, node) {
            Some((value, shape)) => {
                let annotation = self.tree.add_word(annotation);
                let key = self.tree.add_word(Some(key));
                self.add_entry(
                    node,
                    EntryRow {
                        start,
                        annotation,
                        key,
                        value,
                        shape,
                    },
                );
            }
            None if annotation.is_some() => self.empty_annotation(),
            None if self.token.kind == Kind::Equals && self.is_one_word(key) => {
                let (value, shape) = self.unquoted(key.start, Role::Value);
                self.add_argument(node, value, shape);
            }
            None => self.missing_value(key, equals),
        }
    }

    fn key(&mut self, (word, shape): (WordRow, Shape), misplaced: Option<WordRow>) -> WordRow {
        let token = Token {
            kind: Kind::Word,
            start: word.start,
            end: word.end,
        };
        if let Some(annotation) = misplaced {
            let wrong = Token {
                kind: Kind::Word,
                start: annotation.start,
                end: annotation.end,
            };
            self.report(
                Code::MalformedAnnotation,
                wrong,
                "a property's key has no type annotation",
                "write it before the value: `key=(type)value`",
            );
        }
        if shape == Shape::Str {
            return word;
        }
        let text = self.slice(token);
        let diagnostic = Diagnostic::new(
            Code::NeedsQuotes,
            self.span(token),
            format!("`{}` as a key needs quotes", short(text)),
        )
        .help("a key is a word or a quoted string")
        .fix("quote it", self.span(token), quote(text));
        self.faults.add(diagnostic);
        self.made(token, text.to_owned())
    }

    pub(super) fn add_argument(&mut self, node: OpenNode, value: WordRow, shape: Shape) {
        let entry = EntryRow {
            start: value.start,
            annotation: NONE,
            key: NONE,
            value,
            shape,
        };
        self.add_entry(node, entry);
    }

    fn add_entry(&mut self, node: OpenNode, entry: EntryRow) {
        self.tree.entries.push(entry);
        let entries = self.tree.entry_count();
        let row = &mut self.tree.nodes[node.row as usize];
        row.entries_end = entries;
        row.head_end = self.consumed;
    }

    /// Whether the next property stands where this one's value should.
    fn is_next_key(&self) -> bool {
        let behind = self.text.as_bytes().get(self.token.end as usize);
        self.spaced && self.token.kind == Kind::Word && behind == Some(&b'=')
    }

    /// Whether the key stands without quotes and all up to the current token without a space.
    fn is_one_word(&self, key: WordRow) -> bool {
        let source = &self.text[key.start as usize..self.token.start as usize];
        key.made == NONE && !source.contains(['"', ' ', '/', '\\'])
    }

    fn missing_value(&mut self, key: WordRow, equals: Token) {
        let name = short(&self.text[key.start as usize..key.end as usize]);
        let token = Token {
            start: key.start,
            ..equals
        };
        match self.token.kind {
            Kind::OpenBracket => {
                let help = format!("a property has one value; write a child node: `{name} a b c`");
                self.report(
                    Code::ListSyntax,
                    token,
                    "a list as a property's value",
                    help,
                );
                self.skip_list();
            }
            Kind::OpenBrace => {
                let help = format!("make `{name}` a node on its own line: `{name} {{ .. }}`");
                self.report(
                    Code::StrayEquals,
                    token,
                    "a block as a property's value",
                    help,
                );
            }
            _ => self.no_value(token, &name),
        }
    }

    fn no_value(&mut self, token: Token, name: &str) {
        let help = "write the value behind `=`, or remove the property";
        self.report(
            Code::KeyWithoutValue,
            token,
            format!("`{name}=` without a value"),
            help,
        );
        if self.token.kind == Kind::Equals {
            self.advance();
            self.spaced = true;
        }
    }

    /// A value as far as one stands here; wrong ones are reported and read as what they likely are.
    pub(super) fn scalar(&mut self, role: Role, node: OpenNode) -> Option<(WordRow, Shape)> {
        match self.token.kind {
            Kind::Word | Kind::Slash => Some(self.bare(role, Some(node))),
            Kind::Number => Some(self.number(role, node)),
            Kind::Keyword => self.keyword(),
            kind if is_string(kind) => Some((self.string(), Shape::Str)),
            _ => None,
        }
    }

    fn number(&mut self, role: Role, node: OpenNode) -> (WordRow, Shape) {
        let token = self.take();
        if self.is_glued(token, role) {
            return self.unquoted(token.start, role);
        }
        let shape = match number::check(self.slice(token)) {
            Ok(number::Form::Int) => Shape::Int,
            Ok(number::Form::Float) => Shape::Float,
            Err(fault) => return self.wrong_number(token, fault, node),
        };
        (super::string::plain(token), shape)
    }

    fn keyword(&mut self) -> Option<(WordRow, Shape)> {
        let token = self.token;
        let shape = match self.slice(token) {
            "#true" => Shape::True,
            "#false" => Shape::False,
            "#null" => Shape::Null,
            "#inf" | "#-inf" | "#nan" => Shape::Float,
            text if text.trim_start_matches('#').is_empty() => {
                self.hash_comment();
                return None;
            }
            text => return Some(self.unknown_keyword(text)),
        };
        self.take();
        Some((super::string::plain(token), shape))
    }

    fn unknown_keyword(&mut self, text: &str) -> (WordRow, Shape) {
        let token = self.take();
        let help = "the keywords are `#true`, `#false`, `#null`, `#inf`, `#-inf` and `#nan`; a comment starts with `//`";
        self.report(
            Code::UnexpectedToken,
            token,
            format!("`{}` is no keyword", short(text)),
            help,
        );
        (self.made(token, text.to_owned()), Shape::Str)
    }

    /// Something that is no entry stands where one could be.
    fn stray(&mut self, node: OpenNode) {
        let token = self.token;
        match token.kind {
            Kind::Equals if self.consumed == self.tree.nodes[node.row as usize].name.end => {
                self.stray_equals();
            }
            Kind::OpenBracket => self.list(node),
            Kind::Newline
            | Kind::LineComment
            | Kind::Semicolon
            | Kind::Eof
            | Kind::OpenBrace
            | Kind::CloseBrace
            | Kind::Slashdash => {}
            _ => {
                let message = format!(
                    "`{}` where a value or the node's end should be",
                    self.slice(token)
                );
                self.report(
                    Code::UnexpectedToken,
                    token,
                    message,
                    "remove it, or put the text it belongs to in quotes",
                );
                self.advance();
                self.spaced = true;
            }
        }
    }
}

pub(super) const fn is_string(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Quoted
            | Kind::Escaped
            | Kind::Raw
            | Kind::Multiline
            | Kind::RawMultiline
            | Kind::UnclosedString
            | Kind::UnclosedMultiline
            | Kind::OldMultiline
    )
}

pub(super) const fn is_value(kind: Kind) -> bool {
    is_string(kind)
        || matches!(
            kind,
            Kind::Word | Kind::Number | Kind::Keyword | Kind::OpenParen | Kind::Slash
        )
}
