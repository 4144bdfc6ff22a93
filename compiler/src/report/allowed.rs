//! Lints that may stand: kept out of the report, and kept in mind.

use skep_schema::diagnostic::{Applicability, Code, Diagnostic, Severity};
use skep_schema::span::{Sources, Span};

use super::merge;
use super::tree::{Tree, covers};
use crate::Allowed;
use crate::decode::Exempt;
use crate::expand::Loaded;

/// Parts what is reported from what is allowed.
pub(super) fn silence(
    all: Vec<Diagnostic>,
    exempt: Vec<Exempt>,
    loaded: &Loaded,
    sources: &Sources,
) -> (Vec<Diagnostic>, Vec<Allowed>) {
    if exempt.is_empty() {
        return (all, Vec::new());
    }
    let tree = Tree::of(loaded);
    let reach = |one: &Exempt| Reach::of(one.allow.span, &tree);
    let (left, allowed) = part(all, exempt, reach);
    (left, join(Vec::new(), allowed, sources))
}

/// What is allowed in the block of a use, and what elsewhere.
pub(super) fn in_uses(exempt: Vec<Exempt>, loaded: &Loaded) -> (Vec<Exempt>, Vec<Exempt>) {
    if exempt.iter().all(|one| one.used.is_none()) {
        return (Vec::new(), exempt);
    }
    let tree = Tree::of(loaded);
    exempt.into_iter().partition(|one| {
        let chain = tree.around(one.allow.span);
        let [.., parent, _] = chain.as_slice() else {
            return false;
        };
        one.used.is_some() && parent.name().text == "use"
    })
}

/// The same as [`silence`] for what is allowed in uses of components, each of which is told of alone.
pub(super) fn silence_uses(
    all: Vec<Diagnostic>,
    exempt: Vec<Exempt>,
    sources: &Sources,
) -> (Vec<Diagnostic>, Vec<Allowed>) {
    let (left, mut allowed) = part(all, exempt, |one| {
        one.used.map_or(Reach::Project, Reach::Use)
    });
    for allow in &mut allowed {
        allow.silenced = merge(std::mem::take(&mut allow.silenced), sources);
    }
    (left, allowed)
}

fn part(
    all: Vec<Diagnostic>,
    exempt: Vec<Exempt>,
    reach: impl Fn(&Exempt) -> Reach,
) -> (Vec<Diagnostic>, Vec<Allowed>) {
    let mut allowed: Vec<(Reach, Allowed)> = exempt
        .into_iter()
        .map(|one| (reach(&one), unused(one)))
        .collect();
    let mut left = Vec::with_capacity(all.len());
    for diagnostic in all {
        let found = allowed
            .iter_mut()
            .find(|(reach, allow)| reach.covers(&diagnostic) && allow.code == diagnostic.code);
        match found {
            Some((_, allow)) if diagnostic.severity < Severity::Error => {
                allow.silenced.push(diagnostic);
            }
            Some(_) | None => left.push(diagnostic),
        }
    }
    let allowed = allowed.into_iter().map(|(_, allow)| allow).collect();
    (left, allowed)
}

fn unused(one: Exempt) -> Allowed {
    let Exempt { allow, node, used } = one;
    Allowed {
        code: allow.code.value.0,
        reason: allow.reason.value.0,
        place: allow.span,
        node,
        used,
        silenced: Vec::new(),
    }
}

/// Where an `allow` holds.
enum Reach {
    Project,
    /// From end to end of the node it is written in.
    Node(Span),
    /// What a use of a component makes: it is named in all that is said of that.
    Use(Span),
}

impl Reach {
    fn of(place: Span, tree: &Tree<'_>) -> Self {
        let chain = tree.around(place);
        match chain.as_slice() {
            [.., parent, _] => Reach::Node(parent.span()),
            [_] | [] => Reach::Project,
        }
    }

    fn covers(&self, diagnostic: &Diagnostic) -> bool {
        match self {
            Reach::Project => true,
            Reach::Node(span) => covers(*span, diagnostic.primary.span),
            Reach::Use(span) => {
                let mut labels = diagnostic.secondary.iter().chain([&diagnostic.primary]);
                labels.any(|label| label.span == *span)
            }
        }
    }
}

/// What several environments, or several uses of a component, have to say of the same lines.
pub(crate) fn join(mut known: Vec<Allowed>, more: Vec<Allowed>, sources: &Sources) -> Vec<Allowed> {
    for next in more {
        match known.iter_mut().find(|old| old.place == next.place) {
            Some(old) => {
                old.silenced.extend(next.silenced);
                old.silenced = merge(std::mem::take(&mut old.silenced), sources);
            }
            None => known.push(next),
        }
    }
    known
}

/// Reports what allows nothing. Where something is wrong the lints did not all run.
pub(crate) fn without_use(
    allowed: &[Allowed],
    all: &[Diagnostic],
    sources: &Sources,
) -> Vec<Diagnostic> {
    if all.iter().any(|d| d.severity == Severity::Error) {
        return Vec::new();
    }
    let idle = allowed.iter().filter(|allow| allow.silenced.is_empty());
    idle.map(|allow| {
        let found = Diagnostic::new(
            Code::AllowsNothing,
            allow.place,
            format!("nothing here is {} any more", allow.code),
        )
        .help("take it away: it would hide the next one");
        match whole_line(allow.place, sources) {
            Some(line) => found.offer(
                "take the line away",
                Applicability::Safe,
                vec![(line, String::new())],
            ),
            None => found,
        }
    })
    .collect()
}

/// The line that holds nothing but this, with its end.
fn whole_line(span: Span, sources: &Sources) -> Option<Span> {
    let text = sources.text(span.file);
    let (before, after) = (
        text.get(..span.start as usize)?,
        text.get(span.end as usize..)?,
    );
    let indent = before.rsplit('\n').next()?;
    let (rest, _) = after.split_once('\n')?;
    let alone = indent.chars().all(|c| c == ' ' || c == '\t') && rest.trim().is_empty();
    let start = span.start - u32::try_from(indent.len()).ok()?;
    let end = span.end + u32::try_from(rest.len()).ok()? + 1;
    alone.then(|| Span::new(span.file, start, end))
}
