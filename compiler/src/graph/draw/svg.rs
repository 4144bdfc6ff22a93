//! A picture that needs nothing but a browser.

use std::collections::BTreeMap;
use std::fmt::Write;

use skep_schema::address::Address;

use super::{Picture, colour, layout};

const BOX: (usize, usize) = (210, 34);
const GAP: (usize, usize) = (90, 18);
const MARGIN: usize = 20;
/// Letters that fit into a box.
const LETTERS: usize = 28;

pub(super) fn draw(picture: &Picture<'_>) -> String {
    let layers = layout::layers(picture);
    let places: BTreeMap<&Address, (usize, usize)> = layers
        .iter()
        .enumerate()
        .flat_map(|(x, layer)| {
            layer
                .iter()
                .enumerate()
                .map(move |(y, node)| (*node, corner(x, y)))
        })
        .collect();
    let width = MARGIN * 2 + layers.len().max(1) * (BOX.0 + GAP.0) - GAP.0;
    let tallest = layers.iter().map(Vec::len).max().unwrap_or(0);
    let height = MARGIN * 2 + tallest * (BOX.1 + GAP.1);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#555\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (from, to, edge) in &picture.edges {
        line(
            &mut out,
            places[to],
            places[from],
            edge.kind.orders(),
            edge.kind.word(),
        );
    }
    for (node, place) in &places {
        boxed(&mut out, node, picture.graph.stack_of(node), *place);
    }
    out.push_str("</svg>\n");
    out
}

const fn corner(x: usize, y: usize) -> (usize, usize) {
    (MARGIN + x * (BOX.0 + GAP.0), MARGIN + y * (BOX.1 + GAP.1))
}

/// From what is needed, on the left, to what needs it.
fn line(out: &mut String, from: (usize, usize), to: (usize, usize), orders: bool, word: &str) {
    let (x1, y1) = (from.0 + BOX.0, from.1 + BOX.1 / 2);
    let (x2, y2) = (to.0, to.1 + BOX.1 / 2);
    let bend = GAP.0 / 2;
    let (c1, c2) = (x1 + bend, x2.saturating_sub(bend));
    let dash = if orders {
        ""
    } else {
        " stroke-dasharray=\"4 3\""
    };
    let _ = writeln!(
        out,
        "<path d=\"M{x1} {y1}C{c1} {y1} {c2} {y2} {x2} {y2}\" fill=\"none\" stroke=\"#555\"{dash} \
         marker-end=\"url(#tip)\"><title>{word}</title></path>"
    );
}

fn boxed(out: &mut String, node: &Address, stack: Option<&str>, (x, y): (usize, usize)) {
    let name = node.to_string();
    let title = stack.map_or_else(|| name.clone(), |stack| format!("{name} of {stack}"));
    let dash = if stack.is_some() {
        " stroke-dasharray=\"4 3\""
    } else {
        ""
    };
    let shown: String = if name.chars().count() > LETTERS {
        name.chars().take(LETTERS - 1).chain(['…']).collect()
    } else {
        name
    };
    let (tx, ty) = (x + BOX.0 / 2, y + BOX.1 / 2 + 5);
    let _ = writeln!(
        out,
        "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"{}\" \
         stroke=\"#555\"{dash}/><text x=\"{tx}\" y=\"{ty}\" text-anchor=\"middle\">{}</text></g>",
        escape(&title),
        BOX.0,
        BOX.1,
        colour(node.kind),
        escape(&shown),
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
