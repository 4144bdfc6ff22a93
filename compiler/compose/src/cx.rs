//! What an import gathers on its way: findings, variables, files that are missing.

use std::collections::{BTreeMap, BTreeSet};

use skep_compiler::source::File;
use skep_schema::import::Grade;
use skep_schema::span::{At, Span};

use crate::Request;
use crate::variables::{Remarks, Variables, alone, is_open, letters};
use crate::yaml::{Map, Scalar, Value, Yaml, plain_text};

/// A finding with its place still in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) key: String,
    pub(crate) span: Span,
    pub(crate) grade: Grade,
    pub(crate) reason: String,
    pub(crate) next: String,
    pub(crate) fault: Option<Fault>,
}

/// Why there can be no plan of what was found, as long as it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Docker would not deploy the file.
    Invalid,
    /// A variable has no value.
    Unset,
}

pub(crate) struct Cx<'r> {
    pub(crate) request: &'r Request,
    /// The stack's name.
    pub(crate) stack: String,
    pub(crate) found: Vec<Found>,
    pub(crate) variables: Variables,
    pub(crate) wanted: BTreeSet<String>,
    /// Files of the project by their path in it, and where they come from.
    pub(crate) copies: BTreeMap<String, String>,
    /// Folders of files of YAML, relative to the project, by the number of the file.
    pub(crate) folders: BTreeMap<skep_schema::span::FileId, String>,
    /// The letters for folders that only whoever deploys knows.
    pub(crate) places: BTreeMap<&'static str, char>,
    /// Services whose labels the compiler refuses as routes, and why.
    pub(crate) unroutable: BTreeMap<String, String>,
    path: Vec<String>,
}

impl<'r> Cx<'r> {
    pub(crate) fn new(request: &'r Request) -> Self {
        Self {
            request,
            stack: String::new(),
            found: Vec::new(),
            variables: Variables::new(request.variables.clone()),
            wanted: BTreeSet::new(),
            copies: BTreeMap::new(),
            folders: BTreeMap::new(),
            places: BTreeMap::new(),
            unroutable: BTreeMap::new(),
            path: Vec::new(),
        }
    }

    /// Does something with a key; unless it says otherwise, what became of it is exact.
    pub(crate) fn key<T>(&mut self, key: &At<String>, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.value.clone());
        let before = self.found.len();
        let done = work(self);
        if self.found.len() == before {
            self.find(key.span, Grade::Exact, "", "");
        }
        self.path.pop();
        done
    }

    /// The same for a key that has keys of its own, of which each is told.
    pub(crate) fn inside<T>(&mut self, key: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key.to_owned());
        let done = work(self);
        self.path.pop();
        done
    }

    fn find(&mut self, span: Span, grade: Grade, reason: &str, next: &str) {
        self.found.push(Found {
            key: self.variables.spelled(&self.path.join(".")),
            span,
            grade,
            reason: self.variables.spelled(reason),
            next: self.variables.spelled(next),
            fault: None,
        });
    }

    /// It is all there, and something is to be said of it.
    pub(crate) fn remark(&mut self, span: Span, reason: impl AsRef<str>) {
        self.find(span, Grade::Exact, reason.as_ref(), "");
    }

    pub(crate) fn near(&mut self, span: Span, reason: impl AsRef<str>, next: impl AsRef<str>) {
        self.find(span, Grade::Approximated, reason.as_ref(), next.as_ref());
    }

    pub(crate) fn dropped(&mut self, span: Span, reason: impl AsRef<str>, next: impl AsRef<str>) {
        self.find(span, Grade::Dropped, reason.as_ref(), next.as_ref());
    }

    /// It is not there, and docker refuses the file for it.
    pub(crate) fn invalid(&mut self, span: Span, reason: impl AsRef<str>, next: impl AsRef<str>) {
        self.dropped(span, reason, next);
        self.fault(Fault::Invalid);
    }

    /// What was found last is at fault.
    fn fault(&mut self, fault: Fault) {
        if let Some(found) = self.found.last_mut() {
            found.fault = Some(fault);
        }
    }

    fn wrong(&mut self, yaml: &Yaml, wanted: &str) {
        let reason = format!("{wanted} is wanted here, and this is {}", yaml.describe());
        self.invalid(
            yaml.span,
            reason,
            "mend it: docker refuses the file as well",
        );
    }

    /// The text of a single value.
    pub(crate) fn text(&mut self, yaml: &Yaml) -> Option<String> {
        match &yaml.value {
            Value::Scalar(scalar) => Some(text_of(scalar)),
            Value::Null | Value::List(_) | Value::Map(_) => {
                self.wrong(yaml, "a single value");
                None
            }
        }
    }

    /// The text as it is spelled, where numbers mean something else than themselves.
    pub(crate) fn spelled(&mut self, yaml: &Yaml) -> Option<String> {
        match &yaml.value {
            Value::Scalar(scalar) => Some(scalar.text.clone()),
            Value::Null | Value::List(_) | Value::Map(_) => {
                self.wrong(yaml, "a single value");
                None
            }
        }
    }

    /// A boolean in any spelling of YAML 1.1.
    pub(crate) fn flag(&mut self, yaml: &Yaml) -> Option<bool> {
        let text = self.spelled(yaml)?;
        let text = self.literal(&text, yaml.span)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "y" => Some(true),
            "false" | "no" | "off" | "n" | "" => Some(false),
            _ => {
                self.wrong(yaml, "a boolean");
                None
            }
        }
    }

    /// A list of texts, for which a single one may stand.
    pub(crate) fn texts(&mut self, yaml: &Yaml) -> Vec<At<String>> {
        match &yaml.value {
            Value::Null => Vec::new(),
            Value::Scalar(scalar) => vec![At::new(text_of(scalar), yaml.span)],
            Value::List(items) => {
                let texts = items.iter().filter(|item| !item.is_null());
                let read = texts.filter_map(|item| Some(At::new(self.text(item)?, item.span)));
                read.collect()
            }
            Value::Map(_) => {
                self.wrong(yaml, "a list");
                Vec::new()
            }
        }
    }

    pub(crate) fn map<'y>(&mut self, yaml: &'y Yaml) -> Option<&'y Map> {
        match &yaml.value {
            Value::Map(map) => Some(map),
            Value::Null => None,
            Value::Scalar(_) | Value::List(_) => {
                self.wrong(yaml, "a map");
                None
            }
        }
    }

    /// Keys and values of a map, or of a list of `key=value`. A key alone has no value.
    pub(crate) fn pairs(&mut self, yaml: &Yaml) -> Vec<(At<String>, Option<String>)> {
        let mut pairs: Vec<(At<String>, Option<String>)> = Vec::new();
        match &yaml.value {
            Value::Null => {}
            Value::Scalar(_) => self.wrong(yaml, "a map or a list"),
            Value::Map(map) => {
                for (key, value) in &map.entries {
                    let text = if value.is_null() {
                        None
                    } else {
                        self.text(value)
                    };
                    if value.is_null() || text.is_some() {
                        pairs.push((key.clone(), text));
                    }
                }
            }
            Value::List(items) => {
                for item in items.iter().filter(|item| !item.is_null()) {
                    let Some(text) = self.text(item) else {
                        continue;
                    };
                    let (key, value) = match text.split_once('=') {
                        Some((key, value)) => (key, Some(value.to_owned())),
                        None => (text.as_str(), None),
                    };
                    // A key of KDL is as it is written.
                    if let Some(key) = self.literal(key, item.span) {
                        pairs.push((At::new(key, item.span), value));
                    }
                }
            }
        }
        self.once(pairs)
    }

    /// The last of several values of one key.
    fn once(
        &mut self,
        pairs: Vec<(At<String>, Option<String>)>,
    ) -> Vec<(At<String>, Option<String>)> {
        let mut kept: Vec<(At<String>, Option<String>)> = Vec::new();
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        for (key, value) in pairs {
            let Some(first) = index.get(&key.value).map(|at| &mut kept[*at]) else {
                index.insert(key.value.clone(), kept.len());
                kept.push((key, value));
                continue;
            };
            let same = first.1 == value;
            first.1 = value;
            let said = format!("`{}` is written twice, which docker refuses", key.value);
            if same {
                self.near(
                    key.span,
                    format!("{said}; it is here once"),
                    "take one of them away",
                );
            } else {
                self.near(
                    key.span,
                    format!("{said}; here the last one counts"),
                    "keep one of them",
                );
            }
        }
        kept
    }

    /// The text without variables, where the language cannot take any: what they are now.
    pub(crate) fn literal(&mut self, text: &str, span: Span) -> Option<String> {
        if !is_open(text) {
            return Some(text.to_owned());
        }
        let names: Vec<String> = letters(text)
            .filter_map(|letter| self.variables.used(letter))
            .map(|used| format!("`{}`", used.name))
            .collect();
        let names = names.join(", ");
        if let Some(literal) = self.variables.literal(text) {
            self.near(
                span,
                format!(
                    "no parameter can stand here, so the value that {names} has now is written"
                ),
                "change it here where the variable would have changed it",
            );
            return Some(literal);
        }
        let (reason, next) = if self.request.purpose.is_source() {
            (
                format!("{names} has no value, and `-p` cannot give one here"),
                format!(
                    "give {names} a value in `.env` beside the file, or in a file for --env-file"
                ),
            )
        } else {
            (
                format!("no parameter can stand here, and {names} has no value"),
                "give it one with --env-file and import again".to_owned(),
            )
        };
        self.dropped(span, reason, next);
        self.fault(Fault::Unset);
        None
    }

    /// The text without variables where one of them holds what parts are split at.
    pub(crate) fn splittable(&mut self, text: &str, at: char, span: Span) -> Option<String> {
        let holds = |letter| {
            let used = self.variables.used(letter);
            let value = used.and_then(|used| self.variables.value(used));
            value.is_some_and(|value| value.contains(at))
        };
        if letters(text).any(holds) {
            return self.literal(text, span);
        }
        Some(text.to_owned())
    }

    /// A value with a unit or of a type, in the language's spelling; a variable that is all there is
    /// stays one, and its default is spelled so.
    pub(crate) fn typed(
        &mut self,
        text: &str,
        span: Span,
        ty: &'static str,
        spell: impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        if let Some(letter) = alone(text) {
            let used = self.variables.used(letter)?.clone();
            let value = self.variables.value(&used);
            let shown = match value.as_deref() {
                Some(value) => Some(self.spelt(value, span, ty, &spell)?),
                None => None,
            };
            let used = self.variables.used_mut(letter)?;
            // A range of ports is a text, which no type of a parameter has.
            let range = shown.as_deref().and_then(|shown| shown.strip_prefix('"'));
            used.ty = range.is_none().then_some(ty);
            used.shown = match range {
                Some(range) => Some(range.trim_end_matches('"').to_owned()),
                None => shown,
            };
            return Some(text.to_owned());
        }
        let text = self.literal(text, span)?;
        self.spelt(&text, span, ty, &spell)
    }

    fn spelt(
        &mut self,
        text: &str,
        span: Span,
        ty: &str,
        spell: &impl Fn(&str) -> Option<String>,
    ) -> Option<String> {
        let spelled = spell(text.trim());
        if spelled.is_none() {
            self.invalid(
                span,
                format!("`{text}` cannot be read as {ty}"),
                "mend it: docker refuses it as well",
            );
        }
        spelled
    }

    /// The file's text with variables filled in; what is odd about them is told.
    pub(crate) fn fill(&mut self, yaml: &mut Yaml) {
        let mut odd: Vec<(Span, Remarks)> = Vec::new();
        let variables = &mut self.variables;
        yaml.each_text(&mut |span, scalar: &mut Scalar| {
            let mut remarks = Remarks::default();
            scalar.text = variables.fill(&scalar.text, span, &mut remarks);
            if remarks.stray || remarks.full || !remarks.decided.is_empty() {
                odd.push((span, remarks));
            }
        });
        for (span, remarks) in odd {
            self.inside("variables", |cx| cx.tell(span, &remarks));
        }
    }

    fn tell(&mut self, span: Span, remarks: &Remarks) {
        if remarks.stray {
            self.near(
                span,
                "a `$` that begins no variable, which docker refuses; here it is a `$`",
                "write `$$` for a `$`",
            );
        }
        if remarks.full {
            self.dropped(
                span,
                "too many variables for one import",
                "import fewer files at a time",
            );
        }
        for name in &remarks.decided {
            self.near(
                span,
                format!("no parameter can say `${{{name}:+..}}`; it is as `{name}` is now"),
                "write the value that is meant",
            );
        }
    }

    /// A file beside the compose file; nothing as long as it was not read.
    pub(crate) fn file(&mut self, path: &str) -> Option<&'r File> {
        let found = self.request.files.get(path);
        if found.is_none() {
            self.wanted.insert(path.to_owned());
        }
        found
    }

    /// The folder that paths in a value begin at.
    pub(crate) fn folder(&self, span: Span) -> &str {
        self.folders.get(&span.file).map_or("", String::as_str)
    }
}

/// What docker makes of a value where it wants a text.
fn text_of(scalar: &Scalar) -> String {
    if scalar.plain && !is_open(&scalar.text) {
        plain_text(&scalar.text)
    } else {
        scalar.text.clone()
    }
}
