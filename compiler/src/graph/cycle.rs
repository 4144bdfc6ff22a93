//! Cycles, each shown as the shortest way round.

use std::collections::{BTreeMap, VecDeque};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::stable_graph::NodeIndex;
use petgraph::visit::{EdgeFiltered, EdgeRef, IntoEdgeReferences, NodeIndexable};
use skep_schema::address::Address;

use super::{Edge, Graph};

/// Nodes that wait for each other, each with the edge to the next; the last leads to the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    pub steps: Vec<(Address, Edge)>,
}

impl Graph {
    /// One shortest cycle of each knot of nodes, in order of address.
    ///
    /// Kosaraju's algorithm, because petgraph's version of Tarjan's recurses and a long chain
    /// would overflow the stack.
    pub fn cycles(&self) -> Vec<Cycle> {
        let ordering = EdgeFiltered::from_fn(&self.inner, |e| e.weight().kind.orders());
        let mut waits = vec![false; self.inner.node_bound()];
        for edge in ordering.edge_references() {
            waits[edge.source().index()] = true;
        }
        let mut edges = ordering.edge_references();
        if !edges.any(|edge| waits[edge.target().index()]) {
            // Nothing waits for what waits itself: so it is in most projects.
            return Vec::new();
        }
        let mut all: Vec<Cycle> = kosaraju_scc(&ordering)
            .into_iter()
            .filter(|knot| {
                knot.len() > 1
                    || self
                        .ordering(knot[0], Direction::Outgoing)
                        .contains(&knot[0])
            })
            .filter_map(|knot| self.shortest(&knot))
            .collect();
        all.sort_by(|a, b| a.steps[0].0.cmp(&b.steps[0].0));
        all
    }

    /// The shortest cycle through the knot's first node by address.
    fn shortest(&self, knot: &[NodeIndex]) -> Option<Cycle> {
        let start = *knot.iter().min_by_key(|n| &self.inner[**n])?;
        let mut came: BTreeMap<NodeIndex, (NodeIndex, Edge)> = BTreeMap::new();
        let mut open = VecDeque::from([start]);
        while let Some(at) = open.pop_front() {
            for edge in self.inner.edges(at).filter(|e| e.weight().kind.orders()) {
                let next = edge.target();
                if next == start {
                    return Some(self.way_back(start, at, *edge.weight(), &came));
                }
                if knot.contains(&next) && !came.contains_key(&next) {
                    came.insert(next, (at, *edge.weight()));
                    open.push_back(next);
                }
            }
        }
        None
    }

    fn way_back(
        &self,
        start: NodeIndex,
        last: NodeIndex,
        closing: Edge,
        came: &BTreeMap<NodeIndex, (NodeIndex, Edge)>,
    ) -> Cycle {
        let mut steps = vec![(self.inner[last].clone(), closing)];
        let mut at = last;
        while at != start {
            let Some((before, edge)) = came.get(&at) else {
                break;
            };
            steps.push((self.inner[*before].clone(), *edge));
            at = *before;
        }
        steps.reverse();
        Cycle { steps }
    }
}
