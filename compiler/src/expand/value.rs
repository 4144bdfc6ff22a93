//! From syntax to nodes: annotated values are evaluated on the way.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Arg, Literal, Node, Prop, nearest};
use skep_schema::span::{At, Span};
use skep_schema::spec::File;

use super::fmt::{Source, fill};
use super::path::look_up;
use super::scope::{FlowScope, Scope, Value};
use crate::context::Context;
use crate::syntax::{EntryRef, NodeRef, Scalar, Word, without_gaps};

/// What may stand in parentheses before a value.
const ANNOTATIONS: &[&str] = &["fmt", "var", "spread", "file", "secret"];

/// A node and all below it, evaluated in a scope. The reader bounds the depth.
pub(crate) fn node(cx: &mut Context<'_>, scope: &Scope<'_>, from: NodeRef<'_>) -> Node {
    let mut node = head(cx, scope, from).0;
    node.children = children(cx, scope, from);
    node
}

/// A node as if one of its words, as property or child, was not there.
pub(super) fn node_without(
    cx: &mut Context<'_>,
    scope: &Scope<'_>,
    from: NodeRef<'_>,
    word: &str,
) -> Node {
    let is_word = |entry: &EntryRef<'_>| entry.key().is_some_and(|key| key.text == word);
    let entries = from.entries().filter(|entry| !is_word(entry));
    let mut node = head_of(cx, scope, from, entries).0;
    let others = from.children().filter(|child| child.name().text != word);
    node.children = children_of(cx, scope, others);
    node
}

/// A node of the top level: in a flow, the flow's own parameters and the words of its runs mean
/// something.
pub(crate) fn top(cx: &mut Context<'_>, scope: &Scope<'_>, from: NodeRef<'_>) -> Node {
    match FlowScope::of(from) {
        None => node(cx, scope, from),
        Some(flow) => node(
            cx,
            &Scope {
                flow: Some(flow),
                ..scope.clone()
            },
            from,
        ),
    }
}

/// The nodes below a node. One that would hold nothing but a parameter that was not given is left
/// out.
pub(crate) fn children(cx: &mut Context<'_>, scope: &Scope<'_>, of: NodeRef<'_>) -> Vec<Node> {
    children_of(cx, scope, of.children())
}

fn children_of<'l>(
    cx: &mut Context<'_>,
    scope: &Scope<'_>,
    nodes: impl Iterator<Item = NodeRef<'l>> + Clone,
) -> Vec<Node> {
    let mut all = Vec::with_capacity(nodes.clone().count());
    for child in nodes {
        let (mut node, left_out) = head(cx, scope, child);
        node.children = children(cx, scope, child);
        let empty = node.args.is_empty() && node.props.is_empty() && node.children.is_empty();
        if !(left_out && empty) {
            all.push(node);
        }
    }
    all
}

/// A node without its children, and whether a value was left out of it.
pub(crate) fn head(cx: &mut Context<'_>, scope: &Scope<'_>, from: NodeRef<'_>) -> (Node, bool) {
    head_of(cx, scope, from, from.entries())
}

fn head_of<'l>(
    cx: &mut Context<'_>,
    scope: &Scope<'_>,
    from: NodeRef<'l>,
    entries: impl Iterator<Item = EntryRef<'l>>,
) -> (Node, bool) {
    let mut node = Node::bare(from.name().text, from.name().span);
    node.span = from.head_span();
    node.uses.clone_from(&scope.uses);
    let (args, props) = from.entry_counts();
    node.args.reserve_exact(args);
    node.props.reserve_exact(props);
    if let Some(annotation) = from.annotation() {
        stray(cx, annotation, "an annotation means nothing before a node");
    }
    let mut left_out = false;
    for entry in entries {
        // Most say what they say.
        if !entry.is_annotated() {
            let value = Arg {
                value: as_written(cx, entry),
                span: entry.value_span(),
            };
            put(&mut node, entry, value);
            continue;
        }
        let value = evaluate(cx, scope, entry);
        match entry.key() {
            Some(key) => left_out |= !put_prop(cx, &mut node, key, entry, value),
            None => left_out |= !put_arg(cx, &mut node, from, entry, value),
        }
    }
    (node, left_out)
}

/// Puts a value where its entry stands: among the arguments, or under its key.
pub(crate) fn put(node: &mut Node, entry: EntryRef<'_>, value: Arg) {
    match entry.key() {
        Some(key) => node.props.push(Prop {
            key: At::new(key.text.into(), key.span),
            value,
        }),
        None => node.args.push(value),
    }
}

/// Whether something was put there.
fn put_prop(
    cx: &mut Context<'_>,
    node: &mut Node,
    key: Word<'_>,
    entry: EntryRef<'_>,
    value: Value,
) -> bool {
    let literal = match value {
        Value::One(Literal::Unknown) => Literal::Unknown,
        Value::One(_) | Value::List(_) | Value::Map(_) if is(entry, "spread") => {
            cx.report(wrong(entry, "a spread has no key").help(format!(
                "write it as a child: {} (spread){}",
                key.text,
                entry_text(entry)
            )));
            Literal::Unknown
        }
        Value::One(literal) => literal,
        Value::Absent => return false,
        Value::List(_) | Value::Map(_) => {
            let path = entry_text(entry);
            cx.report(
                wrong(entry, format!("`{path}` is more than one value"))
                    .help(format!("write it as a child: {} (spread){path}", key.text)),
            );
            Literal::Unknown
        }
    };
    let value = Arg {
        value: literal,
        span: place(entry),
    };
    put(node, entry, value);
    true
}

fn put_arg(
    cx: &mut Context<'_>,
    node: &mut Node,
    from: NodeRef<'_>,
    entry: EntryRef<'_>,
    value: Value,
) -> bool {
    let spread = is(entry, "spread");
    let literal = match value {
        Value::Absent => return false,
        Value::List(items) if spread => {
            let any = !items.is_empty();
            node.args.extend(items);
            return any;
        }
        Value::Map(entries) if spread => {
            let any = !entries.is_empty();
            merge_spread(node, from, entries);
            return any;
        }
        Value::One(literal) if spread && literal != Literal::Unknown => {
            refuse(cx, entry, literal.describe(), "a map or list", "var")
        }
        Value::One(literal) => literal,
        Value::List(_) => refuse(cx, entry, "a list", "one value", "spread"),
        Value::Map(_) => refuse(cx, entry, "a map", "one value", "spread"),
    };
    let value = Arg {
        value: literal,
        span: place(entry),
    };
    put(node, entry, value);
    true
}

fn refuse(
    cx: &mut Context<'_>,
    entry: EntryRef<'_>,
    is: &str,
    wanted: &str,
    annotation: &str,
) -> Literal {
    let path = entry_text(entry);
    cx.report(
        wrong(entry, format!("`{path}` is {is}, not {wanted}"))
            .help(format!("write ({annotation}){path}")),
    );
    Literal::Unknown
}

/// Keys written beside the spread win.
fn merge_spread(node: &mut Node, from: NodeRef<'_>, entries: Vec<Prop>) {
    let written = |key: &str| {
        from.prop(key).is_some() || from.children().any(|child| child.name().text == key)
    };
    node.props
        .extend(entries.into_iter().filter(|e| !written(&e.key.value)));
}

/// The value of an argument or property, whatever its shape.
pub(super) fn evaluate(cx: &mut Context<'_>, scope: &Scope<'_>, entry: EntryRef<'_>) -> Value {
    let Some(annotation) = entry.annotation() else {
        return Value::One(as_written(cx, entry));
    };
    if !ANNOTATIONS.contains(&annotation.text) {
        let diagnostic = unknown_annotation(annotation);
        cx.report(diagnostic);
        return Value::unknown();
    }
    let Scalar::Str(text) = entry.value() else {
        cx.report(wrong(
            entry,
            format!("({}) wants a string", annotation.text),
        ));
        return Value::unknown();
    };
    match annotation.text {
        "fmt" => {
            let source = Source {
                spelling: entry.spelling(),
                span: entry.value_span(),
            };
            Value::One(fill(cx, scope, text, source))
        }
        "file" => Value::One(content(cx, text, entry.value_span())),
        "secret" => Value::One(Literal::Secret(text.to_owned())),
        _ => look_up(cx, scope, text, entry.value_span()),
    }
}

/// The value of an argument or property without an annotation.
fn as_written(cx: &mut Context<'_>, entry: EntryRef<'_>) -> Literal {
    literal(entry).unwrap_or_else(|refused| {
        cx.report(*refused);
        Literal::Unknown
    })
}

/// A value as it stands there, whatever its annotation.
pub(crate) fn literal(entry: EntryRef<'_>) -> Result<Literal, Box<Diagnostic>> {
    Ok(match entry.value() {
        Scalar::Str(text) => Literal::Str(text.into()),
        Scalar::Int(int) => Literal::Int(int),
        Scalar::Float(_, spelling) if spelling.contains('#') => {
            let message = format!("`{spelling}` is no number that anything here could be");
            let refused = Diagnostic::new(Code::BadValue, entry.value_span(), message);
            return Err(Box::new(refused));
        }
        Scalar::Float(_, spelling) => {
            Literal::Float(without_gaps(spelling.trim_start_matches('+')).into())
        }
        Scalar::Bool(flag) => Literal::Bool(flag),
        Scalar::Null => Literal::Null,
    })
}

/// A file's content as a string.
fn content(cx: &mut Context<'_>, path: &str, span: Span) -> Literal {
    let Some(file) = File::checked(path) else {
        cx.report(
            Diagnostic::new(
                Code::BadValue,
                span,
                format!("`{path}` is not a file of the project"),
            )
            .help("write a path inside the project folder, such as \"conf/app.toml\""),
        );
        return Literal::Unknown;
    };
    let Some(bytes) = cx.read(file.as_str(), span) else {
        return Literal::Unknown;
    };
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Literal::Str(text.into());
    }
    cx.report(Diagnostic::new(
        Code::NotText,
        span,
        format!("`{file}` is not UTF-8 text"),
    ));
    Literal::Unknown
}

/// The place of a value: with its annotation, where an edit would replace both; without, where
/// the value is a name of its own.
pub(super) fn place(entry: EntryRef<'_>) -> Span {
    match entry.annotation() {
        Some(annotation) if annotation.text != "secret" => {
            let open = Span::new(
                annotation.span.file,
                annotation.span.start.saturating_sub(1),
                annotation.span.start,
            );
            open.to(entry.value_span())
        }
        Some(_) | None => entry.value_span(),
    }
}

fn is(entry: EntryRef<'_>, word: &str) -> bool {
    entry.annotation().is_some_and(|a| a.text == word)
}

fn entry_text(entry: EntryRef<'_>) -> &str {
    match entry.value() {
        Scalar::Str(text) => text,
        Scalar::Int(_) | Scalar::Float(..) | Scalar::Bool(_) | Scalar::Null => entry.spelling(),
    }
}

fn wrong(entry: EntryRef<'_>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Code::WrongAnnotation, entry.value_span(), message)
}

fn unknown_annotation(annotation: Word<'_>) -> Diagnostic {
    let message = format!("`({})` means nothing here", annotation.text);
    let diagnostic = Diagnostic::new(Code::StrayAnnotation, annotation.span, message);
    match nearest(annotation.text, ANNOTATIONS.iter().copied()) {
        Some(near) => diagnostic
            .label(format!("did you mean `({near})`?"))
            .help(format!("write `({near})`")),
        None => diagnostic.help("annotations are (var), (fmt), (spread), (file) and (secret)"),
    }
}

fn stray(cx: &mut Context<'_>, annotation: Word<'_>, message: &str) {
    cx.report(
        Diagnostic::new(Code::StrayAnnotation, annotation.span, message)
            .help("annotations stand before values"),
    );
}
