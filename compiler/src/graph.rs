//! The spec's dependency graph: nodes by address, typed edges with the place that drew them.

mod cycle;
mod draw;
mod levels;

use std::collections::{BTreeMap, BTreeSet};

use petgraph::Direction;
use petgraph::stable_graph::{NodeIndex, StableDiGraph};
use petgraph::visit::{EdgeRef, IntoEdgeReferences};
use skep_schema::address::{Address, Kind};
use skep_schema::plan::Need;
use skep_schema::span::Span;

pub use cycle::Cycle;
pub use draw::View;

/// Why one node depends on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EdgeKind {
    /// `needs`: orders, and can form a cycle.
    Needs(Need),
    /// It is attached, mounted or read: must exist first.
    Uses,
    /// Only its name or port is written down: orders nothing.
    Names,
    /// A route or gateway leads there: orders nothing.
    Routes,
}

impl EdgeKind {
    /// One word for pictures and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            EdgeKind::Needs(_) => "needs",
            EdgeKind::Uses => "uses",
            EdgeKind::Names => "names",
            EdgeKind::Routes => "routes",
        }
    }

    /// Whether the other node must have come somewhere first.
    pub const fn orders(self) -> bool {
        match self {
            EdgeKind::Needs(_) | EdgeKind::Uses => true,
            EdgeKind::Names | EdgeKind::Routes => false,
        }
    }
}

/// An edge from a node to what it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub kind: EdgeKind,
    /// Where the reference is written.
    pub span: Span,
}

/// Who depends on whom. Nodes are in order of address, edges in order of writing.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    inner: StableDiGraph<Address, Edge>,
    index: BTreeMap<Address, NodeIndex>,
    /// Nodes of other stacks, and which.
    stacks: BTreeMap<Address, String>,
}

impl Graph {
    /// A graph of these nodes without edges.
    pub(crate) fn of(addresses: impl IntoIterator<Item = Address>) -> Self {
        let mut all: Vec<Address> = addresses.into_iter().collect();
        all.sort();
        all.dedup();
        let mut graph = StableDiGraph::with_capacity(all.len(), all.len() * 3);
        let index = all
            .into_iter()
            .map(|a| (a.clone(), graph.add_node(a)))
            .collect();
        Self {
            inner: graph,
            index,
            stacks: BTreeMap::new(),
        }
    }

    /// Adds a node without edges, unless it is there.
    pub(crate) fn add(&mut self, address: Address) {
        if !self.contains(&address) {
            let index = self.inner.add_node(address.clone());
            self.index.insert(address, index);
        }
    }

    /// Takes a node away, and its edges with it.
    pub(crate) fn remove(&mut self, address: &Address) {
        if let Some(index) = self.index.remove(address) {
            self.inner.remove_node(index);
        }
    }

    /// Takes the edges from a node away.
    pub(crate) fn clear(&mut self, from: &Address) {
        let Some(from) = self.index.get(from) else {
            return;
        };
        let edges: Vec<_> = self.inner.edges(*from).map(|edge| edge.id()).collect();
        for edge in edges {
            self.inner.remove_edge(edge);
        }
    }

    /// Draws an edge between two nodes of the graph. Whether the end it leads to is one.
    pub(crate) fn draw(&mut self, from: &Address, to: &Address, edge: Edge) -> bool {
        let Some(to) = self.index.get(to) else {
            return false;
        };
        if let Some(from) = self.index.get(from) {
            self.inner.add_edge(*from, *to, edge);
        }
        true
    }

    /// Notes that a node is of another stack.
    pub(crate) fn belongs(&mut self, address: Address, stack: &str) {
        self.stacks.insert(address, stack.to_owned());
    }

    /// The other stack that a node is of.
    pub fn stack_of(&self, address: &Address) -> Option<&str> {
        self.stacks.get(address).map(String::as_str)
    }

    pub fn contains(&self, address: &Address) -> bool {
        self.index.contains_key(address)
    }

    /// How many nodes it has.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.index.keys()
    }

    /// All edges, in order of both ends.
    pub fn edges(&self) -> Vec<(&Address, &Address, Edge)> {
        let mut all: Vec<_> = self
            .inner
            .edge_references()
            .map(|e| {
                (
                    &self.inner[e.source()],
                    &self.inner[e.target()],
                    *e.weight(),
                )
            })
            .collect();
        all.sort();
        all
    }

    /// What a node depends on directly, in order of address.
    pub fn dependencies(&self, of: &Address) -> Vec<(&Address, Edge)> {
        self.neighbours(of, Direction::Outgoing)
    }

    /// What depends on a node directly, in order of address.
    pub fn dependents(&self, of: &Address) -> Vec<(&Address, Edge)> {
        self.neighbours(of, Direction::Incoming)
    }

    /// The names of the services that depend on a node directly.
    pub(crate) fn services_on(&self, of: &Address) -> impl Iterator<Item = String> {
        let dependents = self.index.get(of).into_iter().flat_map(|index| {
            let edges = self.inner.edges_directed(*index, Direction::Incoming);
            edges.map(|edge| &self.inner[edge.source()])
        });
        let services = dependents.filter(|address| address.kind == Kind::Service);
        services.map(|address| address.name.clone())
    }

    /// Whether anything depends on a node.
    pub(crate) fn is_used(&self, address: &Address) -> bool {
        let index = self.index.get(address);
        index.is_some_and(|index| {
            let mut dependents = self.inner.edges_directed(*index, Direction::Incoming);
            dependents.next().is_some()
        })
    }

    /// Everything a change of the node can reach, the node itself left out.
    pub fn impact(&self, of: &Address) -> BTreeSet<&Address> {
        let mut reached = BTreeSet::new();
        let mut open = vec![of];
        while let Some(next) = open.pop() {
            for (dependent, _) in self.dependents(next) {
                if dependent != of && reached.insert(dependent) {
                    open.push(dependent);
                }
            }
        }
        reached
    }

    fn neighbours(&self, of: &Address, direction: Direction) -> Vec<(&Address, Edge)> {
        let Some(index) = self.index.get(of) else {
            return Vec::new();
        };
        let mut all: Vec<_> = self
            .inner
            .edges_directed(*index, direction)
            .map(|e| {
                let other = if direction == Direction::Outgoing {
                    e.target()
                } else {
                    e.source()
                };
                (&self.inner[other], *e.weight())
            })
            .collect();
        all.sort();
        all.dedup_by(|a, b| a.0 == b.0 && a.1.kind == b.1.kind);
        all
    }
}
