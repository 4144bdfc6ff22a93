//! Networks, configs and secrets.

use skep_schema::span::{At, Span};

use super::{Names, each, first_apart, is_there, kept, volume};
use crate::cx::{Cx, Fault};
use crate::kdl::Item;
use crate::path;
use crate::words;
use crate::yaml::{Map, Yaml};

const ENCRYPTED: &str = "encrypted";
const MTU: &str = "com.docker.network.driver.mtu";

/// Networks of the engine that a file may name as external ones.
pub(crate) const ENGINES: &[&str] = &["host", "none"];

/// What is declared beside the services, kind by kind.
pub(super) fn translated(cx: &mut Cx<'_>, tree: &Map, names: &Names) -> Vec<Item> {
    let mut all = Vec::new();
    let mut networks = Vec::new();
    each(cx, tree, "networks", |cx, name, yaml| {
        networks.extend(network(cx, name, yaml, names));
    });
    let mut volumes = Vec::new();
    each(cx, tree, "volumes", |cx, name, yaml| {
        volumes.extend(volume::declared(cx, name, yaml, names));
    });
    let mut files = Vec::new();
    each(cx, tree, "configs", |cx, name, yaml| {
        files.extend(config(cx, name, yaml, names));
    });
    each(cx, tree, "secrets", |cx, name, yaml| {
        files.extend(secret(cx, name, yaml, names));
    });
    for mut part in [networks, volumes, files] {
        first_apart(&mut part);
        all.extend(part);
    }
    all
}

/// Whether something exists already, and the name it is said to have.
#[derive(Debug, Default)]
pub(crate) struct Outside {
    pub(crate) external: bool,
    pub(crate) name: Option<String>,
}

/// Reads `external` and `name`, in the old form and the new one.
pub(crate) fn outside(cx: &mut Cx<'_>, map: &Map) -> Outside {
    let mut outside = Outside::default();
    if let Some((key, yaml)) = map.entry("external") {
        cx.key(key, |cx| match yaml.as_map() {
            Some(old) => {
                outside.external = true;
                outside.name = old.get("name").and_then(|name| cx.text(name));
            }
            None => outside.external = cx.flag(yaml).unwrap_or_default(),
        });
    }
    if let Some((key, yaml)) = map.entry("name") {
        outside.name = cx.key(key, |cx| cx.text(yaml)).or(outside.name);
    }
    outside
}

/// A node of something that exists already.
pub(crate) fn external(kind: &str, name: &str, key: &At<String>, outside: &Outside) -> Item {
    let item = Item::new(kind, key.span).arg(name).bare("external");
    let physical = outside.name.as_deref().unwrap_or(&key.value);
    if physical == name {
        item
    } else {
        item.prop("name", physical)
    }
}

/// What stands beside `external` says nothing to anybody.
pub(crate) fn rest_beside(cx: &mut Cx<'_>, map: &Map) {
    let rest = map
        .entries
        .iter()
        .filter(|(key, _)| !["external", "name"].contains(&key.value.as_str()));
    for (key, _) in rest {
        cx.key(key, |cx| {
            cx.remark(key.span, "means nothing beside `external`");
        });
    }
}

fn network(cx: &mut Cx<'_>, key: &At<String>, yaml: &Yaml, names: &Names) -> Option<Item> {
    let name = names.networks.get(&key.value)?;
    let empty = Map::default();
    let map = cx.map(yaml).unwrap_or(&empty);
    let outside = outside(cx, map);
    if !names.used.contains(&("network", key.value.clone())) && key.value != "default" {
        cx.remark(
            key.span,
            "no service joins it, so docker makes none, nor is it in the project",
        );
        return None;
    }
    if outside.external {
        rest_beside(cx, map);
        let physical = outside.name.as_deref().unwrap_or(&key.value);
        let engines = ENGINES.contains(&physical);
        return (!engines).then(|| external("network", name, key, &outside));
    }
    let mut item = Item::new("network", key.span).arg(name.clone());
    for (word, value) in &map.entries {
        item = cx.key(word, |cx| network_key(cx, item, word, value));
    }
    // The name of a network that is not plain would else follow what is said of it.
    let derived = format!("{}_{}", cx.stack, key.value);
    let physical = outside.name.unwrap_or_else(|| derived.clone());
    let plain = item.entries.len() == 1 && item.children.is_empty();
    if !plain || physical != derived || *name != key.value {
        item = item.prop("name", physical);
    }
    cx.remark(key.span, "");
    Some(item)
}

fn network_key(cx: &mut Cx<'_>, item: Item, key: &At<String>, value: &Yaml) -> Item {
    match key.value.as_str() {
        "external" | "name" => item,
        "driver" => match cx.text(value) {
            Some(driver) if driver == "overlay" || driver == "default" => item,
            Some(driver) => item.prop("driver", driver),
            None => item,
        },
        "attachable" | "internal" => match cx.flag(value) {
            Some(true) => item.bare_prop(&key.value, "#true"),
            Some(false) | None => item,
        },
        "driver_opts" => network_options(cx, item, value),
        "labels" => labelled(cx, item, "label", value),
        "ipam" => ranges(cx, item, value),
        "enable_ipv6" => {
            if cx.flag(value) == Some(true) {
                cx.dropped(
                    key.span,
                    "the language has no IPv6 for networks yet",
                    "make the network by hand and declare it external",
                );
            }
            item
        }
        _ => {
            cx.dropped(
                key.span,
                "a network of Swarm has no such setting",
                "take it away, or make the network by hand",
            );
            item
        }
    }
}

fn network_options(cx: &mut Cx<'_>, mut item: Item, value: &Yaml) -> Item {
    let mut others = Vec::new();
    for (key, text) in cx.pairs(value) {
        let text = text.unwrap_or_default();
        match key.value.as_str() {
            ENCRYPTED => item = item.bare_prop(ENCRYPTED, "#true"),
            MTU => {
                if let Some(mtu) = cx.typed(&text, key.span, "int", words::whole) {
                    item = item.bare_prop("mtu", mtu);
                }
            }
            other => others.push(Item::new(other, key.span).arg(text)),
        }
    }
    if others.is_empty() {
        return item;
    }
    item.with([Item::new("option", value.span).with(others)])
}

/// `label` or `option` as a block.
pub(crate) fn labelled(cx: &mut Cx<'_>, item: Item, word: &str, value: &Yaml) -> Item {
    let pairs = cx.pairs(value);
    let all: Vec<Item> = pairs
        .into_iter()
        .map(|(key, text)| Item::new(key.value, key.span).arg(text.unwrap_or_default()))
        .collect();
    if all.is_empty() {
        return item;
    }
    item.with([Item::new(word, value.span).with(all)])
}

fn ranges(cx: &mut Cx<'_>, mut item: Item, value: &Yaml) -> Item {
    let Some(map) = cx.map(value) else {
        return item;
    };
    for (key, value) in &map.entries {
        match key.value.as_str() {
            "driver" if cx.text(value).as_deref() == Some("default") => {}
            "config" => {
                for range in value.as_list().into_iter().flatten() {
                    item = range_of(cx, item, range);
                }
            }
            _ => cx.dropped(
                key.span,
                "addresses come from the engine's own driver",
                "make the network by hand and declare it external",
            ),
        }
    }
    item
}

fn range_of(cx: &mut Cx<'_>, mut item: Item, range: &Yaml) -> Item {
    let Some(map) = cx.map(range) else {
        return item;
    };
    for (key, value) in &map.entries {
        let text = cx.text(value);
        match (key.value.as_str(), text) {
            ("subnet", Some(text)) => item = item.with([Item::new("subnet", key.span).arg(text)]),
            ("gateway", Some(text)) => item = item.with([Item::new("gateway", key.span).arg(text)]),
            (_, _) => cx.dropped(
                key.span,
                "the language has subnets and a gateway",
                "make the network by hand and declare it external",
            ),
        }
    }
    item
}

fn config(cx: &mut Cx<'_>, key: &At<String>, yaml: &Yaml, names: &Names) -> Option<Item> {
    let name = names.configs.get(&key.value)?;
    let map = cx.map(yaml)?;
    let outside = outside(cx, map);
    if outside.external {
        rest_beside(cx, map);
        return Some(external("config", name, key, &outside));
    }
    let mut item = Item::new("config", key.span).arg(name.clone());
    if let Some(physical) = &outside.name {
        item = item.prop("name", physical.clone());
    }
    for (word, value) in &map.entries {
        let added = cx.key(word, |cx| match word.value.as_str() {
            "external" | "name" => Content::Said(item.clone()),
            "file" => content_of_file(cx, item.clone(), value),
            "content" => Content::Said(match cx.text(value) {
                Some(text) => item.clone().with([Item::new("text", word.span).arg(text)]),
                None => item.clone(),
            }),
            "environment" => Content::Said(content_of_variable(cx, item.clone(), value)),
            "labels" => Content::Said(labelled(cx, item.clone(), "label", value)),
            _ => {
                cx.dropped(
                    word.span,
                    "a config has no such setting here",
                    "a config with a `template` is filled by Skep",
                );
                Content::Said(item.clone())
            }
        });
        match added {
            Content::Said(said) => item = said,
            Content::Absent => return Some(absent_config(cx, key, name, &outside)),
        }
    }
    Some(item)
}

/// What became of a config's content.
enum Content {
    Said(Item),
    /// Its file is not there.
    Absent,
}

fn content_of_file(cx: &mut Cx<'_>, item: Item, value: &Yaml) -> Content {
    let Some(text) = cx.text(value) else {
        return Content::Said(item);
    };
    let Some(text) = cx.literal(&text, value.span) else {
        return Content::Absent;
    };
    let path = path::join(cx.folder(value.span), &text);
    let source = cx.request.purpose.is_source();
    if is_there(cx, &path) == Some(false) && !source {
        cx.near(
            value.span,
            format!("`{path}` is not there, so the config that runs is used as it is"),
            "put the file into the project and write `file` instead of `external`",
        );
        Content::Absent
    } else {
        let file = kept(cx, &path);
        Content::Said(item.prop("file", file))
    }
}

/// The config that `docker stack deploy` made.
fn absent_config(cx: &Cx<'_>, key: &At<String>, name: &str, outside: &Outside) -> Item {
    let stack = format!("{}_{}", cx.stack, key.value);
    let physical = outside.name.clone().unwrap_or(stack);
    Item::new("config", key.span)
        .arg(name)
        .bare("external")
        .prop("name", physical)
}

fn content_of_variable(cx: &mut Cx<'_>, item: Item, value: &Yaml) -> Item {
    let Some(name) = cx.text(value) else {
        return item;
    };
    match variable(cx, &name, value.span, false) {
        Some(letter) => item.with([Item::new("text", value.span).arg(letter.to_string())]),
        None => item,
    }
}

/// A letter for a variable that is named and not written as one.
pub(crate) fn variable(cx: &mut Cx<'_>, name: &str, span: Span, optional: bool) -> Option<char> {
    cx.variables.add(crate::variables::Use {
        name: name.to_owned(),
        span,
        default: None,
        message: None,
        shown: None,
        ty: None,
        secret: false,
        optional,
    })
}

fn secret(cx: &mut Cx<'_>, key: &At<String>, yaml: &Yaml, names: &Names) -> Option<Item> {
    let name = names.secrets.get(&key.value)?;
    let map = cx.map(yaml)?;
    let outside = outside(cx, map);
    if outside.external {
        rest_beside(cx, map);
        return Some(external("secret", name, key, &outside));
    }
    let mut item = Item::new("secret", key.span).arg(name.clone());
    if let Some(physical) = &outside.name {
        item = item.prop("name", physical.clone());
    }
    let known = cx.found.len();
    for (word, value) in &map.entries {
        item = cx.key(word, |cx| secret_key(cx, item, word, value));
    }
    let mut found = cx.found[known..].iter();
    let is_unset = found.any(|one| one.fault == Some(Fault::Unset));
    let physical = outside
        .name
        .unwrap_or_else(|| format!("{}_{}", cx.stack, key.value));
    let as_it_is = Item::new("secret", key.span)
        .arg(name.clone())
        .bare("external")
        .prop("name", physical);
    let source = cx.request.purpose.is_source();
    if cx.request.adopt && !source {
        cx.near(
            key.span,
            "nobody can read the secret that runs, so it is used as it is",
            "write its source, `from file=` or `from env=`, in the place of `external`",
        );
        return Some(as_it_is);
    }
    let from_nowhere = item.children.iter().all(|child| child.name != "from");
    if from_nowhere && !source {
        cx.near(
            key.span,
            "it comes from nowhere, so the one that runs is used",
            "write `from env=` or `from file=`",
        );
    }
    Some(if from_nowhere && (!source || is_unset) {
        as_it_is
    } else {
        item
    })
}

fn secret_key(cx: &mut Cx<'_>, item: Item, key: &At<String>, value: &Yaml) -> Item {
    match key.value.as_str() {
        "external" | "name" => item,
        "file" => match cx
            .text(value)
            .and_then(|text| cx.literal(&text, value.span))
        {
            Some(text) => {
                let path = path::join(cx.folder(value.span), &text);
                if !path::is_inside(&path) {
                    cx.dropped(value.span, format!("`{path}` lies outside of the project"), "bring the file into the project, where git ignores it, or write `from env=`");
                    return item;
                }
                item.with([Item::new("from", value.span).prop("file", path)])
            }
            None => item,
        },
        "environment" => match cx.text(value) {
            Some(name) => item.with([Item::new("from", value.span).prop("env", name)]),
            None => item,
        },
        "labels" => labelled(cx, item, "label", value),
        _ => {
            cx.dropped(
                key.span,
                "a secret has no such setting here",
                "`from { command .. }` runs a program that knows the value",
            );
            item
        }
    }
}
