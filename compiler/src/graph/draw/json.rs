//! The graph as data.

use skep_schema::address::Address;
use skep_schema::report::{GRAPH_FORMAT, GraphEdge, GraphNode, GraphReport};

use super::super::Graph;
use super::Picture;

pub(super) fn draw(graph: &Graph, picture: &Picture<'_>) -> String {
    let levels = graph.levels();
    let level = |address: &Address| levels.iter().position(|l| l.contains(&address));
    let nodes = picture.nodes.iter().map(|address| GraphNode {
        address: (*address).clone(),
        level: level(address),
        stack: graph.stack_of(address).map(str::to_owned),
    });
    let edges = picture.edges.iter().map(|(from, to, edge)| GraphEdge {
        from: (*from).clone(),
        to: (*to).clone(),
        kind: edge.kind.word().to_owned(),
        orders: edge.kind.orders(),
    });
    let report = GraphReport {
        format: GRAPH_FORMAT.to_owned(),
        nodes: nodes.collect(),
        edges: edges.collect(),
    };
    let mut text =
        serde_json::to_string_pretty(&report).expect("addresses and words are plain data");
    text.push('\n');
    text
}
