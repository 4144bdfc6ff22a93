//! One service: each of its keys in turn.

mod deploy;
mod env;
mod files;
mod health;
mod mounts;
mod network;
mod order;
mod ports;
mod system;

use std::collections::BTreeSet;

use skep_schema::span::At;

use crate::Purpose;
use crate::cx::Cx;
use crate::kdl::Item;
use crate::project::Names;
use crate::variables::is_open;
use crate::words;
use crate::yaml::{Map, Value, Yaml};

/// A service on its way into KDL.
pub(crate) struct Service<'a> {
    /// Its name in the file.
    pub(crate) key: &'a At<String>,
    pub(crate) map: &'a Map,
    /// All services of the file.
    pub(crate) others: &'a Map,
    pub(crate) names: &'a mut Names,
    pub(crate) item: Item,
    /// It runs to its end.
    pub(crate) once: bool,
}

pub(crate) fn translated(
    cx: &mut Cx<'_>,
    tree: &Map,
    key: &At<String>,
    yaml: &Yaml,
    names: &mut Names,
) -> Option<Item> {
    let others = tree.get("services").and_then(Yaml::as_map)?;
    let map = cx.map(yaml)?;
    if !is_chosen(cx, map) {
        return None;
    }
    let name = names.services.get(&key.value)?.clone();
    if name != key.value {
        let reason = format!("Swarm takes no service of this name; here it is `{name}`");
        cx.near(
            key.span,
            reason,
            "rename what refers to it under its old name",
        );
    }
    let mut service = Service {
        key,
        map,
        others,
        names,
        item: Item::new("service", key.span).arg(name).apart(),
        once: false,
    };
    for (word, value) in &map.entries {
        cx.key(word, |cx| service.key(cx, word, value));
    }
    service.image(cx);
    if service.once {
        // What ends is a failed update to the engine.
        let update = service.child("update", key.span);
        update
            .entries
            .retain(|entry| entry.key.as_deref() != Some("on-failure"));
        *update = std::mem::replace(update, Item::made("")).prop("on-failure", "continue");
    }
    order::sort(&mut service.item);
    Some(service.item)
}

/// Whether the service has no profile, or one that is wanted.
fn is_chosen(cx: &mut Cx<'_>, map: &Map) -> bool {
    let Some((key, value)) = map.entry("profiles") else {
        return true;
    };
    let profiles: BTreeSet<String> = cx.texts(value).into_iter().map(|at| at.value).collect();
    let chosen = profiles.is_empty() || !profiles.is_disjoint(&cx.request.profiles);
    if !chosen {
        let all: Vec<String> = profiles.into_iter().collect();
        let options = format!("--profile {}", all.join(" or --profile "));
        let advice = match cx.request.purpose {
            Purpose::Keep => format!("import it with {options}"),
            Purpose::Project { .. } => format!("choose one with {options}"),
            Purpose::Part => "take `profiles` away: an `include` chooses none".to_owned(),
        };
        let reason = "the service belongs to profiles that are not chosen";
        cx.inside("profiles", |cx| cx.dropped(key.span, reason, advice));
    }
    chosen
}

/// Whether docker takes it as the name of an image.
fn is_image(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || "._-:/@".contains(c);
    let path = text.rsplit('/').next().unwrap_or(text);
    let name = path.split([':', '@']).next().unwrap_or(path);
    let lower = !name.is_empty() && !name.chars().any(|c| c.is_ascii_uppercase());
    lower && text.chars().all(letter) && !text.starts_with('/') && !text.contains("//")
}

impl Service<'_> {
    pub(crate) fn push(&mut self, item: Item) {
        self.item.children.push(item);
    }

    /// The child of a name, made where it is not there yet.
    pub(crate) fn child(&mut self, name: &str, span: skep_schema::span::Span) -> &mut Item {
        let at = self
            .item
            .children
            .iter()
            .position(|child| child.name == name);
        let at = at.unwrap_or_else(|| {
            self.push(Item::new(name, span));
            self.item.children.len() - 1
        });
        &mut self.item.children[at]
    }

    fn key(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        match key.value.as_str() {
            "image" => {}
            "command" => self.words(cx, "command", key, value),
            "entrypoint" => self.words(cx, "entrypoint", key, value),
            "environment" => self.environment(cx, key, value),
            "env_file" => self.env_file(cx, value),
            "ports" => self.ports(cx, value),
            "volumes" => self.volumes(cx, value),
            "tmpfs" => self.tmpfs(cx, value),
            "networks" => self.networks(cx, value),
            "configs" => self.files(cx, "config", value),
            "secrets" => self.files(cx, "secret", value),
            "deploy" => self.deploy(cx, value),
            "healthcheck" => self.health(cx, key, value),
            "logging" => self.logging(cx, key, value),
            "labels" => self.labels(cx, "container-labels", key, value),
            "depends_on" => self.needs(cx, value),
            "restart" => self.restart(cx, key, value),
            "stop_grace_period" => {
                self.quantity(cx, "stop", "grace", value, "a duration", words::time);
            }
            "stop_signal" => self.prop(cx, "stop", "signal", value),
            "user" => self.scalar(cx, "user", key, value),
            "working_dir" => self.scalar(cx, "workdir", key, value),
            "hostname" => self.scalar(cx, "hostname", key, value),
            "tty" => self.flag(cx, "tty", key, value),
            "stdin_open" => self.flag(cx, "stdin", key, value),
            "init" => self.flag(cx, "init", key, value),
            "read_only" => self.flag(cx, "read-only", key, value),
            "extra_hosts" => self.hosts(cx, value),
            "dns" => self.listed(cx, "dns", "server", key, value),
            "dns_search" => self.listed(cx, "dns", "search", key, value),
            "dns_opt" => self.resolver(cx, key, value),
            "sysctls" => self.sysctls(cx, key, value),
            "ulimits" => self.ulimits(cx, value),
            "cap_add" => self.listed(cx, "cap", "add", key, value),
            "cap_drop" => self.listed(cx, "cap", "drop", key, value),
            "group_add" => self.groups(cx, key, value),
            "isolation" => self.scalar(cx, "isolation", key, value),
            "oom_score_adj" => self.number(cx, "oom-score", key, value),
            "credential_spec" => self.credentials(cx, key, value),
            "mem_limit" => self.quantity(cx, "limits", "memory", value, "a size", words::size),
            "mem_reservation" => {
                self.quantity(cx, "reserve", "memory", value, "a size", words::size);
            }
            "cpus" => self.quantity(
                cx,
                "limits",
                "cpu",
                value,
                "a share of processors",
                words::cpu,
            ),
            "pids_limit" => self.quantity(cx, "limits", "pids", value, "a number", words::whole),
            "scale" => self.replicas(cx, key, value),
            "platform" => self.platform(cx, key, value),
            "security_opt" => Self::security(cx, value),
            "profiles" => cx.remark(key.span, "the profile is chosen"),
            "expose" => cx.remark(
                key.span,
                "says nothing to Swarm: services reach every port of each other",
            ),
            "container_name" => cx.dropped(
                key.span,
                "tasks get their names from Swarm",
                "reach the service by its own name",
            ),
            name if name.starts_with("x-") => cx.remark(key.span, "docker ignores it"),
            name => match order::ignored(name) {
                Some((reason, next)) => cx.dropped(key.span, reason, next),
                None => cx.invalid(
                    key.span,
                    "compose knows no such key",
                    "look how it is spelled; docker refuses it",
                ),
            },
        }
    }

    fn image(&mut self, cx: &mut Cx<'_>) {
        let found = self
            .map
            .entry("image")
            .filter(|(_, value)| !value.is_null());
        let text = found.and_then(|(key, value)| cx.key(key, |cx| cx.text(value)));
        if let (Some((key, _)), Some(text)) = (found, &text) {
            let text = text.trim();
            if is_open(text) || is_image(text) {
                self.push(Item::new("image", key.span).arg(text));
                return;
            }
        }
        let name = format!(
            "{}_IMAGE",
            self.key.value.to_uppercase().replace(['-', '.'], "_")
        );
        let span = self.key.span;
        let letter = crate::project::variable(cx, &name, span, false);
        if let Some(letter) = letter {
            cx.near(
                span,
                match &text {
                    None => "there is no `image`; a parameter says which it is".to_owned(),
                    Some(text) => format!("`{text}` names no image; a parameter says which it is"),
                },
                "build the image, and give the parameter its name as a default",
            );
            self.push(Item::new("image", span).arg(letter.to_string()));
        }
    }

    /// A command as a list, or as a line that docker splits into words.
    fn words(&mut self, cx: &mut Cx<'_>, word: &str, key: &At<String>, value: &Yaml) {
        let words = match &value.value {
            Value::Null => return,
            Value::Scalar(_) => {
                let Some(text) = cx.text(value) else { return };
                let Some(words) = words::split(&text) else {
                    cx.invalid(
                        key.span,
                        "a quote in it is never closed",
                        "mend it: docker refuses it",
                    );
                    return;
                };
                words
            }
            Value::List(_) | Value::Map(_) => {
                cx.texts(value).into_iter().map(|at| at.value).collect()
            }
        };
        if words.is_empty() {
            cx.remark(key.span, "it is empty, so the image's own counts");
            return;
        }
        self.push(Item::new(word, key.span).args(words));
    }

    fn scalar(&mut self, cx: &mut Cx<'_>, word: &str, key: &At<String>, value: &Yaml) {
        if value.is_null() {
            return;
        }
        let text = if word == "user" {
            cx.spelled(value)
        } else {
            cx.text(value)
        };
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.push(Item::new(word, key.span).arg(text));
        }
    }

    fn flag(&mut self, cx: &mut Cx<'_>, word: &str, key: &At<String>, value: &Yaml) {
        match cx.flag(value) {
            Some(true) => self.push(Item::new(word, key.span)),
            Some(false) if word == "init" => self.push(Item::new(word, key.span).bare("#false")),
            Some(false) | None => {}
        }
    }

    fn number(&mut self, cx: &mut Cx<'_>, word: &str, key: &At<String>, value: &Yaml) {
        let number = cx
            .text(value)
            .and_then(|text| cx.typed(&text, value.span, "int", words::signed));
        if let Some(number) = number {
            self.push(Item::new(word, key.span).bare(number));
        }
    }

    /// A property of a block, with a unit.
    pub(crate) fn quantity(
        &mut self,
        cx: &mut Cx<'_>,
        block: &str,
        word: &str,
        value: &Yaml,
        what: &'static str,
        spell: fn(&str) -> Option<String>,
    ) {
        let Some(text) = cx.spelled(value) else {
            return;
        };
        let ty = match what {
            "a duration" => "duration",
            "a size" => "bytes",
            "a share of processors" => "cpu",
            "a ratio" => "float",
            _ => "int",
        };
        let Some(spelled) = cx.typed(&text, value.span, ty, spell) else {
            return;
        };
        let child = self.child(block, value.span);
        let item = std::mem::replace(child, Item::made(""));
        *child = match ty {
            "duration" | "bytes" => item.prop(word, spelled),
            _ => item.bare_prop(word, spelled),
        };
    }

    pub(crate) fn prop(&mut self, cx: &mut Cx<'_>, block: &str, word: &str, value: &Yaml) {
        let Some(text) = cx.text(value) else { return };
        let child = self.child(block, value.span);
        let item = std::mem::replace(child, Item::made(""));
        *child = item.prop(word, text);
    }

    pub(crate) fn labels(&mut self, cx: &mut Cx<'_>, word: &str, key: &At<String>, value: &Yaml) {
        let pairs = cx.pairs(value);
        let kept = pairs.into_iter().filter_map(|(key, text)| {
            if key.value.starts_with("skep.") {
                cx.dropped(
                    key.span,
                    "labels under `skep.` are Skep's own",
                    "choose another name",
                );
                return None;
            }
            Some(Item::new(key.value, key.span).arg(text.unwrap_or_default()))
        });
        let all: Vec<Item> = kept.collect();
        if !all.is_empty() {
            self.push(Item::new(word, key.span).with(all));
        }
    }
}
