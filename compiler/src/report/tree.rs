//! The nodes around a place.

use std::collections::BTreeMap;

use skep_schema::span::{FileId, Span};

use crate::expand::Loaded;
use crate::syntax::{Document, NodeRef};

/// The top-level nodes of all files, in order of place.
pub(crate) struct Tree<'l> {
    files: BTreeMap<FileId, Vec<NodeRef<'l>>>,
}

impl<'l> Tree<'l> {
    pub(crate) fn of(loaded: &'l Loaded) -> Self {
        let roots = |document: &'l Document| (document.file(), document.roots().collect());
        Self {
            files: loaded.all_documents().map(roots).collect(),
        }
    }

    /// The nodes around a place, the outermost first.
    pub(crate) fn around(&self, span: Span) -> Vec<NodeRef<'l>> {
        let mut chain: Vec<NodeRef<'l>> = self.root(span).into_iter().collect();
        while let Some(inner) = chain
            .last()
            .and_then(|node| node.children().find(|child| covers(child.span(), span)))
        {
            chain.push(inner);
        }
        chain
    }

    fn root(&self, span: Span) -> Option<NodeRef<'l>> {
        let roots = self.files.get(&span.file)?;
        let behind = roots.partition_point(|node| node.span().start <= span.start);
        let node = roots.get(behind.checked_sub(1)?)?;
        covers(node.span(), span).then_some(*node)
    }
}

pub(crate) fn covers(outer: Span, inner: Span) -> bool {
    outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
}
