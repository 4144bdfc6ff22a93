//! The reference page of the language, made from the table.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::read::Type;
use super::table::{Field, Key, NodeInfo, Overlay, Shape};
use crate::spec::KINDS;

/// A Markdown section for each kind and for every kind inside it, each once, in order of use.
pub fn reference(kinds: &[&'static NodeInfo]) -> String {
    let mut out = String::new();
    for kind in kinds {
        let _ = writeln!(out, "## `{}`\n\n{}\n", kind.word, doc(kind.doc));
        let overlaid = KINDS.iter().any(|known| known.word == kind.word);
        table(&mut out, kind, overlaid.then_some(Key::Name));
        let mut seen = BTreeSet::from([kind.word.to_owned()]);
        let mut open: Vec<(String, &NodeInfo, Key)> = inner(kind.word, kind);
        open.reverse();
        while let Some((path, info, key)) = open.pop() {
            if seen.insert(path.clone()) {
                let _ = writeln!(out, "### `{path}`\n\n{}\n", doc(info.doc));
                table(&mut out, info, overlaid.then_some(key));
                if path.split(' ').count() < DEEPEST {
                    open.extend(inner(&path, info).into_iter().rev());
                }
            }
        }
    }
    out
}

/// Kinds may hold each other; a page ends at this depth.
const DEEPEST: usize = 5;

/// The blocks inside a block, each with what it is known by among others of its word.
fn inner(path: &str, info: &'static NodeInfo) -> Vec<(String, &'static NodeInfo, Key)> {
    let key = |shape: Shape| match shape.overlay() {
        Overlay::Keyed(_, key) => key,
        Overlay::Replace | Overlay::ReplaceAll | Overlay::Entries | Overlay::Inside(_) => Key::None,
    };
    info.fields
        .iter()
        .filter_map(|field| {
            let path = format!("{path} {}", field.word);
            Some((path, field.shape.inner()?, key(field.shape)))
        })
        .collect()
}

/// One row for each field. Where overlays reach the block, its key is given and a column has the
/// rules.
fn table(out: &mut String, info: &NodeInfo, overlaid: Option<Key>) {
    if info.fields.is_empty() {
        return;
    }
    let (title, line) = match overlaid {
        Some(_) => (" overlay |", "---|"),
        None => ("", ""),
    };
    let _ = writeln!(
        out,
        "| | written | meaning | default |{title}\n|---|---|---|---|{line}"
    );
    for (nth, field) in info.fields.iter().enumerate() {
        let default = field.default.map(|d| format!("`{d}`")).unwrap_or_default();
        let rule = overlaid.map(|key| match (is_identity(nth, field, key), rule(field)) {
            (true, _) => " |".to_owned(),
            (false, rule) => format!(" {rule} |"),
        });
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {default} |{}",
            field.word,
            written(field),
            doc(field.doc),
            rule.unwrap_or_default()
        );
    }
    out.push('\n');
}

/// Whether a node is known by the field, so that no overlay changes it.
fn is_identity(nth: usize, field: &Field, key: Key) -> bool {
    match key {
        Key::Name | Key::NameAnd(_) => nth == 0 && matches!(field.shape, Shape::Arg { .. }),
        Key::Prop(word) => field.word == word,
        Key::None => false,
    }
}

/// What an overlay does to a field.
fn rule(field: &Field) -> String {
    match field.shape.overlay() {
        Overlay::Replace => "replaces".to_owned(),
        Overlay::ReplaceAll => "replaces, or `append`".to_owned(),
        Overlay::Entries => "merges by key".to_owned(),
        Overlay::Inside(_) => "merges".to_owned(),
        Overlay::Keyed(info, key) => {
            let name = info.fields.first().map_or("", |field| field.word);
            match key {
                Key::Name | Key::None => format!("merges by `{name}`"),
                Key::NameAnd(and) => format!("merges by `{name}`, then `{and}`"),
                Key::Prop(word) => format!("merges by `{word}`"),
            }
        }
    }
}

fn doc(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

/// How a field is written, in a few words.
pub fn written(field: &Field) -> String {
    match field.shape {
        Shape::Arg { ty, required: true } => format!("argument, {}", type_in_words(ty)),
        Shape::Arg {
            ty,
            required: false,
        } => format!("argument, {}; may be left out", type_in_words(ty)),
        Shape::Args { ty } => format!("all arguments, each {}", type_in_words(ty)),
        Shape::Value { ty, required: true } => format!("{}; required", type_in_words(ty)),
        Shape::Value {
            ty,
            required: false,
        } => type_in_words(ty),
        Shape::Flag => "flag".to_owned(),
        Shape::List { ty } => format!("list of {}", type_in_words(ty)),
        Shape::Set { ty } => format!("list of {}; may be repeated", type_in_words(ty)),
        Shape::Map { ty } => format!("keys with {}", type_in_words(ty)),
        Shape::Node { .. } => "block".to_owned(),
        Shape::Nodes { .. } => "block; may be repeated".to_owned(),
        Shape::Any => "any value".to_owned(),
        Shape::Rest => "everything else".to_owned(),
    }
}

/// A type in a few words.
pub(crate) fn type_in_words(ty: Type) -> String {
    match ty {
        Type::Text => "text, `(fmt)` allowed".to_owned(),
        Type::Str => "text".to_owned(),
        Type::Int => "whole number".to_owned(),
        Type::Bool => "boolean".to_owned(),
        Type::Scalar => "text, number or boolean".to_owned(),
        Type::EnvValue => "text, number, boolean, `(fmt)` or `(secret)`".to_owned(),
        Type::Duration => "duration".to_owned(),
        Type::Bytes => "size".to_owned(),
        Type::Cpu => "share of processors".to_owned(),
        Type::Ratio => "ratio, 0 to 1".to_owned(),
        Type::Mode => "file mode".to_owned(),
        Type::Port => "port".to_owned(),
        Type::Ports => "port or range of ports".to_owned(),
        Type::Name => "name".to_owned(),
        Type::Cidr => "address range".to_owned(),
        Type::Ip => "address".to_owned(),
        Type::Host => "host name".to_owned(),
        Type::UrlPath => "path in a URL".to_owned(),
        Type::Url => "URL".to_owned(),
        Type::Path => "path in the container".to_owned(),
        Type::File => "file of the project".to_owned(),
        Type::Image => "image".to_owned(),
        Type::HeaderName => "header name".to_owned(),
        Type::Cron => "time table".to_owned(),
        Type::Expression => "condition".to_owned(),
        Type::OneOf(words) => words
            .iter()
            .map(|w| format!("`{w}`"))
            .collect::<Vec<_>>()
            .join(", "),
        Type::Ref(kinds) => {
            format!(
                "name of a {}",
                kinds
                    .iter()
                    .map(|k| k.word())
                    .collect::<Vec<_>>()
                    .join(" or ")
            )
        }
        Type::Address => "address of a node, as in `service.api`".to_owned(),
        Type::PortRef => "port, by name or number".to_owned(),
    }
}
