//! The `deploy` block, and what stands for parts of it outside.

use skep_schema::span::At;

use super::Service;
use crate::cx::Cx;
use crate::kdl::Item;
use crate::words;
use crate::yaml::Yaml;

impl Service<'_> {
    pub(super) fn deploy(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        let Some(map) = cx.map(value) else { return };
        for (key, value) in &map.entries {
            cx.key(key, |cx| match key.value.as_str() {
                "mode" => self.mode(cx, key, value),
                "replicas" => self.replicas(cx, key, value),
                "labels" => self.labels(cx, "labels", key, value),
                "endpoint_mode" => {
                    if let Some(mode) = cx.text(value).filter(|mode| mode != "vip") {
                        self.push(Item::new("endpoint", key.span).arg(mode));
                    }
                }
                "update_config" => self.rollout(cx, "update", key, value),
                "rollback_config" => self.rollout(cx, "rollback", key, value),
                "restart_policy" => self.restart_policy(cx, key, value),
                "resources" => self.resources(cx, value),
                "placement" => self.placement(cx, value),
                _ => cx.dropped(
                    key.span,
                    "`deploy` knows no such key",
                    "look how it is spelled",
                ),
            });
        }
    }

    fn mode(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        let Some(mode) = cx
            .text(value)
            .and_then(|text| cx.literal(&text, value.span))
        else {
            return;
        };
        let item = std::mem::replace(&mut self.item, Item::made(""));
        self.item = match mode.as_str() {
            "global" => item.bare_prop("mode", "global"),
            "replicated-job" | "global-job" => {
                cx.near(key.span, "jobs of Swarm are services with mode=once here: run to their end, again only when they change", "look at how often it has to run");
                self.once = true;
                item.bare_prop("mode", "once")
            }
            "replicated" => item,
            other => {
                cx.invalid(
                    value.span,
                    format!("there is no mode `{other}`"),
                    "mend it: docker refuses it",
                );
                item
            }
        };
    }

    pub(super) fn replicas(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        let number = cx
            .spelled(value)
            .and_then(|text| cx.typed(&text, value.span, "int", words::whole));
        let Some(number) = number else { return };
        if self.is_global() {
            cx.remark(key.span, "docker ignores it beside `mode: global`");
        } else if key.value == "scale" && self.item.entries.iter().any(|entry| entry.key.is_some())
        {
            cx.remark(key.span, "`deploy.replicas` counts");
        } else if number != "1" {
            let item = std::mem::replace(&mut self.item, Item::made(""));
            self.item = item.bare_prop("replicas", number);
        }
    }

    fn is_global(&self) -> bool {
        let deploy = self.map.get("deploy").and_then(Yaml::as_map);
        let mode = deploy.and_then(|map| map.get("mode"));
        mode.is_some_and(|mode| matches!(&mode.value, crate::yaml::Value::Scalar(s) if s.text.starts_with("global")))
    }

    fn rollout(&mut self, cx: &mut Cx<'_>, block: &str, key: &At<String>, value: &Yaml) {
        let Some(map) = cx.map(value) else { return };
        self.child(block, key.span);
        for (word, value) in &map.entries {
            match word.value.as_str() {
                "parallelism" => {
                    self.quantity(cx, block, "parallelism", value, "a number", words::whole);
                }
                "delay" => self.quantity(cx, block, "delay", value, "a duration", words::time),
                "monitor" => self.quantity(cx, block, "monitor", value, "a duration", words::time),
                "max_failure_ratio" => self.quantity(
                    cx,
                    block,
                    "max-failure-ratio",
                    value,
                    "a ratio",
                    words::ratio,
                ),
                "failure_action" => self.prop(cx, block, "on-failure", value),
                "order" => self.prop(cx, block, "order", value),
                _ => cx.dropped(
                    word.span,
                    "an update has no such setting",
                    "look how it is spelled",
                ),
            }
        }
    }

    fn restart_policy(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        let Some(map) = cx.map(value) else { return };
        self.item.children.retain(|child| child.name != "restart");
        let condition = map
            .get("condition")
            .filter(|condition| !condition.is_null());
        let condition = condition.and_then(|condition| cx.text(condition));
        let item =
            Item::new("restart", key.span).arg(condition.unwrap_or_else(|| "any".to_owned()));
        self.push(item);
        for (word, value) in &map.entries {
            match word.value.as_str() {
                "condition" => {}
                "delay" => self.quantity(cx, "restart", "delay", value, "a duration", words::time),
                "window" => {
                    self.quantity(cx, "restart", "window", value, "a duration", words::time);
                }
                "max_attempts" => {
                    self.quantity(cx, "restart", "max", value, "a number", words::whole);
                }
                _ => cx.dropped(
                    word.span,
                    "a restart policy has no such setting",
                    "look how it is spelled",
                ),
            }
        }
    }

    /// The key of old, which counts where `deploy.restart_policy` does not stand.
    pub(super) fn restart(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        let Some(text) = cx
            .text(value)
            .and_then(|text| cx.literal(&text, value.span))
        else {
            return;
        };
        let deploy = self.map.get("deploy").and_then(Yaml::as_map);
        if deploy.is_some_and(|map| map.get("restart_policy").is_some()) {
            cx.remark(key.span, "`deploy.restart_policy` counts");
            return;
        }
        let (condition, most) = text.split_once(':').unwrap_or((&text, "0"));
        match condition {
            "always" | "unless-stopped" => {
                cx.remark(key.span, "tasks of Swarm are always started again");
            }
            "no" | "false" | "" => cx.remark(
                key.span,
                "`docker stack deploy` ignores it: tasks of Swarm are started again",
            ),
            "on-failure" => {
                let item = Item::new("restart", key.span).arg("on-failure");
                self.push(match words::whole(most).filter(|most| most != "0") {
                    Some(most) => item.bare_prop("max", most),
                    None => item,
                });
            }
            _ => cx.invalid(
                key.span,
                "there is no such restart policy",
                "mend it: docker refuses it",
            ),
        }
    }

    fn resources(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        let Some(map) = cx.map(value) else { return };
        for (key, value) in &map.entries {
            let block = match key.value.as_str() {
                "limits" => "limits",
                "reservations" => "reserve",
                _ => {
                    cx.dropped(
                        key.span,
                        "`resources` has `limits` and `reservations`",
                        "look how it is spelled",
                    );
                    continue;
                }
            };
            let Some(map) = cx.map(value) else { continue };
            for (word, value) in &map.entries {
                match word.value.as_str() {
                    "cpus" => {
                        self.quantity(cx, block, "cpu", value, "a share of processors", words::cpu);
                    }
                    "memory" => self.quantity(cx, block, "memory", value, "a size", words::size),
                    "pids" if block == "limits" => {
                        self.quantity(cx, block, "pids", value, "a number", words::whole);
                    }
                    "generic_resources" => self.generic(cx, value),
                    _ => cx.dropped(
                        word.span,
                        "Swarm has no such resource",
                        "advertise a generic resource of the nodes and reserve it",
                    ),
                }
            }
        }
    }

    fn generic(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        for item in value.as_list().into_iter().flatten() {
            let spec = item
                .as_map()
                .and_then(|map| map.get("discrete_resource_spec"))
                .and_then(Yaml::as_map);
            let (kind, number) = (
                spec.and_then(|spec| spec.get("kind")),
                spec.and_then(|spec| spec.get("value")),
            );
            let (Some(kind), Some(number)) = (kind, number) else {
                cx.invalid(
                    item.span,
                    "only discrete resources are known",
                    "mend it: docker refuses it",
                );
                continue;
            };
            let (Some(kind), Some(number)) = (cx.text(kind), cx.text(number)) else {
                continue;
            };
            let entry = Item::new(kind, item.span).arg(number);
            let reserve = self.child("reserve", value.span);
            match reserve
                .children
                .iter_mut()
                .find(|child| child.name == "generic")
            {
                Some(generic) => generic.children.push(entry),
                None => reserve
                    .children
                    .push(Item::new("generic", value.span).with([entry])),
            }
        }
    }

    fn placement(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        let Some(map) = cx.map(value) else { return };
        for (key, value) in &map.entries {
            match key.value.as_str() {
                "constraints" => {
                    let all: Vec<Item> = cx
                        .texts(value)
                        .into_iter()
                        .map(|at| Item::new("constraint", at.span).arg(tight(&at.value)))
                        .collect();
                    self.child("placement", key.span).children.extend(all);
                }
                "preferences" => self.preferences(cx, value),
                "max_replicas_per_node" => {
                    let number = cx
                        .spelled(value)
                        .and_then(|text| cx.typed(&text, value.span, "int", words::whole));
                    let item =
                        number.map(|number| Item::new("max-per-node", key.span).bare(number));
                    self.child("placement", key.span).children.extend(item);
                }
                _ => cx.dropped(
                    key.span,
                    "a placement has no such setting",
                    "look how it is spelled",
                ),
            }
        }
        self.item
            .children
            .retain(|child| child.name != "placement" || !child.children.is_empty());
    }

    fn preferences(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        for item in value.as_list().into_iter().flatten() {
            let spread = item.as_map().and_then(|map| map.get("spread"));
            match spread.and_then(|spread| cx.text(spread)) {
                Some(spread) => {
                    let spread = Item::new("spread", item.span).arg(spread);
                    self.child("placement", value.span).children.push(spread);
                }
                None => cx.invalid(
                    item.span,
                    "a preference is `spread: node.labels.NAME`",
                    "mend it: docker refuses it",
                ),
            }
        }
    }
}

/// A key as the language spells it: Swarm takes any case, but for the name of a label.
fn folded(key: &str) -> String {
    let labels = ["node.labels.", "engine.labels."];
    let lower = key.to_ascii_lowercase();
    match labels.iter().find(|start| lower.starts_with(**start)) {
        Some(start) => format!("{start}{}", &key[start.len()..]),
        None => lower,
    }
}

/// A constraint without the spaces that people put around its operator.
fn tight(text: &str) -> String {
    for operator in ["==", "!="] {
        if let Some((key, value)) = text.split_once(operator) {
            return format!("{}{operator}{}", folded(key.trim()), value.trim());
        }
    }
    text.to_owned()
}
