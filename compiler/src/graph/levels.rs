//! Waves: which nodes can be written at the same time.

use std::collections::BTreeMap;

use petgraph::Direction;
use petgraph::stable_graph::NodeIndex;
use petgraph::visit::EdgeRef;
use skep_schema::address::Address;

use super::Graph;

impl Graph {
    /// The nodes by the length of the longest ordering path below them: level 0 waits for nothing.
    /// Nodes on a cycle, and all that wait for one, have no level and are left out.
    pub fn levels(&self) -> Vec<Vec<&Address>> {
        let mut waiting: BTreeMap<NodeIndex, usize> = self
            .inner
            .node_indices()
            .map(|n| (n, self.ordering(n, Direction::Outgoing).len()))
            .collect();
        let mut level: Vec<NodeIndex> = waiting
            .iter()
            .filter(|(_, n)| **n == 0)
            .map(|(n, _)| *n)
            .collect();
        let mut levels = Vec::new();
        while !level.is_empty() {
            let mut next = Vec::new();
            for done in &level {
                for dependent in self.ordering(*done, Direction::Incoming) {
                    let left = waiting.entry(dependent).or_default();
                    *left = left.saturating_sub(1);
                    if *left == 0 {
                        next.push(dependent);
                    }
                }
            }
            let mut names: Vec<&Address> = level.iter().map(|n| &self.inner[*n]).collect();
            names.sort();
            levels.push(names);
            level = next;
        }
        levels
    }

    /// The other ends of the edges that order, once an edge.
    pub(super) fn ordering(&self, of: NodeIndex, direction: Direction) -> Vec<NodeIndex> {
        self.inner
            .edges_directed(of, direction)
            .filter(|e| e.weight().kind.orders())
            .map(|e| {
                if direction == Direction::Outgoing {
                    e.target()
                } else {
                    e.source()
                }
            })
            .collect()
    }
}
