//! Reads a part of a text alone, where that gives what it gives in the whole.
//!
//! A part begins where a line begins, with a letter. That nothing before it reaches into it, and it
//! into nothing behind it, is for this to say of every part. What the reader does then depends on a
//! part alone, but for three things: braces that do not match are mended by the indentation of the
//! whole text, the mistakes of a file are counted, and some mistakes make the reader look ahead.

use std::ops::Range;
use std::sync::Arc;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::FileId;

use super::cut::continues;
use super::lex::REACH;
use super::read::Braces;
use super::{Document, Parsed, parse_braced, repair};

/// What stands around a text of several lines.
const TRIPLE: &[u8] = b"\"\"\"";

/// Where a part stands in its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Before,
    Last,
}

/// What reading a part gives.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) document: Document,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Whether its braces were mended, which the others have to allow.
    pub(crate) mended: bool,
}

/// Reads a part; nothing where the whole could say something else of it, or of what stands behind.
pub(crate) fn parse_part(file: FileId, text: Arc<str>, place: Place) -> Option<Piece> {
    let (parsed, braces) = parse_braced(file, text);
    let Parsed {
        document,
        diagnostics,
    } = parsed;
    let text = document.text();
    let closed = match braces {
        Braces::Fit | Braces::Mended => true,
        // What takes the rest of a file keeps its braces from being mended.
        Braces::Unfit | Braces::Swallowed => false,
    };
    let ended = place == Place::Last || text.is_empty() || text.ends_with('\n') && !continues(text);
    let local = diagnostics.iter().all(|d| is_local(d, text, place));
    (closed && ended && local).then_some(Piece {
        document,
        diagnostics,
        mended: braces == Braces::Mended,
    })
}

/// Whether a mistake is the same, and the only one of its cause, whatever stands behind the part.
fn is_local(diagnostic: &Diagnostic, text: &str, place: Place) -> bool {
    match diagnostic.code {
        // Told once a file, or of the file.
        Code::TooDeep | Code::TooManyMistakes | Code::FileTooLarge => false,
        _ if place == Place::Last => true,
        // These take, or look for, what comes behind them.
        Code::NothingToDrop | Code::UnclosedComment => false,
        Code::ListSyntax => text[range(diagnostic)] == *",",
        Code::UnclosedString => has_no_end(diagnostic, text),
        _ => true,
    }
}

/// Whether the end of an open string was looked for within the part. It is looked for some way from
/// its line's end on, or, of one with three quotes, everywhere.
fn has_no_end(diagnostic: &Diagnostic, text: &str) -> bool {
    let Range { start, end } = range(diagnostic);
    let behind = &text[end..];
    let reached = behind
        .find('\n')
        .is_some_and(|line| behind.len() > line + REACH);
    let is_triple = |at: usize| text.as_bytes()[at..].starts_with(TRIPLE);
    reached && !is_triple(start) && !is_triple(end.saturating_sub(1))
}

fn range(diagnostic: &Diagnostic) -> Range<usize> {
    let span = diagnostic.primary.span;
    span.start as usize..span.end as usize
}

/// Whether a part leaves it to others how their braces are mended.
pub(crate) fn is_tidy(part: &Document) -> bool {
    repair::is_tidy(part.text())
}
