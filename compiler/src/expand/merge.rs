//! Lays one node over another. How, the table of kinds says.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{
    Arg, Field, Key, Literal, Node, NodeInfo, Prop, Shape, nearest, scalar_text,
};
use skep_schema::span::Span;

use crate::context::Context;

/// Whether `remove` and `append` in the upper node are orders or words like any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orders {
    Obey,
    None,
}

/// Lays `over` on `base`: scalars and lists replace, maps and keyed children merge. Recursion
/// follows the table, so it is as deep as the language and no deeper.
pub(crate) fn merge(
    cx: &mut Context<'_>,
    base: &mut Node,
    over: Node,
    info: &'static NodeInfo,
    orders: Orders,
) {
    spell_out(base, info);
    let mut over = over;
    spell_out(&mut over, info);
    merge_args(base, over.args, info);
    let mut replaced: Vec<&'static str> = Vec::new();
    for child in over.children {
        let word = child.name.value.as_str();
        match (info.field(word), word, orders) {
            (Some(field), _, _) => put(cx, base, child, field, orders, &mut replaced),
            (None, "remove", Orders::Obey) => remove(cx, base, &child, info),
            (None, "append", Orders::Obey) => append(cx, base, &child, info),
            // Not known here: the decoder will say so, at the place where it is written.
            (None, _, _) => base.children.push(child),
        }
    }
    base.props.extend(over.props);
}

/// Writes flags, properties and the list at the end of a line as children, so that each word has
/// one form.
fn spell_out(node: &mut Node, info: &'static NodeInfo) {
    let mut first = trailing(node, info);
    for prop in std::mem::take(&mut node.props) {
        if info.field(&prop.key.value).is_some() {
            first.push(child_of(prop));
        } else {
            node.props.push(prop);
        }
    }
    first.append(&mut node.children);
    node.children = first;
}

/// Takes the words at the end of a line that are no values of their own: `init`, `command a b`.
fn trailing(node: &mut Node, info: &'static NodeInfo) -> Vec<Node> {
    if info
        .fields
        .iter()
        .any(|f| matches!(f.shape, Shape::Args { .. }))
    {
        return Vec::new();
    }
    let named = |f: &&Field| matches!(f.shape, Shape::Arg { required: true, .. });
    let values = info
        .fields
        .iter()
        .filter(named)
        .count()
        .min(node.args.len());
    let mut taken = Vec::new();
    let mut rest = node.args.split_off(values).into_iter();
    while let Some(arg) = rest.next() {
        match word_of(&arg, info) {
            Some((word, Shape::List { .. })) => {
                let mut list = Node::bare(word, arg.span);
                list.args = rest.by_ref().collect();
                taken.push(list);
            }
            Some((word, Shape::Flag | Shape::Node { .. })) => {
                taken.push(Node::bare(word, arg.span));
            }
            Some(_) | None => node.args.push(arg),
        }
    }
    taken
}

fn word_of(arg: &Arg, info: &'static NodeInfo) -> Option<(&'static str, Shape)> {
    match &arg.value {
        Literal::Str(text) => info.field(text).map(|field| (field.word, field.shape)),
        Literal::Null
        | Literal::Bool(_)
        | Literal::Int(_)
        | Literal::Float(_)
        | Literal::Text(_)
        | Literal::Secret(_)
        | Literal::Unknown => None,
    }
}

fn child_of(prop: Prop) -> Node {
    let mut node = Node::bare(&prop.key.value, prop.key.span);
    node.span = prop.key.span.to(prop.value.span);
    node.args.push(prop.value);
    node
}

/// Positional values replace those in the same place; all of them where a node takes any number.
fn merge_args(base: &mut Node, over: Vec<Arg>, info: &'static NodeInfo) {
    let takes_all = info
        .fields
        .iter()
        .any(|f| matches!(f.shape, Shape::Args { .. }));
    if takes_all && !over.is_empty() {
        base.args = over;
        return;
    }
    for (nth, arg) in over.into_iter().enumerate() {
        match base.args.get_mut(nth) {
            Some(old) => *old = arg,
            None => base.args.push(arg),
        }
    }
}

fn put(
    cx: &mut Context<'_>,
    base: &mut Node,
    child: Node,
    field: &'static Field,
    orders: Orders,
    replaced: &mut Vec<&'static str>,
) {
    match field.shape {
        Shape::Map { .. } => put_entries(base, child),
        Shape::Node { info } => {
            match base
                .children
                .iter_mut()
                .find(|c| c.name.value == field.word)
            {
                Some(old) => {
                    old.span = child.span;
                    merge(cx, old, child, info, orders);
                }
                None => base.children.push(fresh(cx, child, info, orders)),
            }
        }
        Shape::Nodes { info, key } if key != Key::None => {
            let wanted = key_of(&child, key);
            let same = |c: &&mut Node| {
                c.name.value == field.word && wanted.is_some() && key_of(c, key) == wanted
            };
            match base.children.iter_mut().find(same) {
                Some(old) => {
                    old.span = child.span;
                    merge(cx, old, child, info, orders);
                }
                None => base.children.push(fresh(cx, child, info, orders)),
            }
        }
        Shape::Nodes { .. }
        | Shape::Arg { .. }
        | Shape::Args { .. }
        | Shape::Value { .. }
        | Shape::Flag
        | Shape::List { .. }
        | Shape::Set { .. }
        | Shape::Any
        | Shape::Rest => {
            // Several of one word in the upper node belong together: only the first one replaces.
            if !replaced.contains(&field.word) {
                replaced.push(field.word);
                base.children.retain(|c| c.name.value != field.word);
            }
            base.children.push(child);
        }
    }
}

/// A child that lies on nothing; orders in it have nothing to act on and are reported.
fn fresh(cx: &mut Context<'_>, child: Node, info: &'static NodeInfo, orders: Orders) -> Node {
    if orders == Orders::None {
        return child;
    }
    let mut empty = Node::bare(&child.name.value, child.name.span);
    empty.span = child.span;
    empty.uses.clone_from(&child.uses);
    merge(cx, &mut empty, child, info, orders);
    empty
}

/// Merges a map by key. All its entries end up in one child, written as children.
fn put_entries(base: &mut Node, over: Node) {
    let word = over.name.value.clone();
    let mut entries: Vec<Node> = Vec::new();
    let mut whole: Option<Node> = None;
    let mut rest = Vec::new();
    for child in base.children.drain(..) {
        if child.name.value == word {
            let mut child = child;
            entries.extend(take_entries(&mut child));
            whole.get_or_insert(child);
        } else {
            rest.push(child);
        }
    }
    let mut over = over;
    for entry in take_entries(&mut over) {
        match entries
            .iter_mut()
            .find(|e| e.name.value == entry.name.value)
        {
            Some(old) => *old = entry,
            None => entries.push(entry),
        }
    }
    let mut map = whole.unwrap_or_else(|| Node::bare(&word, over.name.span));
    map.args.append(&mut over.args);
    map.children = entries;
    rest.push(map);
    base.children = rest;
}

/// The entries of a map, each as a child, whichever of the three ways they were written in.
fn take_entries(map: &mut Node) -> Vec<Node> {
    let mut entries = Vec::new();
    if let [
        Arg {
            value: Literal::Str(key),
            span,
        },
        value,
    ] = map.args.as_slice()
    {
        let mut node = Node::bare(key, *span);
        node.args.push(value.clone());
        entries.push(node);
        map.args.clear();
    }
    entries.extend(map.props.drain(..).map(child_of));
    entries.append(&mut map.children);
    entries
}

/// What tells a keyed child from its siblings.
fn key_of(node: &Node, key: Key) -> Option<String> {
    let arg = match key {
        Key::Name => node.args.first(),
        Key::Prop(word) => node
            .prop(word)
            .map(|p| &p.value)
            .or_else(|| node.child(word).and_then(|c| c.args.first())),
        Key::None => None,
    };
    arg.and_then(|arg| scalar_text(&arg.value).map(String::from))
}

/// `remove WORD` takes a word away, `remove WORD KEY` one of a map or of several children.
fn remove(cx: &mut Context<'_>, base: &mut Node, order: &Node, info: &'static NodeInfo) {
    let [word, keys @ ..] = order.args.as_slice() else {
        cx.report(
            Diagnostic::new(
                Code::MissingValue,
                order.span,
                "`remove` needs to know what",
            )
            .help("write `remove WORD` or `remove WORD KEY`"),
        );
        return;
    };
    let Some(name) = scalar_text(&word.value) else {
        return;
    };
    let Some(field) = info.field(&name) else {
        cx.report(unknown_word(info, &name, word.span));
        return;
    };
    if keys.is_empty() {
        let before = base.children.len();
        base.children.retain(|c| c.name.value != name);
        if base.children.len() == before && !is_misspelt(base, &name, info) {
            cx.report(nothing(
                format!("there is no `{name}` to remove"),
                word.span,
            ));
        }
        return;
    }
    for key in keys {
        let text = scalar_text(&key.value).unwrap_or_default();
        if !remove_one(base, field, &text) {
            cx.report(nothing(
                format!("there is no `{name} {text}` to remove"),
                key.span,
            ));
        }
    }
}

/// Whether the word is probably there under a name that will be refused.
fn is_misspelt(base: &Node, word: &str, info: &'static NodeInfo) -> bool {
    let unknown = |name: &&str| info.field(name).is_none();
    let mut written = base
        .children
        .iter()
        .map(|c| c.name.value.as_str())
        .filter(unknown);
    written.any(|name| nearest(name, info.words()) == Some(word))
}

fn remove_one(base: &mut Node, field: &'static Field, key: &str) -> bool {
    match field.shape {
        Shape::Map { .. } => {
            let mut found = false;
            for map in base
                .children
                .iter_mut()
                .filter(|c| c.name.value == field.word)
            {
                let mut entries = take_entries(map);
                let before = entries.len();
                entries.retain(|e| e.name.value != key);
                found |= entries.len() < before;
                map.children = entries;
            }
            found
        }
        Shape::Nodes { key: by, .. } => {
            let before = base.children.len();
            base.children
                .retain(|c| c.name.value != field.word || key_of(c, by).as_deref() != Some(key));
            base.children.len() < before
        }
        Shape::List { .. } | Shape::Set { .. } => {
            let mut found = false;
            for list in base
                .children
                .iter_mut()
                .filter(|c| c.name.value == field.word)
            {
                let before = list.args.len();
                list.args
                    .retain(|a| scalar_text(&a.value).as_deref() != Some(key));
                found |= list.args.len() < before;
            }
            base.children
                .retain(|c| c.name.value != field.word || !c.args.is_empty());
            found
        }
        Shape::Arg { .. }
        | Shape::Args { .. }
        | Shape::Value { .. }
        | Shape::Flag
        | Shape::Node { .. }
        | Shape::Any
        | Shape::Rest => false,
    }
}

/// `append WORD VALUE...` adds to a list that would be replaced otherwise.
fn append(cx: &mut Context<'_>, base: &mut Node, order: &Node, info: &'static NodeInfo) {
    let [word, values @ ..] = order.args.as_slice() else {
        cx.report(
            Diagnostic::new(
                Code::MissingValue,
                order.span,
                "`append` needs to know where to",
            )
            .help("write `append WORD VALUE`"),
        );
        return;
    };
    let Some(name) = scalar_text(&word.value) else {
        return;
    };
    let Some(field) = info.field(&name) else {
        cx.report(unknown_word(info, &name, word.span));
        return;
    };
    if !matches!(field.shape, Shape::List { .. } | Shape::Set { .. }) {
        cx.report(
            Diagnostic::new(Code::WrongType, word.span, format!("`{name}` is no list")).help(
                format!("write `{name} ...` alone: it is merged or replaced"),
            ),
        );
        return;
    }
    if let Some(list) = base.children.iter_mut().find(|c| c.name.value == name) {
        list.args.extend_from_slice(values);
    } else {
        let mut list = Node::bare(&name, word.span);
        list.args.extend_from_slice(values);
        base.children.push(list);
    }
}

fn unknown_word(info: &'static NodeInfo, name: &str, span: Span) -> Diagnostic {
    let message = format!("`{}` knows no `{name}`", info.word);
    let diagnostic = Diagnostic::new(Code::UnknownProperty, span, message);
    match nearest(name, info.words()) {
        Some(near) => diagnostic.meant(near),
        None => diagnostic,
    }
}

fn nothing(message: String, span: Span) -> Diagnostic {
    Diagnostic::new(Code::MatchesNothing, span, message)
        .help("take this line away, or check which environment the word is written for")
}
