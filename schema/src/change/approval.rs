//! What an approval of changes is for, and when it no longer holds.

use std::collections::{BTreeMap, BTreeSet};

use super::Change;
use crate::address::Address;
use crate::digest::{Digest, DigestText};
use crate::plan::Plan;
use crate::value::Value;

/// Over the touched nodes and what they need, as they are in the base: an apply is refused when
/// it no longer matches, while the rest of the stack may move.
pub(super) fn base(changes: &[Change], base: &Plan) -> DigestText {
    let touched: BTreeSet<&Address> = changes.iter().flat_map(touched).collect();
    let digests = touched.into_iter().map(|address| {
        let digest = base
            .nodes
            .get(address)
            .map(|node| node.payload.digest(address.kind));
        (
            address.to_string(),
            digest.map_or(Value::Null, |d| Value::Text(d.to_string())),
        )
    });
    Digest::of("base", &Value::Map(digests.collect())).into()
}

fn touched(change: &Change) -> impl Iterator<Item = &Address> {
    let nodes = change.before.iter().chain(&change.after);
    nodes
        .flat_map(|node| node.needs.keys())
        .chain([&change.address])
}

/// Over the stack, both digests and every action.
pub(super) fn id(
    stack: &str,
    from: &DigestText,
    to: &DigestText,
    changes: &[Change],
) -> DigestText {
    let text = |text: &str| Value::Text(text.to_owned());
    let actions = changes
        .iter()
        .map(|c| (c.address.to_string(), text(c.action.word())))
        .collect();
    let all = [
        ("stack", text(stack)),
        ("from", text(from.as_str())),
        ("to", text(to.as_str())),
    ];
    let mut all: BTreeMap<String, Value> =
        all.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    all.insert("actions".to_owned(), Value::Map(actions));
    Digest::of("changes", &Value::Map(all)).into()
}
