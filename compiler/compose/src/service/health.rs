//! Health checks.

use skep_schema::span::At;

use super::Service;
use crate::cx::Cx;
use crate::kdl::Item;
use crate::words;
use crate::yaml::{Value, Yaml};

impl Service<'_> {
    pub(super) fn health(&mut self, cx: &mut Cx<'_>, key: &At<String>, value: &Yaml) {
        let Some(map) = cx.map(value) else { return };
        let disabled = map.get("disable").and_then(|value| cx.flag(value)) == Some(true);
        let test = map.get("test").filter(|test| !test.is_null());
        let Some(test) = tested(cx, disabled, test) else {
            cx.dropped(
                key.span,
                "it changes times of a check that only the image has",
                "write the image's own check here as well",
            );
            return;
        };
        let off = test.name == "none";
        self.push(Item::new("health", key.span).with([test]));
        for (word, value) in map.entries.iter().filter(|_| !off) {
            match word.value.as_str() {
                "test" | "disable" => {}
                "interval" => self.watch(cx, "every", value),
                "timeout" => self.watch(cx, "timeout", value),
                "start_period" => self.watch(cx, "start", value),
                "start_interval" => self.watch(cx, "start-every", value),
                "retries" => {
                    let number = cx
                        .spelled(value)
                        .and_then(|text| cx.typed(&text, value.span, "int", words::whole));
                    let item = number.map(|number| Item::new("retries", word.span).bare(number));
                    self.child("health", key.span).children.extend(item);
                }
                _ => cx.dropped(
                    word.span,
                    "a health check has no such setting",
                    "look how it is spelled",
                ),
            }
        }
        if cx.request.adopt && !off {
            self.left_out(key);
        }
    }

    /// Times that are left out are the image's own, or else the engine's. A zero says so; without one
    /// the edition's are written into the service, which restarts it when it is taken over.
    fn left_out(&mut self, key: &At<String>) {
        let health = self.child("health", key.span);
        let said =
            |health: &Item, word: &str| health.children.iter().any(|child| child.name == word);
        let missing = [("every", "0s"), ("timeout", "0s"), ("retries", "0")];
        let mut first = true;
        for (word, zero) in missing {
            if said(health, word) {
                continue;
            }
            let mut item = match word {
                "retries" => Item::new(word, key.span).bare(zero),
                _ => Item::new(word, key.span).arg(zero),
            };
            if std::mem::take(&mut first) {
                let note = "Zero is what the image says, or else the engine: as it runs.";
                item.notes.push(note.to_owned());
            }
            health.children.push(item);
        }
    }

    fn watch(&mut self, cx: &mut Cx<'_>, word: &str, value: &Yaml) {
        let Some(text) = cx.spelled(value) else {
            return;
        };
        let time = cx.typed(&text, value.span, "duration", words::time);
        let item = time.map(|time| Item::new(word, value.span).arg(time));
        self.child("health", value.span).children.extend(item);
    }
}

/// The check itself: a program, a line for a shell, or none.
fn tested(cx: &mut Cx<'_>, disabled: bool, test: Option<&Yaml>) -> Option<Item> {
    if disabled {
        return Some(Item::made("none"));
    }
    let test = test?;
    if let Value::Scalar(_) = test.value {
        return Some(Item::new("shell", test.span).arg(cx.text(test)?));
    }
    let words: Vec<String> = cx.texts(test).into_iter().map(|at| at.value).collect();
    match words.split_first() {
        Some((first, _)) if first == "NONE" => Some(Item::new("none", test.span)),
        Some((first, [line])) if first == "CMD-SHELL" => {
            Some(Item::new("shell", test.span).arg(line.clone()))
        }
        Some((first, rest)) if first == "CMD" && !rest.is_empty() => {
            Some(Item::new("command", test.span).args(rest.to_vec()))
        }
        Some(_) | None => {
            cx.invalid(
                test.span,
                "a list begins with `CMD`, `CMD-SHELL` or `NONE`",
                "mend it: docker refuses it",
            );
            Some(Item::new("none", test.span))
        }
    }
}
