//! From files to one tree: includes, several files over each other, services that extend others.

mod extend;
mod merge;
mod variables;

use std::collections::BTreeMap;

use skep_compiler::source::File;
use skep_schema::span::{At, FileId, Sources, Span};

use crate::Purpose;
use crate::cx::Cx;
use crate::path;
use crate::variables::Variables;
use crate::yaml::{self, Map, Value, Yaml};
use merge::merge;
pub(crate) use variables::{Line, lines, variables};

/// How deep files may include each other.
const DEEPEST: usize = 16;

/// The trees of files, and why some of them cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Loader {
    pub(crate) sources: Sources,
    pub(crate) refused: Vec<Refused>,
    read: BTreeMap<String, Option<Map>>,
    open: Vec<String>,
}

/// Why a file cannot be read; nothing is made then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Loader {
    /// The one tree of all files of the request.
    pub(crate) fn load(&mut self, cx: &mut Cx<'_>) -> Map {
        let mut whole = Map::default();
        for path in &cx.request.compose.clone() {
            let folder = match cx.request.purpose {
                Purpose::Keep | Purpose::Project { .. } => "",
                Purpose::Part => path::folder(path),
            };
            if let Some(tree) = self.file(cx, path, Some(folder)) {
                let tree = self.complete(cx, path, tree);
                whole = merge(whole, tree);
            }
        }
        whole
    }

    /// A tree with what it includes, and with its services complete.
    fn complete(&mut self, cx: &mut Cx<'_>, path: &str, mut tree: Map) -> Map {
        if self.open.len() >= DEEPEST || self.open.iter().any(|open| open == path) {
            let span = tree.entries.first().map(|(key, _)| key.span);
            if let Some(span) = span {
                cx.dropped(
                    span,
                    "the files include each other in a circle",
                    "take one `include` away",
                );
            }
            return tree;
        }
        self.open.push(path.to_owned());
        self.extend_all(cx, path, &mut tree);
        let tree = match tree.take("include") {
            Some(include) => cx.inside("include", |cx| self.include(cx, &include, tree)),
            None => tree,
        };
        self.open.pop();
        tree
    }

    fn include(&mut self, cx: &mut Cx<'_>, include: &Yaml, tree: Map) -> Map {
        let items = match &include.value {
            Value::List(items) => items.as_slice(),
            Value::Null | Value::Scalar(_) | Value::Map(_) => std::slice::from_ref(include),
        };
        let mut whole = Map::default();
        for item in items {
            let (paths, folder) = included(cx, item);
            for written in paths {
                let path = path::join(cx.folder(written.span), &written.value);
                let folder = folder
                    .clone()
                    .unwrap_or_else(|| path::folder(&path).to_owned());
                let Some(part) = self.file(cx, &path, Some(&folder)) else {
                    Self::absent(cx, &path, written.span);
                    continue;
                };
                cx.remark(written.span, format!("`{path}` is part of the result"));
                let part = self.complete(cx, &path, part);
                whole = merge(whole, part);
            }
        }
        merge(whole, tree)
    }

    fn absent(cx: &mut Cx<'_>, path: &str, span: Span) {
        if cx.wanted.is_empty() {
            cx.invalid(
                span,
                format!("`{path}` cannot be read"),
                "put the file where it is looked for, and import again",
            );
        }
    }

    /// The tree of a file with its variables filled in; nothing where it is wanted or cannot be read.
    fn file(&mut self, cx: &mut Cx<'_>, path: &str, folder: Option<&str>) -> Option<Map> {
        if let Some(tree) = self.read.get(path) {
            return tree.clone();
        }
        let file = cx.file(path)?;
        let tree = self.parse(cx, path, file, folder.unwrap_or(path::folder(path)));
        self.read.insert(path.to_owned(), tree.clone());
        tree
    }

    fn parse(&mut self, cx: &mut Cx<'_>, path: &str, file: &File, folder: &str) -> Option<Map> {
        let main = cx.request.compose.iter().any(|one| one == path);
        let text = match text_of(file) {
            Ok(text) => text,
            Err(reason) => {
                if main {
                    let file = self.sources.add(path, "");
                    self.refuse(yaml::start_of(file), reason, "name a file that is there");
                }
                return None;
            }
        };
        let file = self.sources.add(path, text.as_str());
        cx.folders.insert(file, folder.to_owned());
        if Variables::clashes(&text) {
            let message = "the file holds letters from a range for private use, U+F0000 to U+FFFFD";
            self.refuse(yaml::start_of(file), message.to_owned(), "take them out");
            return None;
        }
        let documents = self.documents(cx, file, &text)?;
        let mut whole = Map::default();
        for mut document in documents {
            cx.fill(&mut document);
            let span = document.span;
            match document.value {
                Value::Map(map) => whole = merge(whole, map),
                Value::Null | Value::Scalar(_) | Value::List(_) => {
                    let message = format!(
                        "a compose file is a map, and this is {}",
                        document.describe()
                    );
                    self.refuse(span, message, "begin with `services:`");
                    return None;
                }
            }
        }
        Some(whole)
    }

    fn documents(&mut self, cx: &mut Cx<'_>, file: FileId, text: &str) -> Option<Vec<Yaml>> {
        let read = yaml::read(file, text);
        let mut whole = true;
        for fault in read.faults {
            if fault.fatal {
                whole = false;
                self.refuse(fault.span, fault.message, fault.help);
                continue;
            }
            let line = |span: Span| self.sources.position(span.file, span.start).line;
            let first = fault
                .first
                .map(|first| format!("; first in line {}", line(first)));
            let message = fault.message + &first.unwrap_or_default();
            cx.inside("yaml", |cx| cx.dropped(fault.span, message, fault.help));
        }
        whole.then_some(read.documents)
    }

    fn refuse(&mut self, span: Span, message: String, help: &str) {
        self.refused.push(Refused {
            span,
            message,
            help: help.to_owned(),
        });
    }
}

fn text_of(file: &File) -> Result<String, String> {
    match file {
        File::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
            Err(_) => Err("the file is not UTF-8 text".to_owned()),
        },
        File::Absent => Err("there is no such file".to_owned()),
        File::Unreadable(reason) => Err(format!("the file cannot be read: {reason}")),
    }
}

/// The files of one entry of `include`, and the folder that their paths begin at.
fn included(cx: &mut Cx<'_>, item: &Yaml) -> (Vec<At<String>>, Option<String>) {
    let Some(map) = item.as_map() else {
        return (cx.texts(item), None);
    };
    let mut folder = None;
    let mut paths = Vec::new();
    for (key, value) in &map.entries {
        match key.value.as_str() {
            "path" => paths = cx.texts(value),
            "project_directory" => {
                let base = cx.folder(value.span).to_owned();
                folder = cx.text(value).map(|text| path::join(&base, &text));
            }
            "env_file" => cx.near(
                key.span,
                "variables of one included file alone are not read",
                "give them with --env-file, or with -p when the project is compiled",
            ),
            _ => cx.dropped(
                key.span,
                "`include` does not know this key",
                "look how it is spelled",
            ),
        }
    }
    (paths, folder)
}
