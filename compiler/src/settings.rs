//! Files that are written like specs and are none: the settings of a program.
//!
//! The same reader and the same kind of table, so that mistakes are told in the same words. Nothing in
//! such a file is evaluated: there are no parameters and no files to take values from.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Arg, Decode, Decoder, Literal, Node};
use skep_schema::span::{Sources, Span};

use crate::expand::{literal, put};
use crate::syntax::{EntryRef, NodeRef, Word, parse};

/// A file as far as it could be understood.
#[derive(Clone, Debug)]
pub struct Settings<T> {
    /// The text that diagnostics point into.
    pub sources: Sources,
    /// What it says; nothing where something is wrong.
    pub value: Option<T>,
    /// In order of place.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a file whose nodes are the fields of one kind.
pub fn read<T: Decode>(path: &str, text: &str) -> Settings<T> {
    let mut sources = Sources::default();
    let file = sources.add(path, text);
    let parsed = parse(file, text.into());
    let mut cx = Decoder {
        diagnostics: parsed.diagnostics,
    };
    let mut root = Node::bare(T::INFO.word, Span::new(file, 0, 0));
    let tops = parsed.document.roots();
    root.children = tops.map(|top| node(&mut cx, top)).collect();
    let decoded = T::decode(&root, &mut cx);
    let mut diagnostics = cx.diagnostics;
    Diagnostic::sort(&mut diagnostics);
    Settings {
        value: decoded.filter(|_| diagnostics.is_empty()),
        sources,
        diagnostics,
    }
}

/// A node and all below it, as written. The reader bounds the depth.
fn node(cx: &mut Decoder, from: NodeRef<'_>) -> Node {
    let mut node = Node::bare(from.name().text, from.name().span);
    node.span = from.head_span();
    if let Some(annotation) = from.annotation() {
        stray(cx, annotation);
    }
    for entry in from.entries() {
        let value = Arg {
            value: value(cx, entry),
            span: entry.value_span(),
        };
        put(&mut node, entry, value);
    }
    node.children = from.children().map(|child| self::node(cx, child)).collect();
    node
}

fn value(cx: &mut Decoder, entry: EntryRef<'_>) -> Literal {
    if let Some(annotation) = entry.annotation() {
        stray(cx, annotation);
        return Literal::Unknown;
    }
    literal(entry).unwrap_or_else(|refused| {
        cx.report(*refused);
        Literal::Unknown
    })
}

fn stray(cx: &mut Decoder, annotation: Word<'_>) {
    let message = format!("`({})` means nothing here", annotation.text);
    cx.report(
        Diagnostic::new(Code::StrayAnnotation, annotation.span, message)
            .help("settings are written out; secrets are read from files that they name"),
    );
}
