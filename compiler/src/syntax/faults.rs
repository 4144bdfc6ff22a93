//! The list of a file's mistakes, bounded.

use skep_schema::diagnostic::{Applicability, Code, Diagnostic};
use skep_schema::span::{FileId, Span};

use super::MAX_DIAGNOSTICS;

#[derive(Debug)]
pub(crate) struct Faults {
    file: FileId,
    list: Vec<Diagnostic>,
}

impl Faults {
    pub(crate) fn new(file: FileId) -> Self {
        Self {
            file,
            list: Vec::new(),
        }
    }

    /// Whether nothing more will be kept, so that looking for good advice is wasted work.
    pub(crate) fn full(&self) -> bool {
        self.list.len() >= MAX_DIAGNOSTICS
    }

    pub(crate) fn span(&self, start: u32, end: u32) -> Span {
        Span::new(self.file, start, end)
    }

    pub(crate) fn add(&mut self, diagnostic: Diagnostic) {
        if self.list.len() + 1 < MAX_DIAGNOSTICS {
            self.list.push(diagnostic);
        } else if !self.full() {
            let message = format!(
                "this file has more than {} mistakes; the rest is not shown",
                MAX_DIAGNOSTICS - 1
            );
            self.list.push(Diagnostic::new(
                Code::TooManyMistakes,
                diagnostic.primary.span,
                message,
            ));
        }
    }

    pub(crate) fn finish(mut self) -> Vec<Diagnostic> {
        Diagnostic::sort(&mut self.list);
        self.list
    }
}

/// An edit that may not be what the author meant.
pub(crate) const GUESS: Applicability = Applicability::MaybeIncorrect;

/// As much of a source text as a message has room for.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}..", &text[..end]),
        None => text.to_owned(),
    }
}

/// `text` as KDL reads it back, in quotes.
pub(crate) fn quote(text: &str) -> String {
    if !text.contains(['"', '\\']) {
        return format!("\"{text}\"");
    }
    let longest = text.split(|c| c != '#').map(str::len).max().unwrap_or(0);
    let hashes = "#".repeat(longest + 1);
    format!("{hashes}\"{text}\"{hashes}")
}
