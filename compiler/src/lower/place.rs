//! Where nodes were written, for people who read a plan.

use skep_schema::plan::Origin;
use skep_schema::span::{Sources, Span};

/// `uses` are the places where components were used, the outermost first; that one is the author's own.
pub(super) fn origin(name: Span, uses: &[Span], sources: &Sources) -> Origin {
    Origin {
        file: sources.path(name.file).to_owned(),
        line: line(name, sources),
        used_at: uses
            .first()
            .map(|used| format!("{}:{}", sources.path(used.file), line(*used, sources))),
    }
}

fn line(span: Span, sources: &Sources) -> u32 {
    sources.position(span.file, span.start).line
}
