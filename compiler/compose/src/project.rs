//! The project as a whole: what stands beside its services.

mod objects;
mod volume;

pub(crate) use objects::{ENGINES, variable};

use std::collections::{BTreeMap, BTreeSet};

use skep_compiler::source::File;
use skep_schema::import::{Finding, IMPORT_FORMAT, ImportReport, ImportedVariable, Refusal};
use skep_schema::span::{At, Span};

use crate::cx::Cx;
use crate::kdl::{DOLLAR, Item, Word};
use crate::load::Loader;
use crate::names;
use crate::settle::{Settled, settle};
use crate::variables::{Declared, is_open};
use crate::yaml::{Map, Value, Yaml};
use crate::{Imported, Request, routes, service};

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
    if loader.refused.is_empty() {
        name_stack(&mut cx, &tree);
        items = translated(&mut cx, &tree);
    }
    if !cx.wanted.is_empty() || !loader.refused.is_empty() {
        items.clear();
    }
    finish(cx, loader, items)
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

fn translated(cx: &mut Cx<'_>, tree: &Map) -> Vec<Item> {
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
    let mut items = vec![
        Item::made("project")
            .arg(cx.stack.clone())
            .bare_prop("edition", "1"),
    ];
    items.extend(objects::translated(cx, tree, &names));
    items.extend(default_network(&names));
    items.extend(std::mem::take(&mut names.made).into_values());
    let mut secrets = secrets_taken_out(&names);
    first_apart(&mut secrets);
    items.extend(secrets);
    if !services.is_empty() {
        items.push(updates());
    }
    items.extend(services);
    items.extend(routes);
    if cx.request.adopt {
        items.extend(adopted(cx, &items));
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
        name => cx.dropped(
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

/// The network that all join who name none is declared where one names it.
fn default_network(names: &Names) -> Option<Item> {
    let named = names.used.contains(&("network", DEFAULT.to_owned()));
    let declared = names.networks.contains_key(DEFAULT);
    (named && !declared).then(|| Item::made("network").arg(DEFAULT).apart())
}

/// The lines that take over what `docker stack deploy` made.
fn adopted(cx: &Cx<'_>, items: &[Item]) -> Vec<Item> {
    let is_external = |word: &Word| *word == Word::Bare("external".to_owned());
    let external = |item: &Item| item.entries.iter().any(|entry| is_external(&entry.value));
    let own = items.iter().filter(|item| !external(item));
    let lines = own.filter_map(|item| {
        let name = match &item.entries.first()?.value {
            Word::Text(name) if !is_open(name) => name.clone(),
            Word::Text(_) | Word::Bare(_) | Word::Secret(_) => {
                return None;
            }
        };
        let line = Item::made("adopt").arg(format!("{}.{name}", item.name));
        match item.name.as_str() {
            "service" | "network" => Some(line),
            "config" => Some(line.prop("name", format!("{}_{name}", cx.stack))),
            _ => None,
        }
    });
    let mut lines: Vec<Item> = lines.collect();
    if let Some(first) = lines.first_mut() {
        first.apart = true;
        first.notes.push(
            "What `docker stack deploy` made is taken over; without it these lines mean nothing."
                .to_owned(),
        );
    }
    lines
}

pub(crate) fn first_apart(items: &mut [Item]) {
    if let Some(first) = items.first_mut() {
        first.apart = true;
    }
}

fn finish(
    mut cx: Cx<'_>,
    loader: Loader,
    items: Vec<Item>,
) -> (Imported, BTreeMap<String, String>) {
    let empty = items.is_empty();
    let settled = if empty {
        Settled::default()
    } else {
        settle(&mut cx, items)
    };
    let position = |span: Span| loader.sources.position(span.file, span.start);
    let path = |span: Span| loader.sources.path(span.file).to_owned();
    let mut found = std::mem::take(&mut cx.found);
    found.sort_by(|a, b| {
        (a.span, &a.key, a.grade, &a.reason).cmp(&(b.span, &b.key, b.grade, &b.reason))
    });
    found.dedup();
    let findings = found.into_iter().map(|one| Finding {
        file: path(one.span),
        line: position(one.span).line,
        key: one.key,
        grade: one.grade,
        reason: one.reason,
        next: one.next,
    });
    let refusals = loader.refused.iter().map(|refused| Refusal {
        file: path(refused.span),
        line: position(refused.span).line,
        column: position(refused.span).column,
        message: refused.message.clone(),
        help: refused.help.clone(),
    });
    let report = ImportReport {
        format: IMPORT_FORMAT.to_owned(),
        project: cx.stack.clone(),
        text: settled.text.clone(),
        copies: cx.copies.clone(),
        findings: findings.collect(),
        variables: variables_of(&settled.declared),
        refusals: refusals.collect(),
    };
    let imported = Imported {
        text: settled.text,
        lines: settled.lines,
        report,
        diagnostics: settled.diagnostics,
        compiled: settled.compiled,
        wanted: cx.wanted,
        sources: loader.sources,
    };
    (imported, settled.unroutable)
}

fn variables_of(declared: &Declared) -> Vec<ImportedVariable> {
    let params = declared.params.iter().map(|param| ImportedVariable {
        variable: param.variable.clone(),
        node: format!("param.{}", param.name),
        required: param.default.is_none() && !param.optional,
    });
    let secrets = declared.secrets.iter().map(|secret| ImportedVariable {
        variable: secret.variable.clone(),
        node: format!("secret.{}", secret.name),
        required: true,
    });
    params.chain(secrets).collect()
}

/// The declarations of what variables became.
pub(crate) fn declarations(declared: &Declared) -> Vec<Item> {
    let mut items: Vec<Item> = declared.params.iter().map(param).collect();
    items.extend(declared.secrets.iter().map(|secret| {
        let from = Item::new("from", secret.span).prop("env", secret.variable.clone());
        Item::new("secret", secret.span)
            .arg(secret.name.clone())
            .with([from])
    }));
    first_apart(&mut items);
    items
}

/// Tells where what variables became is not quite what they were.
pub(crate) fn tell(cx: &mut Cx<'_>, declared: &Declared) {
    cx.inside("variables", |cx| tell_each(cx, declared));
}

fn tell_each(cx: &mut Cx<'_>, declared: &Declared) {
    let all: Vec<&crate::variables::Param> = declared.params.iter().collect();
    for param in all.iter().filter(|param| param.hidden) {
        let reason = format!(
            "`{}` looks like a secret, so its default is in no file",
            param.variable
        );
        cx.near(
            param.span,
            reason,
            format!("give it with -p {}=..", param.name),
        );
    }
    for param in all.iter().filter(|param| param.divided) {
        let reason = format!(
            "`{}` has another default elsewhere, so `param.{}` is one of several parameters",
            param.variable, param.name
        );
        cx.near(param.span, reason, "make them one where they mean the same");
    }
    for secret in declared.secrets.iter().filter(|secret| secret.had_default) {
        let variable = &secret.variable;
        let reason = format!("a secret has no default: `{variable}` has to be set at apply");
        cx.near(secret.span, reason, "set it where `skep apply` runs");
    }
}

fn param(param: &crate::variables::Param) -> Item {
    let mut item = Item::new("param", param.span).arg(param.name.clone());
    if let Some(ty) = param.ty {
        item = item.bare_prop("type", ty);
    }
    if let Some(default) = &param.default {
        item = match param.ty {
            Some("int") => item.bare_prop("default", default.clone()),
            Some(_) | None => item.prop("default", default.clone()),
        };
    }
    if let Some(message) = &param.message {
        item = item.prop("doc", message.clone());
    }
    if param.optional {
        item = item.bare("optional");
    }
    item
}

/// What stands for `$` right before a variable.
pub(crate) fn dollar() -> Item {
    Item::made("param").arg(DOLLAR).prop("default", "$")
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
