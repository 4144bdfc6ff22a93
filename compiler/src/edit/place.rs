//! Where in a text a node is taken away or put in.

use std::ops::Range;

use skep_schema::span::Span;

use crate::syntax::NodeRef;

/// The bytes that go with a node or an entry: its line where nothing else is on it, or else what
/// parts it from its neighbour.
pub(super) fn of_node(text: &str, span: Span) -> Range<usize> {
    let (start, end) = (span.start as usize, span.end as usize);
    let blank = |c: char| matches!(c, ' ' | '\t');
    let before = text[..start].trim_end_matches(blank).len();
    let mut after = end + (text[end..].len() - text[end..].trim_start_matches(blank).len());
    let part = text[after..].starts_with(';');
    if part {
        after += 1;
        after += text[after..].len() - text[after..].trim_start_matches(blank).len();
    }
    let begins = before == 0 || text[..before].ends_with('\n');
    match text[after..].chars().next() {
        None if begins => before..after,
        Some('\n') if begins => before..after + 1,
        Some('\r') if begins && text[after..].starts_with("\r\n") => before..after + 2,
        _ if part => start..after,
        _ if text[..before].ends_with(';') => before - 1..end,
        _ => start..end,
    }
}

/// A property with the blanks before it.
pub(super) fn of_entry(text: &str, span: Span) -> Range<usize> {
    let start = span.start as usize;
    let blank = |c: char| matches!(c, ' ' | '\t');
    text[..start].trim_end_matches(blank).len()..span.end as usize
}

/// Where a child is put into a node, and the text that does it. One that may end in a comment, which
/// would take in what stands behind it, gets a line of its own.
pub(crate) fn child(text: &str, node: NodeRef<'_>, line: &str) -> (usize, String) {
    let last = node.children().last();
    let remarks = line.contains("//");
    let (Some(open), Some(close)) = (node.open_brace(), node.close_brace()) else {
        let end = if remarks { "\n" } else { " " };
        let opened = format!(" {{ {line}{end}}}");
        return (node.head_span().end as usize, opened);
    };
    let close = close.start as usize;
    let line_start = text[..close].rfind('\n').map_or(0, |at| at + 1);
    let own_line = text[line_start..close].trim().is_empty() && line_start > open.start as usize;
    match (own_line, last) {
        (true, last) => {
            let closing = &text[line_start..close];
            let indent = last
                .and_then(|child| indent_of(text, child.span().start as usize))
                .map_or_else(|| format!("{closing}    "), str::to_owned);
            let lines: Vec<String> = line.lines().map(|l| format!("{indent}{l}\n")).collect();
            (line_start, lines.concat())
        }
        (false, _) if remarks => (close, format!("\n{line}\n")),
        (false, Some(child)) => (child.span().end as usize, format!("; {line}")),
        (false, None) => {
            let open = open.end as usize;
            // What is dropped or remarked there needs the line to be over.
            let over = if text[open..close].trim().is_empty() {
                ""
            } else {
                ";"
            };
            (open, format!(" {line}{over} "))
        }
    }
}

/// The blanks before a place, where nothing else is.
fn indent_of(text: &str, at: usize) -> Option<&str> {
    let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
    let before = &text[start..at];
    before.trim().is_empty().then_some(before)
}
