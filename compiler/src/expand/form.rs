//! The one form that nodes have while they are laid over each other: each word a child.

use skep_schema::lang::{Arg, Field, Literal, Node, NodeInfo, Prop, Shape, scalar_text};

/// Writes flags, properties and the list at the end of a line as children, so that each word has
/// one form.
pub(super) fn spell_out(node: &mut Node, info: &'static NodeInfo) {
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

/// The entries of a map, each as a child, whichever of the three ways they were written in.
pub(super) fn take_entries(map: &mut Node) -> Vec<Node> {
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

/// Whether two nodes say the same, however it is spelled. What is not known is never the same.
pub(super) fn says_same(a: &Node, b: &Node) -> bool {
    a.name.value == b.name.value
        && same_values(&a.args, &b.args)
        && a.props.len() == b.props.len()
        && a.props.iter().all(|prop| {
            b.prop(&prop.key.value)
                .is_some_and(|other| same_value(&prop.value, &other.value))
        })
        && a.children.len() == b.children.len()
        && a.children
            .iter()
            .zip(&b.children)
            .all(|(a, b)| says_same(a, b))
}

/// As [`says_same`], of several in the same order.
pub(super) fn all_same(a: &[&Node], b: &[&Node]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| says_same(a, b))
}

fn same_values(a: &[Arg], b: &[Arg]) -> bool {
    let is_on = |all: &[Arg]| matches!(all, [only] if only.value == Literal::Bool(true));
    match (a, b) {
        ([], flag) | (flag, []) if is_on(flag) => true,
        (a, b) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b)),
    }
}

pub(super) fn same_value(a: &Arg, b: &Arg) -> bool {
    match (scalar_text(&a.value), scalar_text(&b.value)) {
        (Some(a), Some(b)) => a == b,
        (None, None) => a.value == b.value && a.value != Literal::Unknown,
        (Some(_), None) | (None, Some(_)) => false,
    }
}
