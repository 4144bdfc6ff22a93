//! What led to a mistake, beside the place where it is written: the use of a component with its item,
//! the node that a patch changes.

use skep_schema::diagnostic::Diagnostic;
use skep_schema::lang::Used;

use super::MAX_LABELS;
use super::tree::{Tree, covers};
use crate::context::{Context, Patched, label, point_at};
use crate::expand::Loaded;

/// Points at what led to each diagnostic that lies in a component or in a patch. What was reported
/// while one node was at hand says it already.
pub(super) fn point(all: &mut [Diagnostic], cx: &Context<'_>, loaded: &Loaded) {
    if cx.made.is_empty() && cx.patched.is_empty() {
        return;
    }
    let tree = Tree::of(loaded);
    let about_values = all
        .iter_mut()
        .filter(|diagnostic| !diagnostic.code.as_str().starts_with("SK1"));
    for diagnostic in about_values {
        let around = tree.around(diagnostic.primary.span);
        let [root, inner, ..] = around.as_slice() else {
            continue;
        };
        let line = inner.head_span();
        match root.name().text {
            "component" => {
                let made = cx.made.iter().filter(|made| made.line == line);
                let made: Vec<_> = made.map(|made| (made.name.as_str(), &made.uses)).collect();
                let known = made.iter().any(|(_, uses)| is_pointed_at(diagnostic, uses));
                for (_, uses) in meant(diagnostic, &made, |(name, _)| *name) {
                    if !known {
                        add_uses(diagnostic, uses);
                    }
                }
            }
            "environment" => {
                let patched = cx.patched.iter().filter(|patched| patched.patch == line);
                let patched: Vec<_> = patched.collect();
                for patched in meant(diagnostic, &patched, |patched| patched.name.as_str()) {
                    add_node(diagnostic, patched, &tree);
                }
            }
            _ => {}
        }
    }
}

/// Names the node that a patch changes, unless a part of it is named already.
fn add_node(diagnostic: &mut Diagnostic, patched: &Patched, tree: &Tree<'_>) {
    let chain = tree.around(patched.line);
    let node = chain.iter().find(|node| node.head_span() == patched.line);
    let whole = node.map_or(patched.line, |node| node.span());
    let named = diagnostic
        .secondary
        .iter()
        .any(|label| covers(whole, label.span));
    if !named && diagnostic.secondary.len() < MAX_LABELS {
        label(diagnostic, patched.line, "changes this node");
    }
    add_uses(diagnostic, &patched.uses);
}

fn add_uses(diagnostic: &mut Diagnostic, uses: &[Used]) {
    if diagnostic.secondary.len() + uses.len() <= MAX_LABELS {
        point_at(diagnostic, uses);
    }
}

fn is_pointed_at(diagnostic: &Diagnostic, uses: &[Used]) -> bool {
    let is_named = |span| diagnostic.secondary.iter().any(|label| label.span == span);
    uses.last().is_some_and(|used| is_named(used.at))
}

/// Those of several nodes that a message names; the only one there is; else none, since it could be
/// about any of them.
fn meant<T: Clone>(of: &Diagnostic, all: &[T], name: impl Fn(&T) -> &str) -> Vec<T> {
    if let [only] = all {
        return vec![only.clone()];
    }
    let quoted = of.message.split('`').skip(1).step_by(2);
    let addresses = of.message.split(' ').filter(|word| word.contains('.'));
    let words: Vec<&str> = quoted.chain(addresses).collect();
    let named = all
        .iter()
        .filter(|one| words.iter().any(|word| is_name(word, name(one))));
    named.cloned().collect()
}

/// `api`, `service api` and `service.api` are about `api`.
fn is_name(word: &str, name: &str) -> bool {
    let rest = word.strip_suffix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with([' ', '.']))
}
