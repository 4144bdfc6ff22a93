//! The shape of a text: what is declared in it, what can be folded, what lies around a place.

use std::ops::Range;

use super::meaning::Meaning;
use super::mention::range;
use crate::expand::label;
use crate::syntax::{Document, NodeRef, parse};
use skep_schema::span::FileId;

/// A node as a list of them shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// `api`, or the word where it has no name.
    pub name: String,
    /// The word it begins with.
    pub word: String,
    /// All of it.
    pub whole: Range<usize>,
    /// What to show when it is chosen.
    pub head: Range<usize>,
    pub inner: Vec<Symbol>,
}

/// The tree of a text, whatever is in it.
pub fn tree(text: &str) -> Document {
    parse(FileId(0), text.into()).document
}

/// The blocks of a text that the language knows, those inside others too.
pub fn outline(document: &Document) -> Vec<Symbol> {
    let roots = document.roots();
    roots
        .map(|root| symbol(root, Meaning::of_root(root)))
        .collect()
}

fn symbol(node: NodeRef<'_>, meaning: Meaning) -> Symbol {
    let word = node.name().text.to_owned();
    let name = match meaning {
        Meaning::Overlay(_) => overlaid(node),
        Meaning::Block(_)
        | Meaning::Body(_)
        | Meaning::Value(_)
        | Meaning::Entry(_)
        | Meaning::Unknown => label(node).map(str::to_owned),
    };
    let inner = node.children().filter_map(|child| {
        let meaning = meaning.of_child(child);
        let info = meaning.info();
        info.map(|_| symbol(child, meaning))
    });
    Symbol {
        name: name
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| word.clone()),
        word,
        whole: range(node.span()),
        head: range(node.head_span()),
        inner: inner.collect(),
    }
}

/// `service api` of `patch service api`.
fn overlaid(node: NodeRef<'_>) -> Option<String> {
    let kind = label(node)?;
    let name = node
        .args()
        .nth(1)
        .map(|arg| arg.spelling().trim_matches('"'));
    Some(name.map_or_else(|| kind.to_owned(), |name| format!("{kind} {name}")))
}

/// What can be folded: blocks and comments of several lines, from the line that stays.
pub fn folds(document: &Document) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Vec<NodeRef<'_>> = document.roots().collect();
    while let Some(node) = open.pop() {
        if let Some(span) = node.children_span() {
            let start = node.head_span().start as usize;
            found.push(start..span.end as usize);
        }
        open.extend(node.children());
    }
    found.extend(comments(document.text()));
    found.retain(|fold| document.text()[fold.clone()].contains('\n'));
    found.sort_by_key(|fold| (fold.start, fold.end));
    found
}

/// Lines of comment that follow each other.
fn comments(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.trim_end().len();
        if line.trim_start().starts_with("//") {
            match found
                .last_mut()
                .filter(|last| text[last.end..at].trim().is_empty())
            {
                Some(last) if text[last.end..at].matches('\n').count() == 1 => last.end = end,
                Some(_) | None => found.push(at..end),
            }
        }
        at += line.len();
    }
    found
}

/// What lies around a place, the smallest first: a value, an entry, a head, a node, a block, and so
/// on outwards.
pub fn selection(document: &Document, offset: usize) -> Vec<Range<usize>> {
    let whole = 0..document.text().len();
    let mut found = Vec::from([whole]);
    let mut nodes = document.roots();
    while let Some(node) = nodes
        .by_ref()
        .find(|node| holds(&range(node.span()), offset))
    {
        found.push(range(node.span()));
        let block = node.children_span().map(range);
        if let Some(block) = block.filter(|block| holds(block, offset)) {
            found.push(block.clone());
            found.push(block.start + 1..block.end.saturating_sub(1).max(block.start + 1));
            nodes = node.children();
            continue;
        }
        found.push(range(node.head_span()));
        found.push(range(node.name().span));
        for entry in node.entries() {
            found.push(range(entry.span()));
            found.push(range(entry.value_span()));
            found.push(super::mention::inside(entry));
        }
        break;
    }
    found.retain(|range| holds(range, offset));
    found.sort_by_key(|range| (range.len(), range.start));
    found.dedup();
    found
}

fn holds(range: &Range<usize>, offset: usize) -> bool {
    range.start <= offset && offset <= range.end
}
