//! What the patches of an environment write: each thing once, and no thing that was so already.

use std::collections::BTreeMap;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::Span;

use crate::context::Context;

/// What a patch does to one thing of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Sets,
    /// Sets it to what it was.
    Keeps,
    Removes,
    Appends,
}

impl Deed {
    pub(super) const fn sets(same: bool) -> Self {
        if same { Self::Keeps } else { Self::Sets }
    }
}

/// One thing that a patch does to one node.
#[derive(Clone, Debug)]
pub(crate) struct Touch {
    /// The words and keys that lead to it: `env`, `LOG`.
    pub(super) path: Vec<String>,
    pub(super) span: Span,
    /// Where the old value stands.
    pub(super) was: Option<Span>,
    pub(super) deed: Deed,
}

/// Who a patch is for. The more precise one lies above the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    All,
    One,
}

/// What all patches of an environment have done so far.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// By node, reach and path: who wrote it first.
    written: BTreeMap<(usize, Reach, Vec<String>), (Span, Deed)>,
    /// By the place of what is written: what it is, and whether it changed anything anywhere.
    effects: BTreeMap<Span, Effect>,
}

#[derive(Debug)]
struct Effect {
    what: String,
    was: Option<Span>,
    changed: bool,
}

impl Ledger {
    /// Notes what one patch did to a node; what another patch of the same reach did there already
    /// is reported.
    pub(crate) fn note(
        &mut self,
        cx: &mut Context<'_>,
        node: (usize, &str),
        reach: Reach,
        touches: Vec<Touch>,
    ) {
        let (index, name) = node;
        for touch in &touches {
            if let Some(first) = self.before(index, reach, touch) {
                cx.report(contradiction(name, touch, first));
            }
        }
        for touch in touches {
            let Touch {
                path,
                span,
                was,
                deed,
            } = touch;
            let effect = self.effects.entry(span).or_insert_with(|| Effect {
                what: path.join("."),
                was,
                changed: false,
            });
            effect.changed |= deed != Deed::Keeps;
            let key = (index, reach, path);
            self.written.entry(key).or_insert((span, deed));
        }
    }

    /// Where another patch of the same reach writes the same, a part of it, or what it is part of.
    fn before(&self, index: usize, reach: Reach, touch: &Touch) -> Option<Span> {
        let key = |path: &[String]| (index, reach, path.to_vec());
        let above =
            (1..=touch.path.len()).filter_map(|depth| self.written.get(&key(&touch.path[..depth])));
        let within = self
            .written
            .range(key(&touch.path)..)
            .take_while(|((node, of, path), _)| {
                (*node, *of) == (index, reach) && path.starts_with(&touch.path)
            })
            .map(|(_, written)| written);
        let both_append = |deed: Deed| deed == Deed::Appends && touch.deed == Deed::Appends;
        let mut others = above.chain(within).filter(|(_, deed)| !both_append(*deed));
        others.next().map(|(span, _)| *span)
    }

    /// Says which lines change nothing anywhere.
    pub(crate) fn close(self, cx: &mut Context<'_>) {
        for (span, effect) in self.effects {
            if effect.changed {
                continue;
            }
            let message = format!("`{}` is so without this patch", effect.what);
            let diagnostic = Diagnostic::new(Code::ChangesNothing, span, message)
                .label("changes nothing")
                .help("take it away, or check which environment it is meant for");
            cx.report(match effect.was {
                Some(was) => diagnostic.and(was, "it is written here"),
                None => diagnostic,
            });
        }
    }
}

fn contradiction(node: &str, touch: &Touch, first: Span) -> Diagnostic {
    let message = format!("two patches of `{node}` write `{}`", touch.path.join("."));
    Diagnostic::new(Code::PatchedTwice, touch.span, message)
        .label("again here")
        .and(first, "first here")
        .help("keep one of them: neither is more precise than the other")
}
