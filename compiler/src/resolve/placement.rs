//! The machines whose labels a placement asks for.

use skep_schema::address::{Address, Kind};
use skep_schema::span::Span;
use skep_schema::spec::{Placement, Spec};

use super::Resolver;
use crate::graph::{Edge, EdgeKind};

impl Resolver<'_, '_> {
    pub(super) fn placement(&mut self, from: &Address, placement: Option<&Placement>) {
        for (name, span) in nodes_of(self.spec, placement) {
            let to = Address::new(Kind::Node, name);
            let kind = EdgeKind::Uses;
            self.graph.draw(from, &to, Edge { kind, span });
        }
    }
}

/// The declared machines with a label that the placement asks for, whichever value it wants: one
/// that loses the label keeps tasks away as much as one that gets it takes them.
pub(crate) fn nodes_of<'s>(spec: &'s Spec, placement: Option<&Placement>) -> Vec<(&'s str, Span)> {
    let Some(placement) = placement else {
        return Vec::new();
    };
    let asked = placement.constraint.iter().chain(&placement.spread);
    let labels: Vec<(&str, Span)> = asked
        .filter_map(|text| Some((label(&text.value.0)?, text.span)))
        .collect();
    spec.nodes
        .iter()
        .filter_map(|(name, node)| {
            let declares = |label: &str| node.node.labels.iter().any(|(key, _)| key.value == label);
            let (_, span) = labels.iter().find(|(label, _)| declares(label))?;
            Some((name.as_str(), *span))
        })
        .collect()
}

/// `disk` of `node.labels.disk==ssd`, or of the `node.labels.disk` that tasks are spread over.
fn label(text: &str) -> Option<&str> {
    let key = text.split(['=', '!']).next()?;
    key.trim().strip_prefix("node.labels.")
}
