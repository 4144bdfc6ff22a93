//! Lays one node over another. How, the table of kinds says.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Arg, Field, Key, Node, NodeInfo, Overlay, Shape, scalar_text};
use skep_schema::span::Span;

use super::form::{all_same, same_value, says_same, spell_out, take_entries};
use super::touch::{Deed, Touch};
use crate::context::Context;

/// What is laid over nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A node over its kind's defaults: every word is a word of the kind.
    Node,
    /// A patch: `remove`, `append` and `replace` are orders.
    Patch,
}

/// Lays a node over its kind's defaults.
pub(crate) fn over_defaults(
    cx: &mut Context<'_>,
    base: &mut Node,
    over: Node,
    info: &'static NodeInfo,
) {
    Layer::new(Kind::Node).lay(cx, base, over, info);
}

/// Lays a patch over a node; tells what it did there.
pub(crate) fn patch(
    cx: &mut Context<'_>,
    base: &mut Node,
    over: Node,
    info: &'static NodeInfo,
) -> Vec<Touch> {
    let mut layer = Layer::new(Kind::Patch);
    layer.lay(cx, base, over, info);
    layer.touches
}

/// A layer on its way down a node.
#[derive(Debug)]
pub(super) struct Layer {
    kind: Kind,
    pub(super) touches: Vec<Touch>,
    /// The words that led here from the node's own block.
    path: Vec<String>,
    /// The blocks of this layer that lie in the node already, at one depth.
    laid: Vec<Span>,
}

impl Layer {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            touches: Vec::new(),
            path: Vec::new(),
            laid: Vec::new(),
        }
    }

    /// Recursion follows the table, so it is as deep as the language and no deeper.
    fn lay(&mut self, cx: &mut Context<'_>, base: &mut Node, over: Node, info: &'static NodeInfo) {
        spell_out(base, info);
        let mut over = over;
        spell_out(&mut over, info);
        let outside = std::mem::take(&mut self.laid);
        self.args(base, over.args, info);
        let mut replaced: Vec<&'static str> = Vec::new();
        let mut rest = over.children.into_iter();
        while let Some(child) = rest.next() {
            let word = child.name.value.as_str();
            match (info.field(word), word, self.kind) {
                (Some(field), _, _) => match field.shape.overlay() {
                    Overlay::Replace | Overlay::ReplaceAll if replaced.contains(&field.word) => {
                        base.children.push(child);
                    }
                    Overlay::Replace | Overlay::ReplaceAll => {
                        replaced.push(field.word);
                        self.instead(base, child, rest.as_slice());
                    }
                    Overlay::Entries => self.entries(base, child),
                    Overlay::Inside(inner) => self.inside(cx, base, child, inner),
                    Overlay::Keyed(inner, key) => self.keyed(cx, base, child, inner, key),
                },
                (None, "remove", Kind::Patch) => self.remove(cx, base, &child, info),
                (None, "append", Kind::Patch) => self.append(cx, base, child, info),
                (None, "replace", Kind::Patch) => self.replace(cx, base, child, info),
                // Not known here: the decoder will say so, at the place where it is written.
                (None, _, _) => base.children.push(child),
            }
        }
        base.props.extend(over.props);
        self.laid = outside;
    }

    /// Notes what a patch does; of defaults nobody asks.
    pub(super) fn touch(&mut self, words: &[&str], span: Span, was: Option<Span>, deed: Deed) {
        if self.kind == Kind::Node {
            return;
        }
        let below = words.iter().map(|word| (*word).to_owned());
        self.touches.push(Touch {
            path: self.path.iter().cloned().chain(below).collect(),
            span,
            was,
            deed,
        });
    }

    /// Positional values replace those in the same place; all of them where a node takes any
    /// number.
    fn args(&mut self, base: &mut Node, over: Vec<Arg>, info: &'static NodeInfo) {
        let takes_all = |f: &&Field| matches!(f.shape, Shape::Args { .. });
        if let Some(field) = info
            .fields
            .iter()
            .find(takes_all)
            .filter(|_| !over.is_empty())
        {
            let same = base.args.len() == over.len()
                && base.args.iter().zip(&over).all(|(a, b)| same_value(a, b));
            self.touch(
                &[field.word],
                over[0].span,
                base.args.first().map(|a| a.span),
                Deed::sets(same),
            );
            base.args = over;
            return;
        }
        let mut words = info
            .fields
            .iter()
            .filter(|f| matches!(f.shape, Shape::Arg { .. }));
        for (nth, arg) in over.into_iter().enumerate() {
            let word = words.next().map_or("", |field| field.word);
            let word = word.to_ascii_lowercase();
            let old = base.args.get(nth);
            let same = old.is_some_and(|old| same_value(old, &arg));
            // The first one is what the node is known by, and stays.
            if nth > 0 || !same {
                self.touch(&[&word], arg.span, old.map(|a| a.span), Deed::sets(same));
            }
            match base.args.get_mut(nth) {
                Some(old) => *old = arg,
                None => base.args.push(arg),
            }
        }
    }

    /// Several of one word in the upper node belong together: the first one takes the place of all
    /// that were there.
    fn instead(&mut self, base: &mut Node, child: Node, rest: &[Node]) {
        let word = child.name.value.clone();
        if self.kind == Kind::Patch {
            let old = of_word(&base.children, &word);
            let mut new = vec![&child];
            new.extend(of_word(rest, &word));
            let was = old.first().map(|old| old.span);
            let deed = Deed::sets(all_same(&old, &new));
            self.touch(&[&word], child.span, was, deed);
        }
        base.children.retain(|node| node.name.value != word);
        base.children.push(child);
    }

    /// Merges a map by key. All its entries end up in one child, written as children.
    fn entries(&mut self, base: &mut Node, mut over: Node) {
        let word = over.name.value.clone();
        let mut map = gather(base, &over);
        for entry in take_entries(&mut over) {
            let key = entry.name.value.clone();
            let old = map.children.iter_mut().find(|e| e.name.value == key);
            let old = old.filter(|old| !self.laid.contains(&old.span));
            let same = old.as_ref().is_some_and(|old| says_same(old, &entry));
            let was = old.as_ref().map(|old| old.span);
            self.touch(&[&word, &key], entry.span, was, Deed::sets(same));
            self.laid.push(entry.span);
            match old {
                Some(old) => *old = entry,
                None => map.children.push(entry),
            }
        }
        map.args.append(&mut over.args);
        base.children.push(map);
    }

    fn inside(
        &mut self,
        cx: &mut Context<'_>,
        base: &mut Node,
        child: Node,
        info: &'static NodeInfo,
    ) {
        let word = child.name.value.clone();
        match base.children.iter_mut().find(|c| c.name.value == word) {
            Some(old) => self.below(cx, old, child, info, &[&word]),
            None => base.children.push(self.fresh(cx, child, info, &[&word])),
        }
    }

    fn keyed(
        &mut self,
        cx: &mut Context<'_>,
        base: &mut Node,
        mut child: Node,
        info: &'static NodeInfo,
        key: Key,
    ) {
        let word = child.name.value.clone();
        let name = key_of(&child, key).unwrap_or_default();
        let others = base.children.iter().enumerate();
        let others = others.filter(|(_, c)| !self.laid.contains(&c.span));
        let found = same_key(others, &child, info, key);
        self.laid.push(child.span);
        match found.as_slice() {
            [] => base
                .children
                .push(self.fresh(cx, child, info, &[&word, &name])),
            [at] => {
                let old = &mut base.children[*at];
                leave_identity(&mut child, old, info, key);
                self.below(cx, old, child, info, &[&word, &name]);
            }
            several => {
                let places = several.iter().map(|at| base.children[*at].span);
                cx.report(which(&child, &name, key, places));
            }
        }
    }

    /// Goes on inside a child that both nodes have.
    fn below(
        &mut self,
        cx: &mut Context<'_>,
        old: &mut Node,
        child: Node,
        info: &'static NodeInfo,
        words: &[&str],
    ) {
        old.span = child.span;
        let depth = self.path.len();
        self.path
            .extend(words.iter().map(|word| (*word).to_owned()));
        self.lay(cx, old, child, info);
        self.path.truncate(depth);
    }

    /// A child that lies on nothing; orders in it have nothing to act on and are reported.
    pub(super) fn fresh(
        &mut self,
        cx: &mut Context<'_>,
        child: Node,
        info: &'static NodeInfo,
        words: &[&str],
    ) -> Node {
        if self.kind == Kind::Node {
            return child;
        }
        let mut empty = Node::bare(&child.name.value, child.name.span);
        empty.uses.clone_from(&child.uses);
        self.below(cx, &mut empty, child, info, words);
        empty
    }
}

fn of_word<'n>(all: &'n [Node], word: &str) -> Vec<&'n Node> {
    all.iter().filter(|node| node.name.value == word).collect()
}

/// Takes a map out of a node: one child with all entries, even where it was written several times.
fn gather(base: &mut Node, over: &Node) -> Node {
    let mut all = base
        .children
        .extract_if(.., |c| c.name.value == over.name.value);
    let mut map = all.next().unwrap_or_else(|| {
        let mut empty = Node::bare(&over.name.value, over.name.span);
        empty.span = over.span;
        empty
    });
    map.children = take_entries(&mut map);
    for mut more in all {
        map.children.extend(take_entries(&mut more));
    }
    map
}

/// What tells a keyed child from its siblings.
pub(super) fn key_of(node: &Node, key: Key) -> Option<String> {
    match key {
        Key::Name | Key::NameAnd(_) => {
            let arg = node.args.first()?;
            scalar_text(&arg.value).map(String::from)
        }
        Key::Prop(word) => value_of(node, word),
        Key::None => None,
    }
}

fn value_of(node: &Node, word: &str) -> Option<String> {
    let prop = node.prop(word).map(|p| &p.value);
    let arg = prop.or_else(|| node.child(word).and_then(|c| c.args.first()))?;
    scalar_text(&arg.value).map(String::from)
}

/// The property that is part of the key beside the name, filled in where it has a default.
fn second_key(node: &Node, info: &'static NodeInfo, key: Key) -> Option<String> {
    let Key::NameAnd(word) = key else { return None };
    let default = || info.field(word)?.default.map(str::to_owned);
    value_of(node, word).or_else(default)
}

/// Which of some children a child is laid over: those of its key, or, where there are several, the
/// one whose second key is the same too.
pub(super) fn same_key<'n>(
    all: impl Iterator<Item = (usize, &'n Node)>,
    child: &Node,
    info: &'static NodeInfo,
    key: Key,
) -> Vec<usize> {
    let Some(wanted) = key_of(child, key) else {
        return Vec::new();
    };
    let same: Vec<(usize, &Node)> = all
        .filter(|(_, c)| c.name.value == child.name.value)
        .filter(|(_, c)| key_of(c, key).as_ref() == Some(&wanted))
        .collect();
    if let [_, _, ..] = same.as_slice() {
        let second = second_key(child, info, key);
        let exact = same
            .iter()
            .filter(|(_, c)| second_key(c, info, key) == second);
        let exact: Vec<usize> = exact.map(|(at, _)| *at).collect();
        if exact.len() == 1 {
            return exact;
        }
    }
    same.into_iter().map(|(at, _)| at).collect()
}

/// Takes out of the upper child what it is only known by, so that it is not taken for a change.
fn leave_identity(child: &mut Node, old: &Node, info: &'static NodeInfo, key: Key) {
    let word = match key {
        Key::Prop(word) => word,
        Key::NameAnd(word) if second_key(child, info, key) == second_key(old, info, key) => word,
        Key::NameAnd(_) | Key::Name | Key::None => return,
    };
    child.props.retain(|p| p.key.value != word);
    child.children.retain(|c| c.name.value != word);
}

/// Says that a change could be meant for several children.
fn which(child: &Node, name: &str, key: Key, places: impl Iterator<Item = Span>) -> Diagnostic {
    let word = &child.name.value;
    let message = format!("there are several `{word} {name}`, and this could be about any of them");
    let diagnostic = Diagnostic::new(Code::MatchesNothing, child.span, message);
    let diagnostic = match key {
        Key::NameAnd(and) => diagnostic.help(format!("say which by its `{and}`")),
        Key::Name | Key::Prop(_) | Key::None => diagnostic.help("keep one of them"),
    };
    places.fold(diagnostic, |all, place| all.and(place, "one is here"))
}

#[cfg(test)]
mod tests;
