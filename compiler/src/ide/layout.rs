//! The one style of `skep fmt`, as the changes that lead to it.

use std::ops::Range;

use skep_schema::span::FileId;

use super::mention::range;
use crate::format::format;
use crate::syntax::{Document, NodeRef, parse};

/// Bytes that go, and what stands there instead.
pub type Change = (Range<usize>, String);

/// What has to change for a text to be in the one style, in order of place. Nothing where it has
/// mistakes of syntax.
pub fn layout(text: &str) -> Vec<Change> {
    let parsed = parse(FileId(0), text.into());
    if !parsed.diagnostics.is_empty() {
        return Vec::new();
    }
    let new = format(&parsed.document);
    changes(text, &new).unwrap_or_else(|| vec![(0..text.len(), new)])
}

/// The same for the nodes that some bytes are in, and for no others.
pub fn layout_of(text: &str, bytes: &Range<usize>) -> Vec<Change> {
    let parsed = parse(FileId(0), text.into());
    let around = around(&parsed.document, bytes);
    let mut all = layout(text);
    // What stands right before the first node is its indent.
    all.retain(|(gone, _)| around.start <= gone.end && gone.start < around.end);
    all
}

/// The node whose block ends right before a place.
pub fn block_before(text: &str, end: usize) -> Option<Range<usize>> {
    let document = parse(FileId(0), text.into()).document;
    let mut open: Vec<NodeRef<'_>> = document.roots().collect();
    while let Some(node) = open.pop() {
        if node
            .close_brace()
            .is_some_and(|close| close.end as usize == end)
        {
            return Some(range(node.span()));
        }
        open.extend(node.children());
    }
    None
}

/// From the first to the last of the nodes that bytes touch, on the deepest level that has all of them.
fn around(document: &Document, bytes: &Range<usize>) -> Range<usize> {
    let mut level: Vec<NodeRef<'_>> = document.roots().collect();
    let mut found = bytes.clone();
    loop {
        let touched = level.iter().filter(|node| {
            let node = range(node.span());
            node.start <= bytes.end && bytes.start <= node.end
        });
        let touched: Vec<NodeRef<'_>> = touched.copied().collect();
        let (Some(first), Some(last)) = (touched.first(), touched.last()) else {
            return found;
        };
        found = range(first.span().to(last.span()));
        let block = first.children_span().map(range);
        match block.filter(|block| block.start < bytes.start && bytes.end < block.end) {
            Some(_) if touched.len() == 1 => level = first.children().collect(),
            Some(_) | None => return found,
        }
    }
}

/// What differs between two texts that have everything in common but what parts their words. Nothing
/// where they have not.
fn changes(old: &str, new: &str) -> Option<Vec<Change>> {
    let (mut from, mut to) = (0, 0);
    let mut found = Vec::new();
    loop {
        let (gap, other) = (gap_at(old, from), gap_at(new, to));
        if old[gap.clone()] != new[other.clone()] {
            found.push((gap.clone(), new[other.clone()].to_owned()));
        }
        (from, to) = (gap.end, other.end);
        match (old[from..].chars().next(), new[to..].chars().next()) {
            (None, None) => return Some(found),
            (Some(a), Some(b)) if a == b => (from, to) = (from + a.len_utf8(), to + b.len_utf8()),
            (_, _) => return None,
        }
    }
}

fn gap_at(text: &str, from: usize) -> Range<usize> {
    let parts = |c: char| c.is_whitespace() || matches!(c, ';' | '\\' | '\u{feff}');
    let rest = &text[from..];
    from..from + (rest.len() - rest.trim_start_matches(parts).len())
}

#[cfg(test)]
mod tests {
    use super::{around, layout, layout_of};
    use crate::edit::{Splice, apply};
    use crate::format::format;
    use crate::syntax::parse;
    use skep_schema::span::FileId;

    const TEXTS: &[&str] = &[
        "",
        "a   b\n\n\n\nc{d;e   1;}\n",
        "service  api {\nimage \"x  y\";   port http   80\n      env {\n A \"1\"\n}\n}",
        "a \\\n   b // why\n/* x */ c   {\n  d \"\"\"\n      one\n        two\n      \"\"\"\n}\n",
    ];

    fn made(text: &str, changes: Vec<super::Change>) -> String {
        let splices = changes.into_iter();
        let splices: Vec<Splice> = splices.map(|(at, new)| Splice::new("", at, new)).collect();
        apply(text, &splices).expect("they do not overlap")
    }

    #[test]
    fn all_changes_together_give_what_fmt_gives() {
        for text in TEXTS {
            let parsed = parse(FileId(0), (*text).into());
            assert_eq!(made(text, layout(text)), format(&parsed.document), "{text}");
        }
    }

    #[test]
    fn lines_that_were_not_asked_for_stay() {
        let text = "a   1\nb   {\n      c   2\n   d   3\n}\ne   4\n";
        let at = text.find("c ").expect("it is there");
        let new = made(text, layout_of(text, &(at..at + 1)));
        assert_eq!(new, "a   1\nb   {\n    c 2\n   d   3\n}\ne   4\n");
        let block = text.find("b ").expect("it is there");
        let new = made(
            text,
            layout_of(text, &(block..text.find("\ne").expect("too"))),
        );
        assert_eq!(new, "a   1\nb {\n    c 2\n    d 3\n}\ne   4\n");
    }

    #[test]
    fn a_text_with_mistakes_stays() {
        assert_eq!(layout("a   {"), Vec::new());
        let parsed = parse(FileId(0), "a 1".into());
        assert_eq!(around(&parsed.document, &(9..9)), 9..9);
    }
}
