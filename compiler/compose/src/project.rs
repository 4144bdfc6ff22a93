//! The project as a whole: what stands beside its services.

mod comments;
mod declare;
mod objects;
mod report;
mod volume;

pub(crate) use declare::{declarations, dollar, tell};
pub(crate) use objects::{ENGINES, variable};

use std::collections::{BTreeMap, BTreeSet};

use skep_compiler::source::{File, Hidden};
use skep_schema::span::{At, Span};

use crate::cx::Cx;
use crate::kdl::{Item, Word};
use crate::load::Loader;
use crate::names;
use crate::variables::is_open;
use crate::yaml::{Map, Value, Yaml};
use crate::{Imported, Purpose, Request, routes, service};

/// The names that compose gives things, and what they are called in the project.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) networks: BTreeMap<String, String>,
    /// Those that are networks of the engine's own.
    pub(crate) engine_networks: BTreeMap<String, String>,
    pub(crate) volumes: BTreeMap<String, String>,
    pub(crate) configs: BTreeMap<String, String>,
    pub(crate) secrets: BTreeMap<String, String>,
    pub(crate) services: BTreeMap<String, String>,
    /// Volumes that services use and nothing declares.
    pub(crate) made: BTreeMap<String, Item>,
    /// Names of objects of which something is used.
    pub(crate) used: BTreeSet<(&'static str, String)>,
    /// Secrets made of values that stood in clear, by name, and the variable that brings each.
    pub(crate) taken_out: BTreeMap<String, TakenOut>,
}

/// A value that stood in clear.
#[derive(Debug)]
pub(crate) struct TakenOut {
    pub(crate) variable: String,
    pub(crate) span: Span,
    /// Of one that a source may be compiled with.
    pub(crate) value: Option<Hidden>,
}

/// Values that stand in the files in clear.
#[derive(Debug, Default)]
pub(crate) struct Clear {
    /// By the variable that brings each when a plan is applied.
    pub(crate) values: BTreeMap<String, Hidden>,
    pub(crate) places: Vec<Span>,
}

/// The network of services that name none.
const DEFAULT: &str = "default";

/// The sections of a file that hold objects by name.
pub(crate) const SECTIONS: [&str; 5] = ["services", "networks", "volumes", "configs", "secrets"];

/// Rounds of turning labels into routes and of leaving those labels that make none.
const MAX_ROUNDS: usize = 16;

pub(crate) fn import(request: &Request) -> Imported {
    let mut unroutable = BTreeMap::new();
    for _ in 0..MAX_ROUNDS {
        let (imported, found) = once(request, unroutable.clone());
        let known = unroutable.len();
        unroutable.extend(found);
        if unroutable.len() == known {
            return imported;
        }
    }
    let plain = Request {
        routes: false,
        ..request.clone()
    };
    once(&plain, BTreeMap::new()).0
}

/// One import, and the services whose labels cannot become routes, with the reason.
fn once(
    request: &Request,
    unroutable: BTreeMap<String, String>,
) -> (Imported, BTreeMap<String, String>) {
    let mut cx = Cx::new(request);
    cx.unroutable = unroutable;
    let mut loader = Loader::default();
    let tree = loader.load(&mut cx);
    let mut items = Vec::new();
    let mut clear = Clear::default();
    if loader.refused.is_empty() {
        name_stack(&mut cx, &tree);
        items = translated(&mut cx, &tree, &mut clear);
        comments::carry(&mut items, &tree, &loader.sources);
    }
    if !cx.wanted.is_empty() || !loader.refused.is_empty() {
        items.clear();
        // A project without anything, rather than none: of that more would be said.
        if let Purpose::Project { .. } = request.purpose {
            name_stack(&mut cx, &Map::default());
            items.push(project_node(&cx));
        }
    }
    report::finish(cx, loader, items, clear)
}

/// The stack's name as docker would have it, and as the language takes it.
fn name_stack(cx: &mut Cx<'_>, tree: &Map) {
    let written = tree.entry("name").and_then(|(key, value)| {
        cx.key(key, |cx| {
            let text = cx.text(value)?;
            let text = cx.literal(&text, value.span)?;
            if cx
                .request
                .stack
                .as_ref()
                .is_some_and(|stack| *stack != text)
            {
                cx.remark(value.span, "--stack says another name");
            }
            Some(text)
        })
    });
    let name = cx.request.stack.clone().or(written);
    cx.stack = names::fitting(&name.unwrap_or_else(|| cx.request.fallback.clone()));
}

fn project_node(cx: &Cx<'_>) -> Item {
    Item::made("project")
        .arg(cx.stack.clone())
        .bare_prop("edition", "1")
}

fn translated(cx: &mut Cx<'_>, tree: &Map, clear: &mut Clear) -> Vec<Item> {
    for (key, _) in &tree.entries {
        if !SECTIONS.contains(&key.value.as_str()) && key.value != "name" {
            cx.key(key, |cx| head(cx, key));
        }
    }
    let mut names = named(tree);
    let mut services = Vec::new();
    each(cx, tree, "services", |cx, name, yaml| {
        services.extend(service::translated(cx, tree, name, yaml, &mut names));
    });
    let routes = if cx.request.routes {
        routes::translated(cx, &mut services, &mut names)
    } else {
        Vec::new()
    };
    let mut items = vec![project_node(cx)];
    items.extend(objects::translated(cx, tree, &names));
    items.extend(default_network(&names));
    items.extend(std::mem::take(&mut names.made).into_values());
    let mut secrets = secrets_taken_out(&names);
    first_apart(&mut secrets);
    items.extend(secrets);
    for out in std::mem::take(&mut names.taken_out).into_values() {
        clear.places.push(out.span);
        clear
            .values
            .extend(out.value.map(|value| (out.variable, value)));
    }
    match cx.request.purpose {
        Purpose::Part => services.iter_mut().for_each(update_as_docker),
        Purpose::Keep | Purpose::Project { .. } if services.is_empty() => {}
        Purpose::Keep | Purpose::Project { .. } => items.push(updates()),
    }
    items.extend(services);
    items.extend(routes);
    if cx.request.adopt {
        items.extend(adopted(cx, &items, &names));
    }
    items
}

/// A key at the top that is no section.
fn head(cx: &mut Cx<'_>, key: &At<String>) {
    match key.value.as_str() {
        "version" => cx.remark(
            key.span,
            "says how docker reads the file, and nothing of the stack",
        ),
        name if name.starts_with("x-") => {
            cx.remark(
                key.span,
                "docker ignores it; what aliases took from it is in its place",
            );
        }
        "include" => {}
        "models" => cx.dropped(
            key.span,
            "Swarm knows no models",
            "run a service that serves it",
        ),
        name => cx.invalid(
            key.span,
            format!("compose knows no section `{name}`"),
            "look how it is spelled; docker refuses it",
        ),
    }
}

/// Does something with each entry of a section.
pub(crate) fn each(
    cx: &mut Cx<'_>,
    tree: &Map,
    section: &'static str,
    mut work: impl FnMut(&mut Cx<'_>, &At<String>, &Yaml),
) {
    let Some(map) = tree.get(section).and_then(|yaml| cx.map(yaml)) else {
        return;
    };
    cx.inside(section, |cx| {
        for (name, value) in &map.entries {
            cx.inside(&name.value, |cx| work(cx, name, value));
        }
    });
}

/// What everything is called in the project.
fn named(tree: &Map) -> Names {
    let mut names = Names::default();
    for section in SECTIONS {
        let mut taken = BTreeSet::new();
        let found = tree.get(section).and_then(Yaml::as_map);
        let keys = found
            .iter()
            .flat_map(|map| &map.entries)
            .map(|(key, _)| key);
        let map: BTreeMap<String, String> = keys
            .map(|key| {
                (
                    key.value.clone(),
                    names::free(&names::fitting(&key.value), &mut taken),
                )
            })
            .collect();
        match section {
            "services" => names.services = map,
            "networks" => names.networks = map,
            "volumes" => names.volumes = map,
            "configs" => names.configs = map,
            _ => names.secrets = map,
        }
    }
    names.engine_networks = engine_networks(tree);
    names
}

/// External networks whose name is one of the engine's.
fn engine_networks(tree: &Map) -> BTreeMap<String, String> {
    let networks = tree.get("networks").and_then(Yaml::as_map);
    let entries = networks.iter().flat_map(|map| &map.entries);
    let named = entries.filter_map(|(key, yaml)| {
        let map = yaml.as_map()?;
        let external = map.get("external")?;
        let name = external
            .as_map()
            .map_or(map.get("name"), |old| old.get("name"));
        let name = match name.map(|name| &name.value) {
            Some(Value::Scalar(scalar)) => scalar.text.clone(),
            Some(Value::Null | Value::List(_) | Value::Map(_)) | None => key.value.clone(),
        };
        ENGINES
            .contains(&name.as_str())
            .then(|| (key.value.clone(), name))
    });
    named.collect()
}

fn secrets_taken_out(names: &Names) -> Vec<Item> {
    let all = names.taken_out.iter().map(|(name, out)| {
        let from = Item::new("from", out.span).prop("env", out.variable.clone());
        Item::new("secret", out.span).arg(name.clone()).with([from])
    });
    all.collect()
}

/// How services are updated where the file says nothing: as docker does it, and not as the edition.
fn updates() -> Item {
    let update = Item::made("update")
        .prop("order", "stop-first")
        .prop("on-failure", "pause");
    let rollback = Item::made("rollback").prop("order", "stop-first");
    let mut item = Item::made("defaults")
        .arg("service")
        .with([update, rollback])
        .apart();
    item.notes = vec![
        "As docker does it. Without these lines a failed update is rolled back, and a new task starts".to_owned(),
        "before the old one stops.".to_owned(),
    ];
    item
}

/// The same for a service of a project that has defaults of its own.
fn update_as_docker(service: &mut Item) {
    for default in updates().children {
        let known = service.children.iter_mut().find(|c| c.name == default.name);
        let Some(known) = known else {
            service.children.push(default);
            continue;
        };
        let said: Vec<_> = known.entries.iter().map(|e| e.key.clone()).collect();
        let missing = default.entries.into_iter();
        known
            .entries
            .extend(missing.filter(|entry| !said.contains(&entry.key)));
    }
}

/// The network that all join who name none is declared where one names it.
fn default_network(names: &Names) -> Option<Item> {
    let named = names.used.contains(&("network", DEFAULT.to_owned()));
    let declared = names.networks.contains_key(DEFAULT);
    (named && !declared).then(|| Item::made("network").arg(DEFAULT).apart())
}

/// The lines that take over what `docker stack deploy` made.
fn adopted(cx: &Cx<'_>, items: &[Item], names: &Names) -> Vec<Item> {
    let own = items.iter().filter(|item| !is_external(item));
    let lines = own.filter_map(|item| {
        let name = name_of(item)?;
        let line = Item::made("adopt").arg(format!("{}.{name}", item.name));
        let named = item
            .entries
            .iter()
            .any(|entry| entry.key.as_deref() == Some("name"));
        let source = cx.request.purpose.is_source();
        match item.name.as_str() {
            "service" | "network" => Some(line),
            "config" if source => {
                Some(line.prop("while-same", docker_name(cx, item, &names.configs)?))
            }
            "secret" if source => {
                Some(line.prop("while-same", docker_name(cx, item, &names.secrets)?))
            }
            "config" if named => Some(line),
            "config" => {
                let mut configs = names.configs.iter();
                let (key, _) = configs.find(|(_, config)| *config == name)?;
                Some(line.prop("name", format!("{}_{key}", cx.stack)))
            }
            _ => None,
        }
    });
    let mut lines: Vec<Item> = lines.collect();
    if joins_default(items) {
        lines.insert(0, Item::made("adopt").arg(format!("network.{DEFAULT}")));
    }
    if let Some(first) = lines.first_mut() {
        first.apart = true;
        first.notes.push(
            "What `docker stack deploy` made is taken over; without it these lines mean nothing."
                .to_owned(),
        );
    }
    lines
}

/// What docker calls a config or secret; nothing of one that no file declares.
fn docker_name(cx: &Cx<'_>, item: &Item, names: &BTreeMap<String, String>) -> Option<String> {
    let mut entries = item.entries.iter();
    let written = entries.find(|entry| entry.key.as_deref() == Some("name"));
    if let Some(Word::Text(name)) = written.map(|entry| &entry.value) {
        return Some(name.clone());
    }
    let name = name_of(item)?;
    let (key, _) = names.iter().find(|(_, known)| *known == name)?;
    Some(format!("{}_{key}", cx.stack))
}

fn is_external(item: &Item) -> bool {
    let external = Word::Bare("external".to_owned());
    item.entries.iter().any(|entry| entry.value == external)
}

/// The name of a node, where no variable stands in it.
fn name_of(item: &Item) -> Option<&str> {
    match &item.entries.first()?.value {
        Word::Text(name) if !is_open(name) => Some(name),
        Word::Text(_) | Word::Bare(_) | Word::Secret(_) => None,
    }
}

/// Whether a service joins the default network without anything being said of that.
fn joins_default(items: &[Item]) -> bool {
    let joins = |item: &Item| item.children.iter().any(|child| child.name == "network");
    let homeless = items
        .iter()
        .any(|item| item.name == "service" && !joins(item));
    let is_default = |item: &Item| item.name == "network" && name_of(item) == Some(DEFAULT);
    homeless && !items.iter().any(is_default)
}

pub(crate) fn first_apart(items: &mut [Item]) {
    if let Some(first) = items.first_mut() {
        first.apart = true;
    }
}

/// Whether a file beside the compose file is there; nothing as long as it was not read.
pub(crate) fn is_there(cx: &mut Cx<'_>, path: &str) -> Option<bool> {
    cx.file(path).map(|file| matches!(file, File::Bytes(_)))
}

/// A file as the project names it: by its own path, or by a new one where it lies outside.
pub(crate) fn kept(cx: &mut Cx<'_>, path: &str) -> String {
    let inside = if crate::path::is_inside(path) && !path.contains('\\') {
        path.to_owned()
    } else {
        let name = path.rsplit('/').next().unwrap_or("file");
        let mut taken: BTreeSet<String> = cx.copies.keys().cloned().collect();
        let known = cx
            .copies
            .iter()
            .find(|(_, from)| *from == path)
            .map(|(to, _)| to.clone());
        known.unwrap_or_else(|| names::free(&format!("imported/{name}"), &mut taken))
    };
    cx.copies.insert(inside.clone(), path.to_owned());
    inside
}
