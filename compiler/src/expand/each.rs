//! `each`: one use of a component for every item of a list or map that is written out.

use std::collections::BTreeMap;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Arg, Literal, Node, Prop, scalar_text};
use skep_schema::span::{At, Span};
use smol_str::SmolStr;

use super::scope::{Scope, Value};
use super::value;
use crate::context::{Context, FOR_ITEM};
use crate::syntax::{EntryRef, NodeRef};

/// The word itself, in a use and at the beginning of a path.
pub(crate) const EACH: &str = "each";

/// Items of one `each`, at most.
const MAX_ITEMS: usize = 1_000;

/// One item: what `each` and `each.KEY` mean in the arguments of its use.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    /// What the instance is called, unless the use says otherwise.
    pub(crate) name: SmolStr,
    /// `each` alone: the item of a list, the key of a map.
    pub(crate) value: Literal,
    pub(crate) keys: BTreeMap<SmolStr, Arg>,
    pub(crate) span: Span,
}

/// A use of a component for one instance.
#[derive(Debug)]
pub(crate) struct Instance {
    /// The use, evaluated where it stands, without `each`.
    pub(crate) node: Node,
    /// The item it is for.
    pub(crate) item: Option<Span>,
}

/// What a `use` asks for: one instance, or one for each of its items.
pub(crate) fn instances(
    cx: &mut Context<'_>,
    scope: &Scope<'_>,
    from: NodeRef<'_>,
) -> Vec<Instance> {
    let Some(list) = written(cx, scope, from) else {
        let node = value::node(cx, scope, from);
        return vec![Instance { node, item: None }];
    };
    items(cx, list)
        .into_iter()
        .map(|item| instance(cx, scope, from, &item))
        .collect()
}

fn instance(cx: &mut Context<'_>, scope: &Scope<'_>, from: NodeRef<'_>, item: &Item) -> Instance {
    let scope = Scope {
        each: Some(item),
        ..scope.clone()
    };
    let before = cx.decoder.diagnostics.len();
    let mut node = value::node_without(cx, &scope, from, EACH);
    if node.args.len() == 1 {
        node.args.push(Arg {
            value: Literal::Str(item.name.clone()),
            span: item.span,
        });
    }
    cx.label(before, item.span, FOR_ITEM);
    Instance {
        node,
        item: Some(item.span),
    }
}

/// The `each` of a use as one node; nothing where there is none.
fn written(cx: &mut Context<'_>, scope: &Scope<'_>, from: NodeRef<'_>) -> Option<Node> {
    let mut children = from.children().filter(|child| child.name().text == EACH);
    let is_each = |entry: &EntryRef<'_>| entry.key().is_some_and(|key| key.text == EACH);
    let mut props = from.entries().filter(is_each);
    let first = match props.next() {
        Some(prop) => property(cx, scope, prop),
        None => child(cx, scope, children.next()?),
    };
    let again = props.map(EntryRef::span);
    if let Some(again) = again.chain(children.map(|child| child.name().span)).next() {
        cx.report(twice("`each` is written twice", again, first.name.span));
    }
    Some(first)
}

fn child(cx: &mut Context<'_>, scope: &Scope<'_>, from: NodeRef<'_>) -> Node {
    if from.entries().next().is_none() && from.children().next().is_none() {
        cx.report(
            Diagnostic::new(Code::MissingValue, from.head_span(), "`each` has no items").help(
                "write them out, each ITEM ITEM, or name a list that may be empty: \
                 each (spread)param.NAME",
            ),
        );
    }
    value::node(cx, scope, from)
}

/// `each=(var)param.names`: a list and a map need no spreading here.
fn property(cx: &mut Context<'_>, scope: &Scope<'_>, entry: EntryRef<'_>) -> Node {
    let span = entry.key().map_or(entry.span(), |key| key.span);
    let mut node = Node::bare(EACH, span);
    node.span = entry.span();
    match value::evaluate(cx, scope, entry) {
        Value::One(value) => node.args.push(Arg {
            value,
            span: value::place(entry),
        }),
        Value::List(items) => node.args = items,
        Value::Map(entries) => node.props = entries,
        Value::Absent => {}
    }
    node
}

/// The items in order of writing, each name once. An unknown list has none that could be named.
fn items(cx: &mut Context<'_>, list: Node) -> Vec<Item> {
    let count = list.args.len() + list.props.len() + list.children.len();
    if count > MAX_ITEMS {
        let message = format!("`each` has {count} items, and {MAX_ITEMS} at most");
        cx.report(
            Diagnostic::new(Code::TooMuch, list.span, message)
                .help("split it into several uses, or the project into several"),
        );
        return Vec::new();
    }
    let args = list.args.into_iter().map(|arg| of_list(cx, arg));
    let mut all: Vec<Option<Item>> = args.collect();
    all.extend(list.props.into_iter().map(|entry| Some(of_map(entry))));
    all.extend(list.children.into_iter().map(|row| of_row(cx, row)));
    once(cx, all.into_iter().flatten())
}

fn once(cx: &mut Context<'_>, items: impl Iterator<Item = Item>) -> Vec<Item> {
    let mut first: BTreeMap<SmolStr, Span> = BTreeMap::new();
    let mut kept = Vec::new();
    for item in items {
        if let Some(before) = first.get(&item.name) {
            let message = format!("`{}` is in `each` twice", item.name);
            cx.report(twice(&message, item.span, *before));
            continue;
        }
        first.insert(item.name.clone(), item.span);
        kept.push(item);
    }
    kept
}

fn of_list(cx: &mut Context<'_>, arg: Arg) -> Option<Item> {
    if arg.value == Literal::Unknown {
        cx.nodes_missing = true;
        return None;
    }
    let Some(name) = scalar_text(&arg.value) else {
        let message = format!("an item of `each` cannot be {}", arg.value.describe());
        cx.report(
            Diagnostic::new(Code::WrongType, arg.span, message)
                .help("an item is a text or a number: it names an instance"),
        );
        return None;
    };
    Some(Item {
        name,
        value: arg.value,
        keys: BTreeMap::new(),
        span: arg.span,
    })
}

fn of_map(entry: Prop) -> Item {
    let At { value: name, span } = entry.key;
    Item {
        value: Literal::Str(name.clone()),
        name,
        span: span.to(entry.value.span),
        keys: BTreeMap::from([("value".into(), entry.value)]),
    }
}

/// `api port=8080 { image "a:1" }`: the name, and what is known of it.
fn of_row(cx: &mut Context<'_>, row: Node) -> Option<Item> {
    let (name, span) = (row.name.value.clone(), row.span);
    let mut keys = BTreeMap::new();
    for (key, value) in values_of(cx, row)? {
        if key.value == "name" || keys.contains_key(&key.value) {
            cx.report(key_twice(&key));
        } else {
            keys.insert(key.value, value);
        }
    }
    Some(Item {
        value: Literal::Str(name.clone()),
        name,
        keys,
        span,
    })
}

/// What a row says, in order of writing; an argument is its `value`.
fn values_of(cx: &mut Context<'_>, row: Node) -> Option<Vec<(At<SmolStr>, Arg)>> {
    if let [_, more, ..] = row.args.as_slice() {
        cx.report(
            Diagnostic::new(
                Code::SurplusArgument,
                more.span,
                "one value too many for an item",
            )
            .help("give values names, item KEY=VALUE, and read them as each.KEY"),
        );
        return None;
    }
    let value = |arg: Arg| (At::new("value".into(), arg.span), arg);
    let mut all: Vec<(At<SmolStr>, Arg)> = row.args.into_iter().map(value).collect();
    all.extend(row.props.into_iter().map(|prop| (prop.key, prop.value)));
    for child in row.children {
        let key = child.name.clone();
        all.push((key, only_value(cx, child)?));
    }
    Some(all)
}

fn only_value(cx: &mut Context<'_>, mut child: Node) -> Option<Arg> {
    let plain = child.props.is_empty() && child.children.is_empty();
    match child.args.pop() {
        Some(value) if plain && child.args.is_empty() => Some(value),
        Some(_) | None => {
            let message = format!("`{}` takes one value", child.name.value);
            cx.report(Diagnostic::new(Code::WrongType, child.span, message));
            None
        }
    }
}

fn key_twice(key: &At<SmolStr>) -> Diagnostic {
    let (message, help) = match key.value.as_str() {
        "name" => (
            "`name` is taken: it is what the item is called",
            "the first word of an item is its name; call this something else",
        ),
        _ => ("this is written twice", "keep one of them"),
    };
    Diagnostic::new(Code::WrittenTwice, key.span, message).help(help)
}

fn twice(message: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::new(Code::WrittenTwice, again, message)
        .label("again here")
        .and(first, "first here")
        .help("keep one of them")
}
