//! What the kernel and the engine give a container.

use skep_schema::span::At;

use super::Service;
use crate::cx::Cx;
use crate::kdl::Item;
use crate::words;
use crate::yaml::{Value, Yaml};

impl Service<'_> {
    pub(super) fn logging(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        let Some(map) = cx.map(value) else { return };
        let driver = map.get("driver").filter(|driver| !driver.is_null());
        let driver = driver.and_then(|driver| cx.text(driver));
        let options = map
            .get("options")
            .map(|options| cx.pairs(options))
            .unwrap_or_default();
        if driver.is_none() && options.is_empty() {
            return;
        }
        let all = options
            .into_iter()
            .map(|(key, text)| Item::new(key.value, key.span).arg(text.unwrap_or_default()));
        let all: Vec<Item> = all.collect();
        let mut log = Item::new("log", key.span);
        if let Some(driver) = driver {
            log = log.arg(driver);
        }
        if !all.is_empty() {
            log = log.with([Item::new("option", key.span).with(all)]);
        }
        self.push(log);
    }

    pub(super) fn hosts(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        let mut lines = Vec::new();
        match &value.value {
            Value::Map(map) => {
                for (key, value) in &map.entries {
                    lines.extend(
                        cx.texts(value)
                            .into_iter()
                            .map(|at| (key.value.clone(), at)),
                    );
                }
            }
            Value::Null | Value::Scalar(_) | Value::List(_) => {
                for at in cx.texts(value) {
                    let whole = at.value.contains(['=', ':']);
                    let text = if whole {
                        Some(at.value.clone())
                    } else {
                        cx.literal(&at.value, at.span)
                    };
                    let Some(text) = text else { continue };
                    let at = At::new(text, at.span);
                    let split = at
                        .value
                        .split_once(['=', ':'])
                        .map(|(name, ip)| (name.to_owned(), ip.to_owned()));
                    match split {
                        Some((name, ip)) => lines.push((name, At::new(ip, at.span))),
                        None => cx.invalid(
                            at.span,
                            "it is not NAME:ADDRESS, so docker leaves it out",
                            "mend it: docker refuses it",
                        ),
                    }
                }
            }
        }
        for (name, at) in lines {
            let ip = at.value.trim_start_matches('[').trim_end_matches(']');
            if ip == "host-gateway" {
                cx.dropped(
                    at.span,
                    "Swarm knows no `host-gateway`",
                    "write the address of the machine",
                );
                continue;
            }
            let item = Item::new("host", at.span).arg(name).arg(ip);
            if !self
                .item
                .children
                .iter()
                .any(|there| there.name == "host" && there.entries == item.entries)
            {
                self.push(item);
            }
        }
    }

    /// Texts in a block: each a child of its own where one follows the other.
    pub(super) fn listed(
        &mut self,
        cx: &mut Cx<'_>,
        block: &str,
        word: &str,
        key: &At<String>,
        value: &Yaml,
    ) {
        let texts: Vec<String> = cx.texts(value).into_iter().map(|at| at.value).collect();
        if !texts.is_empty() {
            let item = Item::new(word, key.span).args(texts);
            self.child(block, key.span).children.push(item);
        }
    }

    pub(super) fn resolver(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        let all: Vec<Item> = cx
            .texts(value)
            .into_iter()
            .map(|at| match at.value.split_once(':') {
                Some((name, value)) => Item::new(name, at.span).arg(value),
                None => Item::new(at.value, at.span).bare("#true"),
            })
            .collect();
        if !all.is_empty() {
            let item = Item::new("option", key.span).with(all);
            self.child("dns", key.span).children.push(item);
        }
    }

    pub(super) fn sysctls(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        let all = cx.pairs(value).into_iter();
        let all =
            all.map(|(key, text)| Item::new(key.value, key.span).arg(text.unwrap_or_default()));
        let all: Vec<Item> = all.collect();
        if !all.is_empty() {
            self.push(Item::new("sysctl", key.span).with(all));
        }
    }

    pub(super) fn ulimits(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        let Some(map) = cx.map(value) else { return };
        for (key, value) in &map.entries {
            let mut item = Item::new("ulimit", key.span).arg(key.value.clone());
            if let Some(both) = value.as_map() {
                for (word, value) in &both.entries {
                    let number = cx
                        .spelled(value)
                        .and_then(|text| cx.typed(&text, value.span, "int", words::signed));
                    if let Some(number) = number {
                        item = item.bare_prop(&word.value, number);
                    }
                }
            } else {
                let number = cx
                    .spelled(value)
                    .and_then(|text| cx.typed(&text, value.span, "int", words::signed));
                let Some(number) = number else { continue };
                item = item.bare_prop("hard", number);
            }
            self.push(item);
        }
    }

    pub(super) fn groups(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        let texts: Vec<String> = cx.texts(value).into_iter().map(|at| at.value).collect();
        if !texts.is_empty() {
            self.push(Item::new("groups", key.span).args(texts));
        }
    }

    pub(super) fn credentials(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        let Some(map) = cx.map(value) else { return };
        for (word, value) in &map.entries {
            if let Some(text) = cx.text(value) {
                let item = Item::new("credential-spec", key.span).prop(&word.value, text);
                self.child("security", key.span).children.push(item);
            }
        }
    }

    pub(super) fn platform(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        if let Some(text) = cx.text(value) {
            let item = Item::new("platform", key.span).arg(text);
            self.child("placement", key.span).children.push(item);
        }
    }

    pub(super) fn security(cx: &mut Cx<'_>, value: &Yaml) {
        for at in cx.texts(value) {
            let next = match at.value.split(['=', ':']).next() {
                Some("no-new-privileges") => "write security { no-new-privileges }",
                Some("seccomp") => "write security { seccomp \"..\" }",
                Some("apparmor") => {
                    "write security { apparmor disabled }, or leave the profile to the nodes"
                }
                Some("label") => "write security { selinux .. }",
                Some(_) | None => "look for it under `security`",
            };
            cx.dropped(
                at.span,
                format!("`docker stack deploy` ignores `{}`", at.value),
                next,
            );
        }
    }
}
