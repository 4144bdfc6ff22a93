//! `(fmt)` strings: `${path}` stands for a value, `$${` for `${` itself.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Literal, Part, Template, scalar_text};
use skep_schema::span::{At, Span};

use super::path::look_up;
use super::scope::{Scope, Value};
use crate::context::Context;

/// Fills the paths in; what only the graph knows stays in it as a path.
pub(crate) fn fill(
    cx: &mut Context<'_>,
    scope: &Scope<'_>,
    text: &str,
    source: Source<'_>,
) -> Literal {
    let mut parts = Parts::default();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => parts.text.push_str(text),
            Piece::Path { text, nth } => {
                let span = source.path(nth);
                let value = look_up(cx, scope, text, span);
                parts.value(cx, text, value, span);
            }
            Piece::Unclosed { nth } => {
                parts.unknown = true;
                cx.report(
                    Diagnostic::new(Code::UnclosedPath, source.path(nth), "`${` is not closed")
                        .help("write `}` behind the path, or `$${` for the text `${`"),
                );
            }
        }
    }
    parts.finish()
}

/// A string value as it is spelled, to find the places of the paths in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) spelling: &'a str,
    pub(crate) span: Span,
}

impl Source<'_> {
    /// The place of the nth path, from 0. Escapes keep the number of paths, not their offsets, so
    /// they are counted and not measured.
    fn path(self, nth: usize) -> Span {
        let Some((at, _)) = self.spelling.match_indices("${").nth(nth) else {
            return self.span;
        };
        let rest = &self.spelling[at + 2..];
        let len = rest
            .find(['}', '\n'])
            .unwrap_or(rest.trim_end_matches(['"', '#']).len());
        let offset = |bytes: usize| self.span.start + u32::try_from(bytes).unwrap_or(0);
        Span::new(self.span.file, offset(at + 2), offset(at + 2 + len))
    }
}

enum Piece<'t> {
    Text(&'t str),
    Path { text: &'t str, nth: usize },
    Unclosed { nth: usize },
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    let mut nth = 0;
    while let Some(at) = rest.find("${") {
        let (before, found) = rest.split_at(at);
        if let Some(escaped) = before.strip_suffix('$') {
            all.extend([Piece::Text(escaped), Piece::Text("${")]);
            rest = &found[2..];
        } else {
            all.push(Piece::Text(before));
            let Some(end) = path_end(&found[2..]) else {
                all.push(Piece::Unclosed { nth });
                return all;
            };
            all.push(Piece::Path {
                text: &found[2..2 + end],
                nth,
            });
            rest = &found[end + 3..];
        }
        nth += 1;
    }
    all.push(Piece::Text(rest));
    all
}

/// Where the `}` is that ends a path; one inside quotes belongs to a name.
fn path_end(text: &str) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '}' if !quoted => return Some(at),
            '"' if !escaped => quoted = !quoted,
            '\n' => return None,
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

#[derive(Default)]
struct Parts {
    all: Vec<Part>,
    text: String,
    unknown: bool,
}

impl Parts {
    fn value(&mut self, cx: &mut Context<'_>, path: &str, value: Value, span: Span) {
        match value {
            Value::One(Literal::Unknown) => self.unknown = true,
            Value::One(Literal::Text(template)) => {
                self.flush();
                self.all.extend(template.parts);
            }
            Value::One(Literal::Secret(name)) => {
                self.flush();
                self.all
                    .push(Part::Path(At::new(vec!["secret".to_owned(), name], span)));
            }
            Value::One(literal) => match scalar_text(&literal) {
                Some(text) => self.text.push_str(&text),
                None => self.refuse(cx, path, literal.describe(), span),
            },
            Value::List(_) => self.refuse(cx, path, "a list", span),
            Value::Map(_) => self.refuse(cx, path, "a map", span),
            Value::Absent => self.refuse(cx, path, "a parameter that was not given", span),
        }
    }

    fn refuse(&mut self, cx: &mut Context<'_>, path: &str, what: &str, span: Span) {
        self.unknown = true;
        cx.report(
            Diagnostic::new(
                Code::WrongAnnotation,
                span,
                format!("`{path}` is {what}, not a text"),
            )
            .help("only strings, numbers and booleans can stand in a string"),
        );
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.all
                .push(Part::Text(std::mem::take(&mut self.text).into()));
        }
    }

    fn finish(mut self) -> Literal {
        if self.unknown {
            return Literal::Unknown;
        }
        if self.all.is_empty() {
            return Literal::Str(self.text.into());
        }
        self.flush();
        Literal::Text(Template { parts: self.all })
    }
}
