//! The graph as data.

use serde::Serialize;
use skep_schema::address::Address;

use super::super::Graph;
use super::Picture;

#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    nodes: Vec<Node<'a>>,
    edges: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Node<'a> {
    address: &'a Address,
    /// Nothing for a node on a cycle.
    level: Option<usize>,
    /// The other stack it is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<&'a str>,
}

#[derive(Serialize)]
struct Line<'a> {
    from: &'a Address,
    to: &'a Address,
    kind: &'static str,
    orders: bool,
}

pub(super) fn draw(graph: &Graph, picture: &Picture<'_>) -> String {
    let levels = graph.levels();
    let level = |address: &Address| levels.iter().position(|l| l.contains(&address));
    let document = Document {
        format: "skep.graph/1",
        nodes: picture
            .nodes
            .iter()
            .map(|a| Node {
                address: a,
                level: level(a),
                stack: graph.stack_of(a),
            })
            .collect(),
        edges: picture
            .edges
            .iter()
            .map(|(from, to, e)| Line {
                from,
                to,
                kind: e.kind.word(),
                orders: e.kind.orders(),
            })
            .collect(),
    };
    let mut text =
        serde_json::to_string_pretty(&document).expect("addresses and words are plain data");
    text.push('\n');
    text
}
