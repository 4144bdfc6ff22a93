//! The words a top-level node can begin with, and what a misspelt one probably means.

use skep_schema::lang::{Node, nearest};
use skep_schema::spec::{IDENTITY, KINDS, STRUCTURE};

use crate::syntax::{EntryRef, NodeRef, Scalar};

/// Top-level words that are no kinds of their own in the table.
const OTHERS: &[&str] = &["include", "import"];

/// All words a top-level node can begin with.
pub(crate) fn all() -> impl Iterator<Item = &'static str> + Clone {
    let infos = KINDS.iter().chain(STRUCTURE).chain(IDENTITY);
    infos.map(|info| info.word)
}

pub(crate) fn is_known(word: &str) -> bool {
    all()
        .chain(OTHERS.iter().copied())
        .any(|known| known == word)
}

/// The word of a node, or the known one that is nearest to it; empty for none.
pub(crate) fn meant(node: NodeRef<'_>) -> &'static str {
    let word = node.name().text;
    let mut known = all().chain(OTHERS.iter().copied());
    let exact = known.clone().find(|known| *known == word);
    exact.or_else(|| nearest(word, &mut known)).unwrap_or("")
}

/// A node that is not known here: its name and label, for the decoder to refuse.
pub(crate) fn unread(node: NodeRef<'_>) -> Node {
    let mut bare = Node::bare(node.name().text, node.name().span);
    bare.span = node.head_span();
    if let Some(label) = label(node) {
        bare.args.push(skep_schema::lang::Arg {
            value: skep_schema::lang::Literal::Str(label.into()),
            span: node.args().next().map_or(bare.span, EntryRef::value_span),
        });
    }
    bare
}

/// The first argument where it is a plain string.
pub(crate) fn label(node: NodeRef<'_>) -> Option<&str> {
    let first = node
        .args()
        .next()
        .filter(|entry| entry.annotation().is_none())?;
    match first.value() {
        Scalar::Str(text) => Some(text),
        Scalar::Int(_) | Scalar::Float(..) | Scalar::Bool(_) | Scalar::Null => None,
    }
}
