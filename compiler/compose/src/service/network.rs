//! Networks a service joins, and services it waits for.

use skep_schema::span::{At, Span};

use super::Service;
use crate::cx::Cx;
use crate::kdl::Item;
use crate::project::ENGINES;
use crate::yaml::{Map, Value, Yaml};

impl Service<'_> {
    pub(super) fn networks(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        let Some(map) = value.as_map() else {
            for at in cx.texts(value) {
                self.join(cx, &at, None);
            }
            return;
        };
        for (key, value) in &map.entries {
            self.join(cx, key, value.as_map());
        }
    }

    fn join(&mut self, cx: &mut Cx<'_>, key: &At<String>, settings: Option<&Map>) {
        let Some(name) = cx.literal(&key.value, key.span) else {
            return;
        };
        let declared = self.names.networks.get(&name).cloned();
        let Some(joined) = declared.or_else(|| (name == "default").then(|| name.clone())) else {
            cx.invalid(
                key.span,
                format!("nothing declares the network `{name}`, which docker refuses"),
                "declare it under `networks`",
            );
            return;
        };
        self.names.used.insert(("network", name.clone()));
        let joined = self
            .names
            .engine_networks
            .get(&name)
            .cloned()
            .unwrap_or(joined);
        let mut item = Item::new("network", key.span).arg(joined.clone());
        for (word, value) in settings.into_iter().flat_map(|map| &map.entries) {
            match word.value.as_str() {
                "aliases" if ENGINES.contains(&joined.as_str()) => {
                    cx.remark(word.span, "the engine's own network knows no aliases");
                }
                "aliases" => {
                    let own = &self.key.value;
                    let all = cx.texts(value).into_iter().map(|at| at.value);
                    let others: Vec<String> = all.filter(|alias| alias != own).collect();
                    if !others.is_empty() {
                        item = item.with([Item::new("alias", word.span).args(others)]);
                    }
                }
                "priority" | "gw_priority" => cx.remark(word.span, "says nothing to Swarm"),
                _ => cx.dropped(
                    word.span,
                    "Swarm gives services their addresses itself",
                    "reach the service by its name",
                ),
            }
        }
        self.push(item);
    }

    pub(super) fn needs(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        let all: Vec<(At<String>, Option<&Yaml>)> = match &value.value {
            Value::Map(map) => map
                .entries
                .iter()
                .map(|(key, value)| (key.clone(), Some(value)))
                .collect(),
            Value::Null | Value::Scalar(_) | Value::List(_) => {
                cx.texts(value).into_iter().map(|at| (at, None)).collect()
            }
        };
        for (key, settings) in all {
            self.need(cx, &key, settings);
        }
    }

    fn need(&mut self, cx: &mut Cx<'_>, key: &At<String>, settings: Option<&Yaml>) {
        let Some(name) = self.names.services.get(&key.value).cloned() else {
            cx.dropped(
                key.span,
                format!("there is no service `{}`", key.value),
                "look how it is spelled",
            );
            return;
        };
        if self.waits_for(&key.value) {
            cx.dropped(
                key.span,
                "the services wait for each other in a circle",
                "take one of them away",
            );
            return;
        }
        let condition = settings
            .and_then(Yaml::as_map)
            .and_then(|map| map.get("condition"));
        let condition = condition.and_then(|value| cx.text(value));
        let when = match condition.as_deref() {
            Some("service_healthy") if self.has_health(&key.value) => Some("healthy"),
            Some("service_healthy") => {
                Self::no_health(cx, key.span);
                None
            }
            Some("service_completed_successfully") => {
                cx.near(
                    key.span,
                    "an apply waits until it has started, and not until it has ended",
                    "write mode=once there, and when=complete here",
                );
                None
            }
            Some(_) | None => None,
        };
        let item = Item::new("needs", key.span).arg(name);
        self.push(match when {
            Some(when) => item.bare_prop("when", when),
            None => item,
        });
    }

    fn no_health(cx: &mut Cx<'_>, span: Span) {
        cx.near(
            span,
            "the service has no `healthcheck` in the file, so an apply waits until it has started",
            "write a `health` block there, and when=healthy here",
        );
    }

    fn has_health(&self, name: &str) -> bool {
        let service = self.others.get(name).and_then(Yaml::as_map);
        let health = service
            .and_then(|map| map.get("healthcheck"))
            .and_then(Yaml::as_map);
        health.is_some_and(|map| map.get("test").is_some() && map.get("disable").is_none())
    }

    /// Whether another service waits for this one, by itself or through others.
    fn waits_for(&self, other: &str) -> bool {
        let mut seen = std::collections::BTreeSet::new();
        let mut open = vec![other.to_owned()];
        while let Some(name) = open.pop() {
            if name == self.key.value {
                return true;
            }
            if seen.insert(name.clone()) {
                let service = self.others.get(&name).and_then(Yaml::as_map);
                open.extend(needed(service.and_then(|map| map.get("depends_on"))));
            }
        }
        false
    }
}

fn needed(value: Option<&Yaml>) -> Vec<String> {
    match value.map(|yaml| &yaml.value) {
        Some(Value::Map(map)) => map
            .entries
            .iter()
            .map(|(key, _)| key.value.clone())
            .collect(),
        Some(Value::List(items)) => {
            let texts = items.iter().filter_map(|item| match &item.value {
                Value::Scalar(scalar) => Some(scalar.text.clone()),
                Value::Null | Value::List(_) | Value::Map(_) => None,
            });
            texts.collect()
        }
        Some(Value::Scalar(scalar)) => vec![scalar.text.clone()],
        Some(Value::Null) | None => Vec::new(),
    }
}
