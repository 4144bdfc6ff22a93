//! Mermaid.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::Picture;

pub(super) fn draw(picture: &Picture<'_>) -> String {
    let numbers: BTreeMap<_, _> = picture
        .nodes
        .iter()
        .zip(0..)
        .map(|(n, i)| (*n, i))
        .collect();
    let mut out = String::from("flowchart LR\n");
    for (node, number) in &numbers {
        let stack = picture.graph.stack_of(node);
        let text = stack.map_or_else(|| node.to_string(), |stack| format!("{node} of {stack}"));
        let _ = writeln!(out, "    n{number}[\"{}\"]", text.replace('"', "#quot;"));
    }
    for (from, to, edge) in &picture.edges {
        let arrow = if edge.kind.orders() { "-->" } else { "-.->" };
        let _ = writeln!(
            out,
            "    n{} {arrow}|{}| n{}",
            numbers[from],
            edge.kind.word(),
            numbers[to]
        );
    }
    out
}
