//! The nodes of a project, and what is laid over them: defaults below, an environment above.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Literal, Node, NodeInfo, nearest, scalar_text};
use skep_schema::span::{At, Span};
use skep_schema::spec::{Add, Defaults, Environment, Host, IDENTITY, KINDS, Patch, Remove, Scalar};

use super::merge;
use super::touch::{Effects, Ledger, Reach};
use crate::context::{Context, Patched};
use crate::words::there_are;

/// The defaults of each kind; a second one is reported.
pub(crate) fn defaults(
    cx: &mut Context<'_>,
    all: Vec<Defaults>,
) -> BTreeMap<&'static str, Defaults> {
    let mut by_kind: BTreeMap<&'static str, Defaults> = BTreeMap::new();
    for defaults in all {
        let Some(info) = kind(cx, &defaults.kind) else {
            continue;
        };
        match by_kind.get(info.word) {
            Some(first) => {
                let message = format!("there are two defaults of `{}`", info.word);
                cx.report(
                    Diagnostic::new(Code::DeclaredTwice, defaults.span, message)
                        .label("again here")
                        .and(first.span, "first here")
                        .help("write both as one"),
                );
            }
            None => {
                by_kind.insert(info.word, defaults);
            }
        }
    }
    by_kind
}

/// How much of a project is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    Whole,
    /// A portion: what an environment changes may stand in another one.
    Part,
}

/// What an environment did to a project, or to a portion of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Laid {
    /// How many nodes each patch and each removal found; nothing without an environment.
    matched: Vec<usize>,
    /// Whether an order of a patch found nothing to obey.
    missed: bool,
    /// What was taken away, by kind and name.
    removed: BTreeSet<(&'static str, String)>,
    /// Whether two portions had the same to take away: of two nodes of one name the first goes.
    removed_twice: bool,
    effects: Effects,
}

impl Laid {
    /// Takes in what was done to another portion.
    pub(crate) fn join(&mut self, other: &Self) {
        self.matched
            .resize(self.matched.len().max(other.matched.len()), 0);
        for (all, more) in self.matched.iter_mut().zip(&other.matched) {
            *all += more;
        }
        self.missed |= other.missed;
        self.removed_twice |= other.removed_twice || !self.removed.is_disjoint(&other.removed);
        self.removed.extend(other.removed.iter().cloned());
        self.effects.join(&other.effects);
    }

    /// Whether everything that an environment says found what it is for.
    pub(crate) fn is_sound(&self) -> bool {
        !self.missed && !self.removed_twice && self.matched.iter().all(|matched| *matched > 0)
    }

    /// Says which lines of patches change nothing anywhere.
    pub(crate) fn tell(&self, cx: &mut Context<'_>) {
        self.effects.tell(cx);
    }
}

/// The nodes of a project, or of a portion of it.
#[derive(Debug)]
pub(crate) struct Nodes {
    all: Vec<Option<Node>>,
    /// The first node of each kind and name, once an environment asks for nodes by name.
    index: BTreeMap<(&'static str, String), usize>,
    /// Kinds with a node whose name is not known: what matches nothing may be that one.
    unnamed: Vec<&'static str>,
}

impl Nodes {
    pub(crate) fn of(nodes: Vec<Node>) -> Self {
        Self {
            all: nodes.into_iter().map(Some).collect(),
            index: BTreeMap::new(),
            unnamed: Vec::new(),
        }
    }

    fn make_index(&mut self) {
        for (at, node) in self.all.iter().enumerate() {
            let Some(node) = node else { continue };
            let Some(info) = info_meant(&node.name.value) else {
                continue;
            };
            match name_of(node, info) {
                Some(name) => {
                    let key = (info.word, name);
                    self.index.entry(key).or_insert(at);
                }
                None => self.unnamed.push(info.word),
            }
        }
    }

    pub(crate) fn finish(self) -> Vec<Node> {
        self.all.into_iter().flatten().collect()
    }

    /// Lays the nodes of each kind over the kind's defaults.
    pub(crate) fn defaults(
        &mut self,
        cx: &mut Context<'_>,
        by_kind: &BTreeMap<&'static str, Defaults>,
    ) {
        for node in self.all.iter_mut().flatten() {
            let Some(info) = info_of(&node.name.value) else {
                continue;
            };
            let Some(defaults) = by_kind.get(info.word).filter(|_| !is_external(node)) else {
                continue;
            };
            let own = std::mem::replace(node, lowest(node, &defaults.values));
            merge::over_defaults(cx, node, own, info);
        }
    }

    /// Applies an environment to the nodes: patches of all of a kind, then those of one node, then
    /// removals.
    pub(crate) fn change(
        &mut self,
        cx: &mut Context<'_>,
        environment: &Environment,
        extent: Extent,
    ) -> Laid {
        self.make_index();
        let mut ledger = Ledger::default();
        let mut laid = Laid::default();
        let mut patches: Vec<&Patch> = environment.patch.iter().collect();
        patches.sort_by_key(|patch| reach(&patch.name.value));
        for patch in &patches {
            let before = cx.decoder.diagnostics.len();
            let matched = self.patch(cx, patch, &mut ledger, extent);
            let said = &cx.decoder.diagnostics[before..];
            laid.missed |= said.iter().any(|d| d.code == Code::MatchesNothing);
            laid.matched.push(matched);
        }
        for removal in &environment.remove {
            let removed = self.remove(cx, removal, &patches, extent);
            laid.matched.push(removed.len());
            laid.removed.extend(removed);
        }
        laid.effects = ledger.close();
        laid
    }

    /// The nodes an environment adds.
    pub(crate) fn extend(&mut self, cx: &mut Context<'_>, additions: &[Add]) {
        for addition in additions {
            let Some(info) = addable(cx, &addition.kind) else {
                continue;
            };
            let mut node = addition.node.clone();
            node.name = At::new(info.word.into(), addition.kind.span);
            self.all.push(Some(node));
        }
    }

    /// How many nodes it is laid over.
    fn patch(
        &mut self,
        cx: &mut Context<'_>,
        patch: &Patch,
        ledger: &mut Ledger,
        extent: Extent,
    ) -> usize {
        let Some(info) = kind(cx, &patch.kind) else {
            return 0;
        };
        let matched = self.matched(info, &patch.name.value.0);
        if matched.is_empty() {
            if extent == Extent::Whole {
                self.matches_nothing(cx, info, &patch.name, "patch");
            }
            return 0;
        }
        if is_empty(&patch.change) {
            let message = "this patch says nothing";
            let help = "write what is different here, or take it away";
            cx.report(Diagnostic::new(Code::ChangesNothing, patch.span, message).help(help));
        }
        let (from, count) = (cx.decoder.diagnostics.len(), matched.len());
        for index in matched {
            let Some(node) = &mut self.all[index] else {
                continue;
            };
            let mut over = patch.change.clone();
            over.args.splice(
                0..0,
                node.args.first().cloned().filter(|_| !over.args.is_empty()),
            );
            let reach = reach(&patch.name.value);
            if reach == Reach::All && is_global(node) {
                leave_out(&mut over, "replicas");
            }
            cx.patched.extend(patched(patch, node));
            let touches = merge::patch(cx, node, over, info);
            let name = node.label().map_or("", |name| name.value);
            let name = format!("{} {name}", info.word);
            ledger.note(cx, (index, &name), reach, touches);
        }
        if extent == Extent::Whole {
            only_if_all(&mut cx.decoder.diagnostics, from, count);
        }
        count
    }

    /// The nodes it takes away, by kind and name.
    fn remove(
        &mut self,
        cx: &mut Context<'_>,
        removal: &Remove,
        patches: &[&Patch],
        extent: Extent,
    ) -> Vec<(&'static str, String)> {
        let Some(info) = kind(cx, &removal.kind) else {
            return Vec::new();
        };
        let matched = self.matched(info, &removal.name.value.0);
        if matched.is_empty() && extent == Extent::Whole {
            self.matches_nothing(cx, info, &removal.name, "remove");
        }
        let in_vain = |patch: &&&Patch| {
            patch.kind.value == removal.kind.value
                && reach(&patch.name.value) == Reach::One
                && canonical(info, &patch.name.value.0) == canonical(info, &removal.name.value.0)
        };
        if let Some(patch) = patches.iter().find(in_vain).filter(|_| !matched.is_empty()) {
            cx.report(removed_too(removal, patch));
        }
        let gone = matched.iter().filter_map(|index| self.all[*index].take());
        let named = gone.filter_map(|node| Some((info.word, name_of(&node, info)?)));
        named.collect()
    }

    /// The nodes a name stands for: `*` is every one that is the stack's own.
    fn matched(&self, info: &'static NodeInfo, name: &str) -> Vec<usize> {
        let node = |index: usize| self.all[index].as_ref();
        if name == "*" {
            let of_kind = self
                .index
                .iter()
                .filter(|((kind, _), _)| *kind == info.word);
            let indices = of_kind.map(|(_, index)| *index);
            return indices
                .filter(|i| node(*i).is_some_and(|n| !is_external(n)))
                .collect();
        }
        let found = self.index.get(&(info.word, canonical(info, name))).copied();
        found
            .filter(|index| node(*index).is_some())
            .into_iter()
            .collect()
    }

    fn matches_nothing(
        &self,
        cx: &mut Context<'_>,
        info: &'static NodeInfo,
        name: &At<Scalar>,
        what: &str,
    ) {
        if self.unnamed.contains(&info.word) {
            return;
        }
        let text = &name.value.0;
        let message = format!("there is no {} `{text}` to {what}", info.word);
        let diagnostic = Diagnostic::new(Code::MatchesNothing, name.span, message);
        if text != "*" && text.contains('*') {
            cx.report(diagnostic.help("`*` alone stands for all; there are no other patterns"));
            return;
        }
        let there = |(key, index): (&'_ (&'static str, String), &usize)| {
            (key.0 == info.word && self.all[*index].is_some()).then_some(())
        };
        let known: Vec<&str> = self
            .index
            .iter()
            .filter(|(key, index)| there((key, index)).is_some())
            .map(|((_, name), _)| name.as_str())
            .collect();
        cx.report(
            match (nearest(text, known.iter().copied()), known.as_slice()) {
                (Some(near), _) => diagnostic.meant(near),
                (None, []) => diagnostic.help(format!("the project has no {}", info.word)),
                (None, all) => diagnostic.help(there_are(all.iter().copied())),
            },
        );
    }
}

fn is_empty(change: &Node) -> bool {
    change.args.is_empty() && change.props.is_empty() && change.children.is_empty()
}

/// What a node is known by among those of its kind.
fn name_of(node: &Node, info: &'static NodeInfo) -> Option<String> {
    let name = scalar_text(&node.args.first()?.value)?;
    Some(canonical(info, &name))
}

/// An order that finds nothing in some nodes of several has a use in the others.
fn only_if_all(all: &mut Vec<Diagnostic>, from: usize, nodes: usize) {
    let mut misses: BTreeMap<Span, usize> = BTreeMap::new();
    let is_miss = |of: &Diagnostic| of.code == Code::MatchesNothing;
    for miss in all[from..].iter().filter(|of| is_miss(of)) {
        *misses.entry(miss.primary.span).or_default() += 1;
    }
    let told = all.split_off(from).into_iter();
    all.extend(told.filter(|of| !is_miss(of) || misses[&of.primary.span] == nodes));
}

/// `*` stands for all of a kind.
fn reach(name: &Scalar) -> Reach {
    match name.0.as_str() {
        "*" => Reach::All,
        _ => Reach::One,
    }
}

fn patched(patch: &Patch, node: &Node) -> Option<Patched> {
    let name = node.args.first()?;
    Some(Patched {
        patch: patch.span,
        name: scalar_text(&name.value)?.into(),
        line: node.span,
        uses: node.uses.clone(),
    })
}

fn removed_too(removal: &Remove, patch: &Patch) -> Diagnostic {
    let (kind, name) = (&removal.kind.value.0, &removal.name.value.0);
    let message = format!("`{kind} {name}` is patched and removed");
    Diagnostic::new(Code::PatchedTwice, removal.name.span, message)
        .label("removed here")
        .and(patch.name.span, "patched here")
        .help("keep one of them")
}

/// A node of the kind's defaults alone, in the place of the node that will lie over it.
fn lowest(node: &Node, values: &Node) -> Node {
    Node {
        name: node.name.clone(),
        args: Vec::new(),
        props: values.props.clone(),
        children: values.children.clone(),
        span: node.span,
        uses: node.uses.clone(),
    }
}

fn is_external(node: &Node) -> bool {
    let trailing = node
        .args
        .iter()
        .skip(1)
        .any(|a| matches!(&a.value, Literal::Str(w) if w == "external"));
    trailing || node.child("external").is_some() || node.prop("external").is_some()
}

/// Whether one task runs on every node, so that a number of replicas for all services cannot mean
/// this one.
fn is_global(node: &Node) -> bool {
    let mode = node.prop("mode").map(|p| &p.value);
    let mode = mode.or_else(|| node.child("mode").and_then(|c| c.args.first()));
    mode.is_some_and(|arg| matches!(&arg.value, Literal::Str(word) if word == "global"))
}

fn leave_out(node: &mut Node, word: &str) {
    node.props.retain(|p| p.key.value != word);
    node.children.retain(|c| c.name.value != word);
}

/// Hosts are the same host however they are spelled.
fn canonical(info: &'static NodeInfo, name: &str) -> String {
    match info.word {
        "route" => {
            Host::checked(name).map_or_else(|| name.to_owned(), |host| host.as_str().to_owned())
        }
        _ => name.to_owned(),
    }
}

/// The kind of a node, or the one whose name it probably misspells.
fn info_meant(word: &str) -> Option<&'static NodeInfo> {
    let known = info_of(word);
    known.or_else(|| info_of(nearest(word, KINDS.iter().map(|info| info.word))?))
}

fn info_of(word: &str) -> Option<&'static NodeInfo> {
    KINDS.iter().copied().find(|info| info.word == word)
}

/// A kind, or what is said of nodes without declaring one.
fn addable(cx: &mut Context<'_>, word: &At<Scalar>) -> Option<&'static NodeInfo> {
    let said = IDENTITY.iter().copied();
    let mut said = said.filter(|info| info.word == word.value.0);
    said.next().or_else(|| kind(cx, word))
}

/// A kind that a change names; one that does not exist is reported.
fn kind(cx: &mut Context<'_>, word: &At<Scalar>) -> Option<&'static NodeInfo> {
    let text = &word.value.0;
    if let Some(info) = info_of(text) {
        return Some(info);
    }
    let diagnostic = Diagnostic::new(
        Code::UnknownNode,
        word.span,
        format!("there is no kind `{text}`"),
    );
    cx.report(match nearest(text, KINDS.iter().map(|info| info.word)) {
        Some(near) => diagnostic.meant(near),
        None => diagnostic.help(there_are(KINDS.iter().map(|info| info.word))),
    });
    None
}
