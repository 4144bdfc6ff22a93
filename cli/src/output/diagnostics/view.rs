//! How a check is seen from outside the project: by a pipeline that knows the whole repository.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::diagnostic::{Diagnostic, Located, Place};
use skep_schema::digest::Digest;
use skep_schema::span::Sources;

/// What forms for pipelines have to know besides the diagnostics.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// The way from the top of the repository to the project, `deploy/`; empty where they are one.
    pub(crate) prefix: String,
    /// Files of the project that a pull request touches.
    pub(crate) changed: BTreeSet<String>,
}

impl View {
    /// A path of the project as the repository has it.
    pub(super) fn path(&self, file: &str) -> String {
        format!("{}{file}", self.prefix)
    }

    /// With lines, columns and the repository's paths.
    pub(super) fn locate(&self, diagnostic: &Diagnostic, sources: &Sources) -> Located {
        let mut located = diagnostic.locate(sources);
        let related = located.related.iter_mut().map(|r| &mut r.place);
        let edits = located.fixes.iter_mut().flat_map(|fix| &mut fix.edits);
        let places = related.chain(edits.map(|edit| &mut edit.place));
        places.for_each(|place| place.file = self.path(&place.file));
        located.file = self.path(&located.file);
        located
    }

    pub(super) fn place(&self, mut place: Place) -> Place {
        place.file = self.path(&place.file);
        place
    }
}

/// Names for results that stay when lines above them come and go: of the code, the file and the text
/// of the line, and counted where all of those are the same.
#[derive(Debug, Default)]
pub(super) struct Fingerprints {
    seen: BTreeMap<String, u32>,
}

impl Fingerprints {
    pub(super) fn next(&mut self, of: &Diagnostic, sources: &Sources) -> String {
        let span = of.primary.span;
        let line = line_at(sources.text(span.file), span.start).trim();
        let words = [of.code.as_str(), sources.path(span.file), line].join("\0");
        let name = Digest::of_bytes("diagnostic", words.as_bytes()).to_string();
        let count = self.seen.entry(name.clone()).or_default();
        *count += 1;
        format!("{name}-{count}")
    }
}

/// The line that a byte is in.
fn line_at(text: &str, at: u32) -> &str {
    let at = (at as usize).min(text.len());
    let start = start_of_line(text, at);
    let rest = text.get(start..).unwrap_or_default();
    rest.lines().next().unwrap_or_default()
}

/// Where the line begins that a byte is in.
pub(super) fn start_of_line(text: &str, at: usize) -> usize {
    let before = &text.as_bytes()[..at.min(text.len())];
    before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1)
}
