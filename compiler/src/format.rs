//! Lays a document out in one style, from its tokens, so that nothing in it can get lost.

mod piece;
mod print;

use crate::syntax::Document;

/// The document's text in the one style: a node a line, four spaces a level, at most one blank line in
/// a row. Blocks that were written on one line stay so while they fit in 100 columns. Comments and the
/// spelling of values stay as they are.
///
/// Means nothing for a text with mistakes: look at the diagnostics first.
pub fn format(document: &Document) -> String {
    print::print(document.text(), &piece::pieces(document.text()))
}
