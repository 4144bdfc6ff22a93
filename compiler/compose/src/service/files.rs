//! Configs and secrets that a service sees as files.

use skep_schema::span::{At, Span};

use super::Service;
use crate::cx::Cx;
use crate::kdl::Item;
use crate::words;
use crate::yaml::{Map, Yaml};

impl Service<'_> {
    pub(super) fn files(&mut self, cx: &mut Cx<'_>, kind: &'static str, value: &Yaml) {
        for item in value.as_list().into_iter().flatten() {
            match item.as_map() {
                Some(map) => self.long(cx, kind, map, item.span),
                None => {
                    if let Some(text) = cx.text(item) {
                        self.file(cx, kind, &At::new(text, item.span), None);
                    }
                }
            }
        }
    }

    fn long(&mut self, cx: &mut Cx<'_>, kind: &'static str, map: &Map, span: Span) {
        let Some(source) = map.get("source").and_then(|source| cx.text(source)) else {
            cx.invalid(
                span,
                "it does not say its `source`",
                "mend it: docker refuses it",
            );
            return;
        };
        self.file(cx, kind, &At::new(source, span), Some(map));
    }

    fn file(&mut self, cx: &mut Cx<'_>, kind: &'static str, key: &At<String>, map: Option<&Map>) {
        let all = if kind == "config" {
            &self.names.configs
        } else {
            &self.names.secrets
        };
        let Some(name) = all.get(&key.value).cloned() else {
            cx.invalid(
                key.span,
                format!(
                    "nothing declares the {kind} `{}`, which docker refuses",
                    key.value
                ),
                format!("declare it under `{kind}s`"),
            );
            return;
        };
        let folder = if kind == "config" {
            "/"
        } else {
            "/run/secrets/"
        };
        let mut target = format!("{folder}{}", key.value);
        let mut more = Vec::new();
        for (word, value) in map.into_iter().flat_map(|map| &map.entries) {
            let Some(text) = cx.spelled(value) else {
                continue;
            };
            match word.value.as_str() {
                "source" => {}
                "target" if text.starts_with('/') => target = text,
                "target" => target = format!("{folder}{text}"),
                "uid" | "gid" => more.extend(
                    cx.typed(&text, value.span, "int", words::whole)
                        .map(|id| (word.value.clone(), id)),
                ),
                "mode" => more.extend(
                    cx.typed(&text, value.span, "mode", words::mode)
                        .map(|mode| ("mode".to_owned(), mode)),
                ),
                _ => cx.dropped(
                    word.span,
                    "a file has no such setting",
                    "look how it is spelled",
                ),
            }
        }
        let mut item = Item::new(kind, key.span).arg(name.clone());
        if target != format!("{folder}{name}") {
            item = item.prop("target", target);
        }
        for (word, bare) in more
            .into_iter()
            .filter(|(word, bare)| !is_usual(word, bare))
        {
            item = item.bare_prop(&word, bare);
        }
        self.push(item);
    }
}

/// What is so without being said.
fn is_usual(word: &str, bare: &str) -> bool {
    match word {
        "mode" => bare == "0o444",
        _ => bare == "0",
    }
}
