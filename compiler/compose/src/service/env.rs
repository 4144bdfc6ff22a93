//! Environment variables of a service.

use skep_compiler::source::{File, Hidden};
use skep_schema::span::{At, Span};

use super::Service;
use crate::cx::Cx;
use crate::kdl::{Item, Word};
use crate::load::{Line, lines};
use crate::names;
use crate::path;
use crate::project::{TakenOut, is_there, kept, variable};
use crate::secret::{in_clear, looks_secret};
use crate::variables::{is_open, letters};
use crate::yaml::{Value, Yaml};

impl Service<'_> {
    pub(super) fn environment(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        let mut all = Vec::new();
        for (key, text) in cx.pairs(value) {
            if let Some(word) = self.variable(cx, &key, text) {
                all.push(Item::new(key.value, key.span).entry(None, word));
            }
        }
        if !all.is_empty() {
            self.add_env(key.span, all);
        }
    }

    /// What is written in the service wins over what a file of variables brought.
    fn add_env(&mut self, span: Span, all: Vec<Item>) {
        let env = self.child("env", span);
        for item in all {
            env.children.retain(|there| there.name != item.name);
            env.children.push(item);
        }
    }

    /// The value as a word of KDL: nothing that looks like a secret is written out.
    fn variable(
        &mut self,
        cx: &mut Cx<'_>,
        key: &At<String>,
        text: Option<String>,
    ) -> Option<Word> {
        let Some(text) = text else {
            let letter = variable(cx, &key.value, key.span, !looks_secret(&key.value))?;
            mark_secrets(cx, &key.value, &letter.to_string());
            return Some(Word::Text(letter.to_string()));
        };
        if is_open(&text) {
            mark_secrets(cx, &key.value, &text);
            return Some(Word::Text(text));
        }
        if in_clear(&key.value, &text) {
            return Some(self.taken_out(cx, key, text));
        }
        Some(Word::Text(text))
    }

    /// A secret in the place of a value that stood in clear.
    fn taken_out(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: String) -> Word {
        let service = self.names.services.get(&self.key.value).cloned();
        let plain = names::kebab(&key.value);
        let name = names::fitting(&format!("{}-{plain}", service.unwrap_or_default()));
        let mut taken: std::collections::BTreeSet<String> =
            self.names.secrets.values().cloned().collect();
        taken.extend(self.names.taken_out.keys().cloned());
        let name = names::free(&name, &mut taken);
        let variable = name.to_uppercase().replace('-', "_");
        tell(cx, &name, &variable, key.span);
        let span = key.span;
        self.names.taken_out.insert(
            name.clone(),
            TakenOut {
                variable,
                span,
                value: Some(Hidden::new(value)),
            },
        );
        Word::Secret(name)
    }

    pub(super) fn env_file(&mut self, cx: &mut Cx<'_>, value: &Yaml) {
        let items = match &value.value {
            Value::List(items) => items.as_slice(),
            Value::Null | Value::Scalar(_) | Value::Map(_) => std::slice::from_ref(value),
        };
        for item in items {
            let path = match item.as_map() {
                Some(map) => {
                    let path = map.get("path");
                    if path.is_none() {
                        cx.invalid(
                            item.span,
                            "it does not say its `path`",
                            "mend it: docker refuses it",
                        );
                    }
                    path.and_then(|path| cx.text(path))
                }
                None => cx.text(item),
            };
            let path = path.and_then(|path| cx.literal(&path, item.span));
            if let Some(path) = path {
                let path = path::join(cx.folder(item.span), &path);
                self.variables_of(cx, &path, item.span);
            }
        }
    }

    fn variables_of(&mut self, cx: &mut Cx<'_>, path: &str, span: Span) {
        match is_there(cx, path) {
            None => return,
            Some(true) => {}
            Some(false) => {
                cx.invalid(
                    span,
                    format!("`{path}` is not there, so its variables are missing"),
                    format!(
                        "put it into the project and write env-file \"{}\"",
                        path.rsplit('/').next().unwrap_or(path)
                    ),
                );
                return;
            }
        }
        let Some(text) = content(cx, path) else {
            cx.dropped(
                span,
                format!("`{path}` is not text"),
                "write its variables into `env`",
            );
            return;
        };
        let all = lines(&text);
        if is_plain(&all) {
            let file = kept(cx, path);
            self.push(Item::new("env-file", span).arg(file));
            return;
        }
        self.write_out(cx, path, span, all);
    }

    /// The variables of a file that dialects read differently, or that holds secrets.
    fn write_out(&mut self, cx: &mut Cx<'_>, path: &str, span: Span, all: Vec<Line>) {
        cx.near(
            span,
            format!("`{path}` holds secrets, or lines that are read in several ways; its variables stand in `env`"),
            "look whether they say what is meant",
        );
        let mut items = Vec::new();
        for line in all {
            let key = At::new(line.key, span);
            if let Some(word) = self.variable(cx, &key, line.value) {
                items.push(Item::new(key.value, span).entry(None, word));
            }
        }
        let own: Vec<String> = self
            .item
            .children
            .iter()
            .filter(|child| child.name == "env")
            .flat_map(|env| &env.children)
            .map(|item| item.name.clone())
            .collect();
        items.retain(|item| !own.contains(&item.name));
        if !items.is_empty() {
            let env = self.child("env", span);
            items.append(&mut env.children);
            env.children = items;
        }
    }
}

/// Says what became of a secret that stands in clear.
fn tell(cx: &mut Cx<'_>, name: &str, variable: &str, span: Span) {
    let what = format!("a secret stands here in clear; it is `secret.{name}` now");
    let new = "choose a new one: this one was readable";
    if cx.request.purpose.is_source() {
        let next = format!("{new}, and take it from the variable {variable}");
        cx.near(span, format!("{what}, and its value is in no plan"), next);
    } else {
        let next = format!("set {variable} to the value where `skep apply` runs, and {new}");
        cx.near(span, format!("{what}, and its value is in no file"), next);
    }
}

/// Whether every reader sees the same variables in a file, and none of them is a secret.
fn is_plain(all: &[Line]) -> bool {
    let mut keys = std::collections::BTreeSet::new();
    all.iter().all(|line| {
        let value = line.value.as_deref().unwrap_or_default();
        line.simple && !in_clear(&line.key, value) && keys.insert(line.key.as_str())
    })
}

fn content(cx: &mut Cx<'_>, path: &str) -> Option<String> {
    match cx.file(path)? {
        File::Bytes(bytes) => String::from_utf8(bytes.to_vec()).ok(),
        File::Absent | File::Unreadable(_) => None,
    }
}

/// Variables in a value that is secret are secrets.
fn mark_secrets(cx: &mut Cx<'_>, key: &str, text: &str) {
    let found: Vec<char> = letters(text).collect();
    for letter in found {
        if let Some(used) = cx.variables.used_mut(letter) {
            used.secret |= looks_secret(key) || looks_secret(&used.name);
        }
    }
}
