//! What a place in a text is.

use std::ops::Range;

use super::meaning::Meaning;
use super::mention::range;
use crate::syntax::{Document, EntryRef, NodeRef};

/// A node, and what it is by the table.
pub(super) type Known<'d> = (NodeRef<'d>, Meaning);

/// A place, with the nodes around it.
#[derive(Debug)]
pub(super) struct Spot<'d> {
    /// The outermost first; the last is the node that the place is in the head of, or in the block of.
    pub(super) chain: Vec<Known<'d>>,
    pub(super) part: Part<'d>,
}

/// The part of a node that a place is in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'d> {
    Name,
    /// The name in the parentheses before a value.
    Annotation,
    Key(EntryRef<'d>),
    Value(EntryRef<'d>),
    /// Between nodes, in a block or at the top.
    Gap,
}

impl<'d> Spot<'d> {
    pub(super) fn of(document: &'d Document, offset: usize) -> Self {
        let mut chain = Vec::new();
        let mut level = document.roots();
        while let Some(node) = level
            .by_ref()
            .find(|node| holds(&range(node.span()), offset))
        {
            let outer: Option<&(NodeRef<'_>, Meaning)> = chain.last();
            let meaning = outer.map_or_else(
                || Meaning::of_root(node),
                |(_, meaning)| meaning.of_child(node),
            );
            chain.push((node, meaning));
            let block = node.children_span().map(range);
            if block.is_none_or(|block| offset <= block.start || block.end <= offset) {
                let part = part(node, offset);
                return Self { chain, part };
            }
            level = node.children();
        }
        Self {
            chain,
            part: Part::Gap,
        }
    }

    /// The node at hand, and those around it.
    pub(super) fn split(&self) -> Option<(Known<'d>, &[Known<'d>])> {
        let (last, around) = self.chain.split_last()?;
        Some((*last, around))
    }
}

fn part(node: NodeRef<'_>, offset: usize) -> Part<'_> {
    for entry in node.entries() {
        if !holds(&range(entry.span()), offset) {
            continue;
        }
        if entry
            .key()
            .is_some_and(|key| holds(&range(key.span), offset))
        {
            return Part::Key(entry);
        }
        if entry
            .annotation()
            .is_some_and(|word| holds(&range(word.span), offset))
        {
            return Part::Annotation;
        }
        return Part::Value(entry);
    }
    if holds(&range(node.name().span), offset) {
        return Part::Name;
    }
    Part::Gap
}

fn holds(range: &Range<usize>, offset: usize) -> bool {
    range.start <= offset && offset <= range.end
}
