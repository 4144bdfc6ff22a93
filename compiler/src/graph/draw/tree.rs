//! Lines for a terminal.

use std::collections::BTreeSet;
use std::fmt::Write;

use skep_schema::address::Address;

use super::super::{Edge, EdgeKind, Graph};
use super::View;

/// From the nodes nothing depends on down to what they need; a node is opened once and then
/// only named. For an impact the other way round, from the one node.
pub(super) fn draw(graph: &Graph, view: &View) -> String {
    let mut out = String::new();
    let mut opened = BTreeSet::new();
    for root in roots(graph, view) {
        branch(graph, view, root, &mut opened, &mut out);
    }
    out
}

fn roots<'a>(graph: &'a Graph, view: &View) -> Vec<&'a Address> {
    match view {
        View::Impact(address) => graph.addresses().filter(|a| *a == address).collect(),
        View::Whole => {
            let free: Vec<_> = graph
                .addresses()
                .filter(|a| graph.dependents(a).is_empty())
                .collect();
            if free.is_empty() {
                graph.addresses().collect()
            } else {
                free
            }
        }
    }
}

/// One root with all below it, by a stack of (node, edge, bars in front).
fn branch<'a>(
    graph: &'a Graph,
    view: &View,
    root: &'a Address,
    opened: &mut BTreeSet<&'a Address>,
    out: &mut String,
) {
    let mut open: Vec<(&Address, String, String)> =
        vec![(root, format!("{root}{}", owner(graph, root)), String::new())];
    while let Some((address, line, bars)) = open.pop() {
        let below = next(graph, view, address);
        let again = !opened.insert(address) && !below.is_empty();
        let _ = writeln!(out, "{line}{}", if again { " ..." } else { "" });
        if again {
            continue;
        }
        let last = below.len();
        for (nth, (child, edge)) in below.into_iter().enumerate().rev() {
            let (fork, bar) = if nth + 1 == last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            open.push((
                child,
                format!("{bars}{fork}{child}{}{}", remark(edge), owner(graph, child)),
                format!("{bars}{bar}"),
            ));
        }
    }
}

fn next<'a>(graph: &'a Graph, view: &View, of: &Address) -> Vec<(&'a Address, Edge)> {
    match view {
        View::Whole => graph.dependencies(of),
        View::Impact(_) => graph.dependents(of),
    }
}

fn owner(graph: &Graph, address: &Address) -> String {
    let stack = graph.stack_of(address);
    stack.map_or_else(String::new, |stack| format!("  (of {stack})"))
}

fn remark(edge: Edge) -> &'static str {
    use skep_schema::plan::Need;
    match edge.kind {
        EdgeKind::Needs(Need::Healthy) => "  (when healthy)",
        EdgeKind::Needs(Need::Complete) => "  (when complete)",
        EdgeKind::Needs(Need::Started) => "  (when started)",
        EdgeKind::Needs(Need::Exists) | EdgeKind::Uses => "",
        EdgeKind::Names => "  (by name)",
        EdgeKind::Routes => "  (route)",
    }
}
