//! From syntax to the typed spec: expands and decodes a project's nodes, a portion at a time.
//!
//! Portions know nothing of each other, so that all processors have something to do, and so that
//! only those of a part of a file that changed are read again. What can only be said of all nodes together (a
//! name that is declared twice, a use too many) is looked for when the portions are joined; where it
//! is found, everything is read once more as one portion, which says it in the order of writing.

mod join;

use std::collections::BTreeSet;

use rayon::prelude::*;
use skep_schema::address::{Address, Kind};
use skep_schema::spec::{Likeness, Spec};

use crate::FEW;
use crate::context::{Context, Said};
use crate::decode::{Exempt, decode, try_out};
use crate::expand::{self, Frame, Laid, Loaded, Uses, all_roots, roots_of};
use crate::syntax::{Document, NodeRef};
use join::Sayings;

/// Top-level nodes of a portion: enough to be worth a turn of its own.
const PORTION: usize = 64;

/// What was understood of a project in one environment.
#[derive(Debug, Default)]
pub(crate) struct Understood {
    /// What is said of it as a whole left open.
    pub(crate) spec: Spec,
    /// Nodes that are declared but could not be read: what refers to them is no mistake of its own.
    pub(crate) poisoned: BTreeSet<(Kind, String)>,
    uses: Uses,
    /// What each part of a file has in it, in order; of a project that had to be read as one
    /// portion, that.
    shares: Vec<Share>,
    /// Whether parts can be read again alone.
    divided: bool,
}

/// What was touched when parts were read again.
#[derive(Debug)]
pub(crate) struct Touched {
    /// The nodes that say something else, or came, or went.
    pub(crate) others: BTreeSet<Address>,
    /// Those that say the same at other places. Who refers to them sees no difference.
    pub(crate) moved: BTreeSet<Address>,
    /// Whether something is or was said in them of nodes that may stand anywhere.
    pub(crate) of_any: bool,
}

/// What one part of a file has in the whole.
#[derive(Debug, Default)]
struct Share {
    names: Vec<Address>,
    poisoned: BTreeSet<(Kind, String)>,
    sayings: Sayings,
    exempt: Vec<Exempt>,
    uses: Uses,
    laid: Laid,
    known: bool,
    said: Said,
}

/// Nodes that were read, and what was said of them.
#[derive(Debug, Default)]
struct Portion {
    spec: Spec,
    share: Share,
    /// Whether it is no more than the sum of what it was joined of.
    apart: bool,
}

impl Understood {
    /// Reads all nodes of a project.
    pub(crate) fn of<'l>(cx: &Context<'_>, frame: &Frame<'l>, loaded: &'l Loaded) -> Self {
        let divided = is_divisible(cx).then(|| {
            let mut parts = parts(cx, frame, loaded.documents());
            parts.push(portion(cx, |cx| frame.expand_additions(cx)));
            Self::divided(parts)
        });
        divided.flatten().unwrap_or_else(|| {
            let roots = all_roots(cx, loaded);
            let mut whole = Self::default();
            whole.take(vec![portion(cx, |cx| frame.expand(cx, &roots))]);
            whole
        })
    }

    /// All parts as one, and what the environment adds; nothing where that is more than the sum of
    /// them.
    fn divided(parts: Vec<Portion>) -> Option<Self> {
        let mut all = Self {
            divided: true,
            ..Self::default()
        };
        let apart = all.take(parts);
        (apart && all.laid().is_sound()).then_some(all)
    }

    /// Reads some of the parts again; nothing where that cannot be done for some alone.
    pub(crate) fn change(
        &mut self,
        cx: &Context<'_>,
        frame: &Frame<'_>,
        loaded: &Loaded,
        changed: &BTreeSet<usize>,
    ) -> Option<Touched> {
        if !self.divided || !is_divisible(cx) {
            return None;
        }
        let all: Vec<&Document> = loaded.documents().collect();
        let parts = parts(cx, frame, changed.iter().map(|at| all[*at]));
        let touched = self.touched(changed, &parts);
        for at in changed {
            self.drop(*at);
        }
        for (at, part) in changed.iter().zip(parts) {
            let apart = self.take(vec![part]);
            self.shares.swap_remove(*at);
            if !apart {
                return None;
            }
        }
        Sayings::gather(
            self.shares.iter().map(|share| &share.sayings),
            &mut self.spec,
        );
        self.laid().is_sound().then_some(touched)
    }

    /// What is different when parts are what they are now.
    fn touched(&self, changed: &BTreeSet<usize>, parts: &[Portion]) -> Touched {
        let before = changed.iter().map(|at| &self.shares[*at]);
        let shares = before.chain(parts.iter().map(|part| &part.share));
        let names: BTreeSet<&Address> = shares.clone().flat_map(|share| &share.names).collect();
        let mut touched = Touched {
            others: BTreeSet::new(),
            moved: BTreeSet::new(),
            of_any: shares.into_iter().any(Share::is_of_any),
        };
        for address in names {
            let (kind, name) = (address.kind, &address.name);
            let likeness = |part: &Portion| self.spec.likeness(&part.spec, kind, name);
            match parts.iter().map(likeness).min() {
                Some(Likeness::Same) => continue,
                Some(Likeness::Moved) => touched.moved.insert(address.clone()),
                Some(Likeness::Other) | None => touched.others.insert(address.clone()),
            };
        }
        touched
    }

    /// What the environment did to all of it.
    fn laid(&self) -> Laid {
        let mut all = Laid::default();
        for share in &self.shares {
            all.join(&share.laid);
        }
        all
    }

    /// Whether every value is known.
    pub(crate) fn is_known(&self) -> bool {
        self.shares.iter().all(|share| share.known)
    }

    /// The lints that may stand.
    pub(crate) fn exempt(&self) -> Vec<Exempt> {
        let all = self.shares.iter().flat_map(|share| &share.exempt);
        all.cloned().collect()
    }

    /// Says what is wrong with the nodes, and with components that nothing uses.
    pub(crate) fn tell(&self, cx: &mut Context<'_>, frame: &Frame<'_>) {
        for share in &self.shares {
            cx.hear(share.said.clone());
        }
        self.laid().tell(cx);
        let used = self.shares.iter().flat_map(|share| share.uses.components());
        let missing = cx.nodes_missing;
        let unused = frame.unused(cx, &used.collect());
        try_out(cx, unused);
        // Nothing uses them, so none of their nodes is one that something else looks for.
        cx.nodes_missing = missing;
    }

    /// Takes in parts as the last ones. Whether they and the rest are no more than the sum of them.
    fn take(&mut self, parts: Vec<Portion>) -> bool {
        let mut all_apart = true;
        let mut specs = Vec::with_capacity(parts.len());
        for Portion { spec, share, apart } in parts {
            all_apart &= apart && share.poisoned.is_disjoint(&self.poisoned);
            all_apart &= self.uses.join(&share.uses);
            self.poisoned.extend(share.poisoned.iter().cloned());
            self.shares.push(share);
            specs.push(spec);
        }
        all_apart &= join::take(&mut self.spec, specs);
        all_apart && join::are_apart(&self.spec, &self.poisoned)
    }

    /// Takes out what a part has.
    fn drop(&mut self, at: usize) {
        let share = std::mem::take(&mut self.shares[at]);
        self.uses.leave(&share.uses);
        for name in &share.names {
            self.spec.take_out(name.kind, &name.name);
        }
        for name in &share.poisoned {
            self.poisoned.remove(name);
        }
    }
}

/// What is in each of some parts.
fn parts<'l>(
    cx: &Context<'_>,
    frame: &Frame<'_>,
    documents: impl Iterator<Item = &'l Document>,
) -> Vec<Portion> {
    let roots: Vec<Vec<NodeRef<'l>>> = documents.map(|d| roots_of(d).collect()).collect();
    let portions: Vec<(usize, &[NodeRef<'l>])> = roots
        .iter()
        .enumerate()
        .flat_map(|(part, roots)| roots.chunks(PORTION).map(move |some| (part, some)))
        .collect();
    let read = |(part, roots)| (part, portion(cx, |cx| frame.expand_part(cx, roots)));
    let few = roots.iter().map(Vec::len).sum::<usize>() <= FEW;
    let read: Vec<(usize, Portion)> = if few {
        portions.into_iter().map(read).collect()
    } else {
        portions.into_par_iter().map(read).collect()
    };
    let mut parts: Vec<Vec<Portion>> = roots.iter().map(|_| Vec::new()).collect();
    for (part, portion) in read {
        parts[part].push(portion);
    }
    parts.into_iter().map(Portion::of_all).collect()
}

/// Whether parts can be read apart from each other: a test brings nodes that stand in none.
fn is_divisible(cx: &Context<'_>) -> bool {
    cx.inputs().test.is_none()
}

fn portion<'c>(
    cx: &Context<'c>,
    expand: impl FnOnce(&mut Context<'c>) -> expand::Portion,
) -> Portion {
    let mut cx = cx.apart();
    let expanded = expand(&mut cx);
    let decoded = decode(&mut cx, expanded.nodes);
    Portion {
        share: Share {
            names: join::names(&decoded.spec),
            poisoned: decoded.poisoned,
            sayings: Sayings::of(&decoded.spec),
            exempt: decoded.exempt,
            uses: expanded.uses,
            laid: expanded.laid,
            known: decoded.known,
            said: cx.said(),
        },
        spec: decoded.spec,
        apart: true,
    }
}

impl Portion {
    /// All portions of a part as one.
    fn of_all(portions: Vec<Self>) -> Self {
        let mut all_apart = true;
        let mut all = Share {
            known: true,
            ..Share::default()
        };
        let mut specs = Vec::with_capacity(portions.len());
        for Self { spec, share, apart } in portions {
            all_apart &= apart & all.take(share);
            specs.push(spec);
        }
        let mut spec = Spec::default();
        all_apart &= join::take(&mut spec, specs);
        Self {
            apart: all_apart && join::are_apart(&spec, &all.poisoned),
            spec,
            share: all,
        }
    }
}

impl Share {
    /// Whether something is said in it of nodes that may stand anywhere.
    fn is_of_any(&self) -> bool {
        !self.sayings.are_none() || !self.poisoned.is_empty()
    }

    /// Takes in what another portion of the part has. Whether nothing is in both.
    fn take(&mut self, other: Self) -> bool {
        let apart = other.poisoned.is_disjoint(&self.poisoned) & self.uses.join(&other.uses);
        self.uses.add_components(other.uses);
        self.names.extend(other.names);
        self.poisoned.extend(other.poisoned);
        self.sayings.extend(other.sayings);
        self.exempt.extend(other.exempt);
        self.laid.join(&other.laid);
        self.known &= other.known;
        self.said.extend(other.said);
        apart
    }
}
