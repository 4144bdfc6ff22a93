//! Where boxes stand: layers by the longest path, within a layer by the middle of their neighbours.

use std::collections::BTreeMap;

use skep_schema::address::Address;

use super::Picture;

/// Layers from left (needs nothing) to right, each from top to bottom.
pub(super) fn layers<'a>(picture: &Picture<'a>) -> Vec<Vec<&'a Address>> {
    let mut layers = by_longest_path(picture);
    for _ in 0..4 {
        for at in 1..layers.len() {
            settle(picture, &mut layers, at, at - 1);
        }
        for at in (1..layers.len()).rev() {
            settle(picture, &mut layers, at - 1, at);
        }
    }
    layers
}

/// Rounds are bounded by the number of nodes, so that a cycle ends as well.
fn by_longest_path<'a>(picture: &Picture<'a>) -> Vec<Vec<&'a Address>> {
    let mut depth: BTreeMap<&Address, usize> = picture.nodes.iter().map(|n| (*n, 0)).collect();
    for _ in 0..picture.nodes.len() {
        let mut moved = false;
        for (from, to, _) in &picture.edges {
            let wanted = (depth[to] + 1).min(picture.nodes.len());
            if from != to && depth[from] < wanted {
                depth.insert(from, wanted);
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    let mut layers: BTreeMap<usize, Vec<&Address>> = BTreeMap::new();
    for node in &picture.nodes {
        layers.entry(depth[node]).or_default().push(node);
    }
    layers.into_values().collect()
}

/// Sorts a layer by the mean place of each node's neighbours in the layer beside it.
fn settle(picture: &Picture<'_>, layers: &mut [Vec<&Address>], at: usize, beside: usize) {
    let places: BTreeMap<&Address, usize> = layers[beside]
        .iter()
        .zip(0..)
        .map(|(n, i)| (*n, i))
        .collect();
    let middle = |node: &Address, now: usize| {
        let around: Vec<usize> = picture
            .edges
            .iter()
            .filter_map(|(a, b, _)| match (*a == node, *b == node) {
                (true, _) => places.get(b),
                (_, true) => places.get(a),
                (false, false) => None,
            })
            .copied()
            .collect();
        if around.is_empty() {
            now * 1000
        } else {
            around.iter().sum::<usize>() * 1000 / around.len()
        }
    };
    let mut order: Vec<(usize, &Address)> = layers[at]
        .iter()
        .enumerate()
        .map(|(now, node)| (middle(node, now), *node))
        .collect();
    order.sort();
    layers[at] = order.into_iter().map(|(_, node)| node).collect();
}
