//! Which diagnostics only follow from an earlier mistake.
//!
//! A phase reads what the one before it left over. Where that was broken, what is said later about
//! the same node as a whole, or about a name that could not be declared, is no news.

use std::collections::BTreeSet;

use skep_schema::diagnostic::{Code, Diagnostic, Severity};
use skep_schema::span::{FileId, Sources, Span};

use super::tree::{Tree, covers};
use crate::context::Context;
use crate::expand::Loaded;

/// How early a diagnostic is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Reading,
    /// Expanding and decoding.
    Understanding,
    Names,
    Later,
}

/// All but those that follow from others.
pub(super) fn without(all: Vec<Diagnostic>, cx: &Context<'_>, loaded: &Loaded) -> Vec<Diagnostic> {
    let tree = Tree::of(loaded);
    let damaged = Damaged::of(&all, &tree, &cx.sources);
    let early = Broken::of(&all, Phase::Understanding, &tree);
    let named = Broken::of(&all, Phase::Names, &tree);
    let absent = |code| cx.nodes_missing && is_absence(code);
    let follows = |diagnostic: &Diagnostic| match phase(diagnostic.code) {
        Phase::Reading => false,
        Phase::Understanding => {
            absent(diagnostic.code)
                || damaged.explains(diagnostic, &tree, &cx.sources)
                || diagnostic.code == Code::UnknownPath
                    && is_within(&early.flows, diagnostic.primary.span)
        }
        Phase::Names => absent(diagnostic.code) || early.explains(diagnostic),
        Phase::Later => {
            named.explains(diagnostic) || of_node(diagnostic).any(|span| cx.partial.contains(&span))
        }
    };
    all.into_iter()
        .filter(|diagnostic| !follows(diagnostic))
        .collect()
}

/// The places that may be a node's name, when it is the node as a whole that is spoken of.
fn of_node(diagnostic: &Diagnostic) -> impl Iterator<Item = Span> {
    let others = diagnostic.secondary.iter().map(|label| label.span);
    std::iter::once(diagnostic.primary.span).chain(others)
}

fn phase(code: Code) -> Phase {
    match (code, &code.as_str()[..3]) {
        (Code::UnknownName | Code::NoSuchFile, _) => Phase::Names,
        (_, "SK1") => Phase::Reading,
        (_, "SK2" | "SK4") => Phase::Understanding,
        (_, _) => Phase::Later,
    }
}

/// Whether it says that something is not there, which nobody knows of a project with gaps.
const fn is_absence(code: Code) -> bool {
    matches!(code, Code::UnknownName | Code::MatchesNothing)
}

/// What the reader found, by line and by top-level node.
struct Damaged {
    lines: BTreeSet<(FileId, u32)>,
    roots: BTreeSet<Span>,
}

impl Damaged {
    fn of(all: &[Diagnostic], tree: &Tree<'_>, sources: &Sources) -> Self {
        let found = all.iter().filter(|d| phase(d.code) == Phase::Reading);
        let spans: Vec<Span> = found.map(|d| d.primary.span).collect();
        let root = |span: &Span| tree.around(*span).first().map(|root| root.span());
        Self {
            lines: spans.iter().map(|span| line(*span, sources)).collect(),
            roots: spans.iter().filter_map(root).collect(),
        }
    }

    fn explains(&self, diagnostic: &Diagnostic, tree: &Tree<'_>, sources: &Sources) -> bool {
        if self.lines.is_empty() {
            return false;
        }
        let span = diagnostic.primary.span;
        let missing = matches!(diagnostic.code, Code::MissingValue | Code::UnsetParam);
        let root = || tree.around(span).first().map(|root| root.span());
        self.lines.contains(&line(span, sources))
            || missing && root().is_some_and(|root| self.roots.contains(&root))
    }
}

/// Nodes in which an error was found up to some phase.
#[derive(Default)]
struct Broken {
    /// Heads, names and labels of such nodes and of all around them: what is said there is said of
    /// the node as a whole.
    wholes: BTreeSet<Span>,
    /// The heads of the innermost nodes, and flows from end to end: anything said in them later
    /// may come from the error.
    inner: BTreeSet<Span>,
    flows: BTreeSet<Span>,
}

impl Broken {
    fn of(all: &[Diagnostic], last: Phase, tree: &Tree<'_>) -> Self {
        let mut broken = Self::default();
        let errors = all
            .iter()
            .filter(|d| d.severity == Severity::Error && phase(d.code) <= last);
        for error in errors {
            let chain = tree.around(error.primary.span);
            for node in &chain {
                broken.wholes.extend([node.head_span(), node.name().span]);
                let label = node.args().next();
                broken
                    .wholes
                    .extend(label.iter().flat_map(|l| [l.span(), l.value_span()]));
            }
            broken
                .inner
                .extend(chain.last().map(|node| node.head_span()));
            let flow = chain.first().filter(|root| root.name().text == "flow");
            // A path that leads nowhere does not explain the next one.
            if error.code != Code::UnknownPath {
                broken.flows.extend(flow.map(|root| root.span()));
            }
        }
        broken
    }

    fn explains(&self, diagnostic: &Diagnostic) -> bool {
        of_node(diagnostic).any(|span| self.wholes.contains(&span))
            || is_within(&self.inner, diagnostic.primary.span)
            || is_within(&self.flows, diagnostic.primary.span)
    }
}

/// Whether one of several spans, none of which overlap, covers this one.
fn is_within(all: &BTreeSet<Span>, span: Span) -> bool {
    let nearest = all
        .range(
            ..=Span {
                end: u32::MAX,
                ..span
            },
        )
        .next_back();
    nearest.is_some_and(|outer| covers(*outer, span))
}

fn line(span: Span, sources: &Sources) -> (FileId, u32) {
    (span.file, sources.position(span.file, span.start).line)
}
