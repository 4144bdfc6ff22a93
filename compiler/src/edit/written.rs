//! Where the values of a project are written.

use std::sync::Arc;

use skep_schema::address::{Address, Kind};
use skep_schema::lang::{Node, Shape, scalar_text};
use skep_schema::span::{Sources, Span};
use skep_schema::spec::KINDS;

use crate::context::Context;
use crate::decode::name_of;
use crate::expand::{Loaded, all_roots, frame, load};
use crate::source::SourceSet;
use crate::syntax::{Document, NodeRef};

use super::site::is_named;

/// The nodes of a project in one environment, each value with its place.
#[derive(Debug)]
pub struct Written {
    /// Every text a place may be in.
    pub sources: Sources,
    /// The environment that it was read in.
    pub(super) environment: Option<String>,
    pub(super) loaded: Loaded,
    nodes: Vec<Node>,
}

/// Where something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub span: Span,
    /// Whether it is the property that was asked for, and not the node it would stand in.
    pub exact: bool,
}

impl Written {
    /// Whether a file was made of others, so that nobody can edit it.
    pub(super) fn is_derived(&self, path: &str) -> bool {
        let mut files = self.loaded.documents().map(Document::file);
        files.any(|file| self.sources.is_derived(file) && self.sources.path(file) == path)
    }

    /// Reads and expands a project; whatever is wrong with it is left to a compile.
    pub fn of(set: &SourceSet) -> Self {
        let mut cx = Context::new(set);
        let loaded = load(&mut cx, None);
        let frame = frame(&mut cx, &loaded);
        let roots = all_roots(&cx, &loaded);
        let nodes = frame.expand(&mut cx, &roots).nodes;
        Self {
            sources: Arc::unwrap_or_clone(cx.sources),
            environment: set.inputs.environment.clone(),
            loaded,
            nodes,
        }
    }

    /// The addresses of all nodes.
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        let address = |node: &Node| {
            let name = scalar_text(&node.args.first()?.value)?;
            Some(Address::new(Kind::parse(&node.name.value)?, name))
        };
        self.nodes.iter().filter_map(address)
    }

    /// The node of an address, components and overlays applied.
    pub fn node(&self, address: &Address) -> Option<&Node> {
        self.nodes.iter().find(|node| is_at(node, address))
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    /// How many nodes are made of the lines at a place.
    pub(super) fn made_at(&self, span: Span) -> usize {
        self.nodes.iter().filter(|node| node.span == span).count()
    }

    /// The chosen environment's own node.
    pub(super) fn environment_node(&self) -> Option<NodeRef<'_>> {
        let name = self.environment.as_deref()?;
        let mut roots = self.loaded.roots();
        roots.find(|root| is_named(*root, "environment", name))
    }

    /// Where a property of a node is written, or else the nearest that it is a part of.
    pub fn place(&self, address: &Address, path: &[String]) -> Option<Place> {
        let mut node = self.node(address)?;
        let mut span = node.args.first().map_or(node.name.span, |arg| arg.span);
        for (nth, word) in path.iter().enumerate() {
            if let Some(prop) = node.prop(word) {
                let exact = nth + 1 == path.len();
                return Some(Place {
                    span: prop.value.span,
                    exact,
                });
            }
            let Some(child) = node.child(word) else {
                return Some(Place { span, exact: false });
            };
            node = child;
            span = child.span;
        }
        Some(Place { span, exact: true })
    }
}

fn is_at(node: &Node, address: &Address) -> bool {
    node.name.value == address.kind.word()
        && name_of(address.kind, node).is_some_and(|name| name == address.name)
}

/// What a property is where it is not written, in the language's spelling.
pub(crate) fn default_of(kind: Kind, path: &[String]) -> Option<String> {
    let (last, above) = path.split_last()?;
    let mut info = KINDS.iter().copied().find(|i| i.word == kind.word())?;
    for word in above {
        info = info.field(word)?.shape.inner()?;
    }
    let field = info.field(last)?;
    match field.shape {
        Shape::Flag => Some(field.default.unwrap_or("false").to_owned()),
        Shape::Value { .. } => field.default.map(str::to_owned),
        Shape::Arg { .. }
        | Shape::Args { .. }
        | Shape::List { .. }
        | Shape::Set { .. }
        | Shape::Map { .. }
        | Shape::Node { .. }
        | Shape::Nodes { .. }
        | Shape::Any
        | Shape::Rest => None,
    }
}
