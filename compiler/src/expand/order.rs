//! The orders of a patch: `remove`, `append`, `replace`.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Arg, Field, Node, NodeInfo, Overlay, nearest, scalar_text};
use skep_schema::span::{At, Span};

use super::form::{says_same, take_entries};
use super::merge::{Layer, key_of, same_key};
use super::touch::Deed;
use crate::context::Context;

impl Layer {
    /// `remove WORD` takes a word away, `remove WORD KEY` one of a map, of several children or of a
    /// list.
    pub(super) fn remove(
        &mut self,
        cx: &mut Context<'_>,
        base: &mut Node,
        order: &Node,
        info: &'static NodeInfo,
    ) {
        let Some((field, span)) =
            target(cx, order, info, "write `remove WORD` or `remove WORD KEY`")
        else {
            return;
        };
        refuse_rest(cx, order);
        let word = field.word;
        let keys = &order.args[1..];
        if keys.is_empty() {
            let gone = base.children.extract_if(.., |c| c.name.value == word);
            match gone.last() {
                Some(old) => self.touch(&[word], order.span, Some(old.span), Deed::Removes),
                None if is_misspelt(base, word, info) => {}
                None => cx.report(nothing(format!("there is no `{word}` to remove"), span)),
            }
        }
        for key in keys {
            let text = scalar_text(&key.value).unwrap_or_default();
            match remove_one(base, field, &text) {
                Some(old) => self.touch(&[word, &text], key.span, Some(old), Deed::Removes),
                None => cx.report(nothing(
                    format!("there is no `{word} {text}` to remove"),
                    key.span,
                )),
            }
        }
    }

    /// `append WORD VALUE...` adds to what would be replaced otherwise.
    pub(super) fn append(
        &mut self,
        cx: &mut Context<'_>,
        base: &mut Node,
        order: Node,
        info: &'static NodeInfo,
    ) {
        let Some((field, span)) = target(cx, &order, info, "write `append WORD VALUE`") else {
            return;
        };
        if !field.shape.overlay().takes_append() {
            let help = match field.shape.overlay() {
                Overlay::Replace => "is one value, and replaced",
                Overlay::ReplaceAll
                | Overlay::Entries
                | Overlay::Inside(_)
                | Overlay::Keyed(..) => "is merged",
            };
            cx.report(
                Diagnostic::new(
                    Code::WrongType,
                    span,
                    format!("`{}` is no list", field.word),
                )
                .help(format!("write `{0} ...` alone: it {help}", field.word)),
            );
            return;
        }
        let mut added = named(order, field, span);
        if added.args.is_empty() && added.props.is_empty() && added.children.is_empty() {
            cx.report(
                Diagnostic::new(
                    Code::MissingValue,
                    added.span,
                    "`append` needs to know what",
                )
                .help(format!("write `append {} VALUE`", field.word)),
            );
            return;
        }
        self.touch(&[field.word], added.span, None, Deed::Appends);
        let last = base
            .children
            .iter_mut()
            .rfind(|c| c.name.value == field.word);
        match (field.shape.inner(), last) {
            (None, Some(list)) => {
                list.args.append(&mut added.args);
                list.props.append(&mut added.props);
                list.children.append(&mut added.children);
            }
            (_, _) => base.children.push(added),
        }
    }

    /// `replace WORD ...` puts a whole block in the place of one that would be merged with
    /// otherwise.
    pub(super) fn replace(
        &mut self,
        cx: &mut Context<'_>,
        base: &mut Node,
        order: Node,
        info: &'static NodeInfo,
    ) {
        let Some((field, span)) = target(cx, &order, info, "write `replace WORD ...`") else {
            return;
        };
        let word = field.word;
        if !field.shape.overlay().takes_replace() {
            let message = format!("`{word}` is replaced as it is");
            cx.report(
                Diagnostic::new(Code::WrongType, span, message)
                    .help(format!("write `{word} ...` alone")),
            );
            return;
        }
        let new = named(order, field, span);
        let (key, found) = replaced(base, &new, field);
        let words: Vec<&str> = [word].into_iter().chain(key.as_deref()).collect();
        let Some(first) = found.first().copied() else {
            let message = format!("there is no `{}` to replace", words.join(" "));
            cx.report(nothing(message, span));
            return;
        };
        let old = &base.children[first];
        let same = found.len() == 1 && says_same(old, &new);
        self.touch(&words, new.span, Some(old.span), Deed::sets(same));
        base.children[first] = match field.shape.inner() {
            Some(inner) => self.fresh(cx, new, inner, &words),
            None => new,
        };
        for at in found[1..].iter().rev() {
            base.children.remove(*at);
        }
    }
}

/// The children whose place a new one takes, and the key they are found by.
fn replaced(base: &Node, new: &Node, field: &'static Field) -> (Option<String>, Vec<usize>) {
    let all = base.children.iter().enumerate();
    match field.shape.overlay() {
        Overlay::Keyed(info, key) => (key_of(new, key), same_key(all, new, info, key)),
        Overlay::Entries | Overlay::Inside(_) | Overlay::Replace | Overlay::ReplaceAll => {
            let of_word = all.filter(|(_, c)| c.name.value == field.word);
            (None, of_word.map(|(at, _)| at).collect())
        }
    }
}

/// The field that an order is about; one that does not exist, or is not said, is reported.
fn target(
    cx: &mut Context<'_>,
    order: &Node,
    info: &'static NodeInfo,
    help: &str,
) -> Option<(&'static Field, Span)> {
    let Some(word) = order.args.first() else {
        let message = format!("`{}` needs to know what", order.name.value);
        cx.report(Diagnostic::new(Code::MissingValue, order.span, message).help(help));
        return None;
    };
    let name = scalar_text(&word.value)?;
    let field = info.field(&name);
    if field.is_none() {
        let message = format!("`{}` knows no `{name}`", info.word);
        let diagnostic = Diagnostic::new(Code::UnknownProperty, word.span, message);
        cx.report(match nearest(&name, info.words()) {
            Some(near) => diagnostic.meant(near),
            None => diagnostic,
        });
    }
    field.map(|field| (field, word.span))
}

/// What an order holds as a node of its own: `append command x` as `command x`.
fn named(mut order: Node, field: &'static Field, span: Span) -> Node {
    order.name = At::new(field.word.into(), span);
    order.args.remove(0);
    order
}

/// `remove` names words and keys, and has no block.
fn refuse_rest(cx: &mut Context<'_>, order: &Node) {
    let props = order.props.iter().map(|p| p.key.span);
    let rest = props
        .chain(order.children.iter().map(|c| c.name.span))
        .next();
    if let Some(span) = rest {
        cx.report(
            Diagnostic::new(
                Code::SurplusArgument,
                span,
                "`remove` takes words and keys only",
            )
            .help("write `remove WORD` or `remove WORD KEY`"),
        );
    }
}

/// Whether the word is probably there under a name that will be refused.
fn is_misspelt(base: &Node, word: &str, info: &'static NodeInfo) -> bool {
    let written = base.children.iter().map(|c| c.name.value.as_str());
    let mut unknown = written.filter(|name| info.field(name).is_none());
    unknown.any(|name| nearest(name, info.words()) == Some(word))
}

/// Takes one thing away; tells where it was.
fn remove_one(base: &mut Node, field: &'static Field, key: &str) -> Option<Span> {
    match field.shape.overlay() {
        Overlay::Entries => {
            let maps = base
                .children
                .iter_mut()
                .filter(|c| c.name.value == field.word);
            let mut gone = None;
            for map in maps {
                map.children = take_entries(map);
                let taken = map.children.extract_if(.., |e| e.name.value == key);
                gone = taken.last().map(|entry| entry.span).or(gone);
            }
            gone
        }
        Overlay::Keyed(_, by) => {
            let is_it =
                |c: &mut Node| c.name.value == field.word && key_of(c, by).as_deref() == Some(key);
            base.children.extract_if(.., is_it).last().map(|c| c.span)
        }
        Overlay::ReplaceAll => {
            let is_it = |arg: &mut Arg| scalar_text(&arg.value).as_deref() == Some(key);
            let mut gone = None;
            for list in base
                .children
                .iter_mut()
                .filter(|c| c.name.value == field.word)
            {
                gone = list
                    .args
                    .extract_if(.., is_it)
                    .last()
                    .map(|a| a.span)
                    .or(gone);
            }
            base.children
                .retain(|c| c.name.value != field.word || !is_empty(c));
            gone
        }
        Overlay::Replace | Overlay::Inside(_) => None,
    }
}

fn is_empty(node: &Node) -> bool {
    node.args.is_empty() && node.props.is_empty() && node.children.is_empty()
}

fn nothing(message: String, span: Span) -> Diagnostic {
    Diagnostic::new(Code::MatchesNothing, span, message)
        .help("take this line away, or check which environment the word is written for")
}
