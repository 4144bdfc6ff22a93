//! Comments that people wrote above what they declare.

use std::collections::BTreeSet;

use skep_schema::span::{Sources, Span};

use super::SECTIONS;
use crate::kdl::Item;
use crate::yaml::{Map, Yaml};

/// Puts the comments above services, networks and the like above their nodes.
pub(super) fn carry(items: &mut [Item], tree: &Map, sources: &Sources) {
    let declared: BTreeSet<Span> = SECTIONS
        .iter()
        .filter_map(|section| tree.get(section).and_then(Yaml::as_map))
        .flat_map(|map| &map.entries)
        .map(|(key, _)| key.span)
        .collect();
    for item in items {
        let Some(span) = item.span.filter(|span| declared.contains(span)) else {
            continue;
        };
        let mut notes = above(sources, span);
        notes.append(&mut item.notes);
        item.notes = notes;
    }
}

/// The lines right above a key that are comments at its own indentation, and so part of no text.
///
/// What was YAML once is left out: a password may stand in it.
fn above(sources: &Sources, key: Span) -> Vec<String> {
    let text = sources.text(key.file);
    let before = text.get(..key.start as usize).unwrap_or_default();
    let (before, indent) = before.rsplit_once('\n').unwrap_or(("", before));
    let mut notes = Vec::new();
    for line in before.lines().rev() {
        let Some(comment) = line
            .strip_prefix(indent)
            .and_then(|line| line.strip_prefix('#'))
        else {
            break;
        };
        let comment = comment.trim_start_matches('#').trim();
        if is_prose(comment) {
            notes.push(comment.to_owned());
        }
    }
    notes.reverse();
    notes
}

fn is_prose(comment: &str) -> bool {
    let words = comment.chars().any(char::is_alphabetic);
    let plain = |c: char| !c.is_control() && !":={}[]$".contains(c);
    words && !comment.starts_with('-') && comment.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_right_above_a_key_is_its_own() {
        let text =
            "services:\n  # far\n\n  # What people see\n  # of the shop.\n  # image: old\n  web:\n";
        let mut sources = Sources::default();
        let file = sources.add("a.yml", text);
        let at = u32::try_from(text.find("web").expect("it is there")).expect("it is short");
        let found = above(&sources, Span::new(file, at, at + 3));
        assert_eq!(found, ["What people see", "of the shop."]);
    }
}
