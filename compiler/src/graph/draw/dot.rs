//! Graphviz.

use std::fmt::Write;

use super::{Picture, colour};

pub(super) fn draw(picture: &Picture<'_>) -> String {
    let mut out = String::from(
        "digraph skep {\n    rankdir=LR\n    node [shape=box style=\"rounded,filled\"]\n",
    );
    for node in &picture.nodes {
        let _ = writeln!(
            out,
            "    {} [fillcolor=\"{}\"{}]",
            quote(&node.to_string()),
            colour(node.kind),
            picture
                .graph
                .stack_of(node)
                .map_or_else(String::new, |stack| {
                    let label = quote(&format!("{node} of {stack}"));
                    format!(" style=\"rounded,filled,dashed\" label={label}")
                })
        );
    }
    for (from, to, edge) in &picture.edges {
        let style = if edge.kind.orders() {
            "solid"
        } else {
            "dashed"
        };
        let _ = writeln!(
            out,
            "    {} -> {} [label=\"{}\" style={style}]",
            quote(&from.to_string()),
            quote(&to.to_string()),
            edge.kind.word(),
        );
    }
    out.push_str("}\n");
    out
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
