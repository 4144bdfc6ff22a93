//! One tree form for both readers.

use kdl::{KdlDocument, KdlIdentifier, KdlNode, KdlValue};
use skep_compiler::syntax::{Document, EntryRef, NodeRef, Nodes, Scalar};

/// What a node says: annotation, name, arguments, properties that count, children.
#[derive(Debug, PartialEq)]
pub(crate) struct Node {
    annotation: Option<String>,
    name: String,
    args: Vec<Value>,
    props: Vec<(String, Value)>,
    children: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct Value {
    annotation: Option<String>,
    scalar: Plain,
}

#[derive(Debug, PartialEq)]
enum Plain {
    Str(String),
    Int(i128),
    /// As bits, so that NaN equals itself.
    Float(u64),
    Bool(bool),
    Null,
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.annotation == other.annotation && self.scalar == other.scalar
    }
}

pub(crate) fn tree(document: &Document) -> Vec<Node> {
    nodes(document.roots())
}

fn nodes(nodes: Nodes<'_>) -> Vec<Node> {
    nodes.map(node).collect()
}

fn node(node: NodeRef<'_>) -> Node {
    let props = node.props().map(|entry| {
        (
            entry.key().expect("a property has a key").text.to_owned(),
            value(entry),
        )
    });
    Node {
        annotation: node.annotation().map(|word| word.text.to_owned()),
        name: node.name().text.to_owned(),
        args: node.args().map(value).collect(),
        props: last_wins(props),
        children: nodes(node.children()),
    }
}

fn value(entry: EntryRef<'_>) -> Value {
    let scalar = match entry.value() {
        Scalar::Str(text) => Plain::Str(text.to_owned()),
        Scalar::Int(value) => Plain::Int(value),
        Scalar::Float(value, _) => Plain::Float(value.to_bits()),
        Scalar::Bool(value) => Plain::Bool(value),
        Scalar::Null => Plain::Null,
    };
    Value {
        annotation: entry.annotation().map(|word| word.text.to_owned()),
        scalar,
    }
}

pub(crate) fn tree_by_kdl(document: &KdlDocument) -> Vec<Node> {
    document.nodes().iter().map(node_by_kdl).collect()
}

fn node_by_kdl(node: &KdlNode) -> Node {
    let text = |identifier: &KdlIdentifier| identifier.value().to_owned();
    let entries = || node.entries().iter();
    Node {
        annotation: node.ty().map(text),
        name: text(node.name()),
        args: entries()
            .filter(|entry| entry.name().is_none())
            .map(value_by_kdl)
            .collect(),
        props: last_wins(
            entries().filter_map(|entry| Some((text(entry.name()?), value_by_kdl(entry)))),
        ),
        children: node.children().map(tree_by_kdl).unwrap_or_default(),
    }
}

fn value_by_kdl(entry: &kdl::KdlEntry) -> Value {
    let scalar = match entry.value() {
        KdlValue::String(text) => Plain::Str(text.clone()),
        KdlValue::Integer(value) => Plain::Int(*value),
        KdlValue::Float(value) => Plain::Float(value.to_bits()),
        KdlValue::Bool(value) => Plain::Bool(*value),
        KdlValue::Null => Plain::Null,
    };
    Value {
        annotation: entry.ty().map(|ty| ty.value().to_owned()),
        scalar,
    }
}

fn last_wins(props: impl Iterator<Item = (String, Value)>) -> Vec<(String, Value)> {
    let map: std::collections::BTreeMap<_, _> = props.collect();
    map.into_iter().collect()
}
