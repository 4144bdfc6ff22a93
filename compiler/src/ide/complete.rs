//! What could stand at a place.

mod name;
mod value;
mod word;

use std::ops::Range;

use skep_schema::lang::Shape;
use skep_schema::span::FileId;

use super::Index;
use super::meaning::Meaning;
use super::spot::{Part, Spot};
use crate::Memory;
use crate::expand::label;
use crate::syntax::{EntryRef, NodeRef, Scalar, parse};
use name::Names;
pub(super) use name::about_param;

/// One thing that could be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    pub label: String,
    pub sort: Offered,
    /// What it is, in a few words.
    pub detail: String,
    /// What is written.
    pub text: String,
    /// The same with places to fill in: `${1:NAME}`, and `$0` for the cursor.
    pub snippet: Option<String>,
    /// What [`super::document`] knows it under; empty for a name.
    pub topic: String,
}

/// What sort of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offered {
    /// A node of the language.
    Block,
    Property,
    Choice,
    /// A node, a port or a file that is there.
    Reference,
    Param,
    Component,
}

/// What could stand in a text, and which bytes it would take the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insert {
    pub at: Range<usize>,
    pub all: Vec<Completion>,
}

/// A word that nobody writes: the text is read with it at the cursor, so that the tree tells what
/// stands there.
const MARK: &str = "skep0cursor0mark";

/// Looks at a place of a text. `memory` knows the nodes that components make.
pub fn complete(
    index: &Index,
    memory: &Memory,
    environment: Option<&str>,
    text: &str,
    offset: usize,
) -> Insert {
    let at = word_at(text, offset);
    let marked = format!("{}{MARK}{}", &text[..at.start], &text[at.end..]);
    let document = parse(FileId(0), marked.into()).document;
    let spot = Spot::of(&document, at.start + 1);
    let names = Names {
        index,
        memory,
        environment,
        typed: &text[at.start..offset],
    };
    let mut all = offered(&names, &spot);
    // Inside quotes there are no others.
    if text[..at.start].ends_with('"') {
        for one in &mut all {
            one.text = one.text.trim_matches('"').to_owned();
        }
    }
    Insert { at, all }
}

/// The word around a place, as far as one that could be completed goes.
fn word_at(text: &str, offset: usize) -> Range<usize> {
    let belongs = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '*' | ':');
    let before = &text[..offset];
    let after = &text[offset..];
    let start = before.trim_end_matches(belongs).len();
    // What begins with `#` is a keyword.
    let start = start - usize::from(before[..start].ends_with('#'));
    start..offset + (after.len() - after.trim_start_matches(belongs).len())
}

fn offered(names: &Names<'_>, spot: &Spot<'_>) -> Vec<Completion> {
    let Some(((node, meaning), around)) = spot.split() else {
        return Vec::new();
    };
    match spot.part {
        Part::Name => word::words(names, node, around),
        Part::Annotation => value::annotations(),
        Part::Key(entry) => {
            let is_mark = entry.key().is_some_and(|key| key.text.contains(MARK));
            if is_mark {
                word::properties(names, node, meaning, Form::Bare)
            } else {
                Vec::new()
            }
        }
        Part::Value(entry) => at_value(names, node, meaning, around, entry),
        Part::Gap => Vec::new(),
    }
}

/// Whether `=` stands behind a key already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Bare,
    WithValue,
}

fn at_value(
    names: &Names<'_>,
    node: NodeRef<'_>,
    meaning: Meaning,
    around: &[(NodeRef<'_>, Meaning)],
    entry: EntryRef<'_>,
) -> Vec<Completion> {
    match entry.annotation().map(|word| word.text) {
        Some("var" | "spread") => return names.paths(node, around),
        Some("secret") => return names.nodes(&[skep_schema::address::Kind::Secret]),
        Some("fmt") if in_braces(entry) => return names.paths(node, around),
        Some(_) => return Vec::new(),
        None => {}
    }
    let outer = around.last().map(|(node, _)| *node);
    if let Some(found) = names.of_structure(node, outer, entry) {
        return found;
    }
    let field = meaning.field_of(node, entry);
    let mut all = match field {
        Some(field) => names.values(field, meaning.type_of(node, entry), node, around),
        None => Vec::new(),
    };
    // A bare word may also be a flag, or become the key of a property.
    let is_fixed =
        field.is_some_and(|field| matches!(field.shape, Shape::Arg { required: true, .. }));
    if entry.key().is_none() && entry.is_bare() && !is_fixed {
        all.extend(word::properties(names, node, meaning, Form::WithValue));
    }
    all
}

/// Whether the cursor is between `${` and `}` of a text.
fn in_braces(entry: EntryRef<'_>) -> bool {
    let text = entry.spelling();
    let before = text.split(MARK).next().unwrap_or_default();
    before
        .rfind("${")
        .is_some_and(|open| !before[open..].contains('}'))
}

/// The first argument where it is written out and not the cursor's.
fn labelled(node: NodeRef<'_>) -> Option<&str> {
    label(node).filter(|name| !name.contains(MARK))
}

fn text_of(entry: EntryRef<'_>) -> Option<&str> {
    match entry.value() {
        Scalar::Str(text) if !text.contains(MARK) => Some(text),
        Scalar::Str(_) | Scalar::Int(_) | Scalar::Float(..) | Scalar::Bool(_) | Scalar::Null => {
            None
        }
    }
}
