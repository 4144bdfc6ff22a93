//! Pictures of a graph, each a pure function from the graph to text.

mod dot;
mod json;
mod layout;
mod mermaid;
mod svg;
mod tree;

use std::collections::BTreeSet;

use skep_schema::address::{Address, Kind};

use super::{Edge, Graph};

/// Which part of a graph is drawn.
#[derive(Clone, Debug, Default)]
pub enum View {
    #[default]
    Whole,
    /// A node and everything that depends on it.
    Impact(Address),
}

impl Graph {
    /// Graphviz.
    pub fn dot(&self, view: &View) -> String {
        dot::draw(&self.picture(view))
    }

    /// Mermaid, for pages that draw it.
    pub fn mermaid(&self, view: &View) -> String {
        mermaid::draw(&self.picture(view))
    }

    /// A picture that needs nothing but a browser.
    pub fn svg(&self, view: &View) -> String {
        svg::draw(&self.picture(view))
    }

    /// Lines for a terminal: what each node depends on, or for an impact, what depends on it.
    pub fn tree(&self, view: &View) -> String {
        tree::draw(self, view)
    }

    /// `skep.graph/1`: nodes with their level, and edges.
    pub fn json(&self, view: &View) -> String {
        json::draw(self, &self.picture(view))
    }

    fn picture(&self, view: &View) -> Picture<'_> {
        let nodes: BTreeSet<&Address> = match view {
            View::Whole => self.addresses().collect(),
            View::Impact(address) => {
                let mut reached = self.impact(address);
                reached.extend(self.index.get_key_value(address).map(|(a, _)| a));
                reached
            }
        };
        let mut edges: Vec<_> = self
            .edges()
            .into_iter()
            .filter(|(a, b, _)| nodes.contains(a) && nodes.contains(b))
            .collect();
        edges.dedup_by(|x, y| x.0 == y.0 && x.1 == y.1 && x.2.kind == y.2.kind);
        Picture {
            graph: self,
            nodes: nodes.into_iter().collect(),
            edges,
        }
    }
}

/// What is drawn: nodes in order of address, edges once a kind.
struct Picture<'a> {
    graph: &'a Graph,
    nodes: Vec<&'a Address>,
    edges: Vec<(&'a Address, &'a Address, Edge)>,
}

/// A fill for each kind, readable under dark text.
const fn colour(kind: Kind) -> &'static str {
    match kind {
        Kind::Service | Kind::Gateway => "#cfe8ff",
        Kind::Route => "#d9f2d0",
        Kind::Config | Kind::Secret | Kind::Certificate => "#fff2c4",
        Kind::Network | Kind::Volume => "#e6e0f8",
        Kind::Flow => "#ffdfd3",
        Kind::Param | Kind::Registry | Kind::Node => "#eeeeee",
    }
}
