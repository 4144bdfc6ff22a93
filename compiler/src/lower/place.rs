//! Where nodes were written, for people who read a plan.

use skep_schema::lang::Used;
use skep_schema::plan::Origin;
use skep_schema::span::{Sources, Span};

/// `uses` are the places where components were used, the outermost first; that one is the author's own.
pub(super) fn origin(name: Span, uses: &[Used], sources: &Sources) -> Origin {
    Origin {
        file: sources.path(name.file).to_owned(),
        line: line(name, sources),
        used_at: uses.first().map(|used| place(used.at, sources)),
        item_at: uses
            .iter()
            .rev()
            .find_map(|used| used.item)
            .map(|item| place(item, sources)),
        stack: None,
    }
}

fn place(span: Span, sources: &Sources) -> String {
    format!("{}:{}", sources.path(span.file), line(span, sources))
}

fn line(span: Span, sources: &Sources) -> u32 {
    sources.position(span.file, span.start).line
}
