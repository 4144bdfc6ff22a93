//! Volumes that the file declares.

use skep_schema::span::{At, Span};

use super::Names;
use super::objects::{external, labelled, outside, rest_beside};
use crate::cx::Cx;
use crate::kdl::Item;
use crate::yaml::{Map, Yaml};

pub(super) fn declared(
    cx: &mut Cx<'_>,
    key: &At<String>,
    yaml: &Yaml,
    names: &Names,
) -> Option<Item> {
    let name = names.volumes.get(&key.value)?;
    let empty = Map::default();
    let map = cx.map(yaml).unwrap_or(&empty);
    let outside = outside(cx, map);
    if !names.used.contains(&("volume", key.value.clone())) {
        cx.remark(
            key.span,
            "no service mounts it, so docker makes none, nor is it in the project",
        );
        return None;
    }
    if outside.external {
        rest_beside(cx, map);
        return Some(external("volume", name, key, &outside));
    }
    let mut item = Item::new("volume", key.span).arg(name.clone());
    for (word, value) in &map.entries {
        item = cx.key(word, |cx| volume_key(cx, item, word, value));
    }
    let derived = format!("{}_{}", cx.stack, key.value);
    let physical = outside.name.unwrap_or_else(|| derived.clone());
    if physical != derived || *name != key.value {
        item = named(item, physical, key.span);
    }
    cx.remark(key.span, "");
    Some(item)
}

/// A name that Swarm fills in for each task is a line of its own, which may be refused alone.
fn named(item: Item, physical: String, span: Span) -> Item {
    if physical.contains("{{") {
        return item.with([Item::new("name", span).arg(physical)]);
    }
    item.prop("name", physical)
}

fn volume_key(cx: &mut Cx<'_>, item: Item, key: &At<String>, value: &Yaml) -> Item {
    match key.value.as_str() {
        "external" | "name" => item,
        "driver" => match cx.text(value) {
            Some(driver) if driver == "local" || driver.is_empty() => item,
            Some(driver) => item.prop("driver", driver),
            None => item,
        },
        "driver_opts" => labelled(cx, item, "option", value),
        "labels" => labelled(cx, item, "label", value),
        _ => {
            cx.dropped(
                key.span,
                "a volume has no such setting here",
                "set it where the volume is made",
            );
            item
        }
    }
}
