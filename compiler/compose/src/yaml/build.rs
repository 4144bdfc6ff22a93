//! From the parser's events to a tree.

use std::collections::BTreeMap;

use granit_parser::{Event, Options, Parser, ScalarStyle};
use skep_schema::span::{At, FileId, Span};

use super::{
    Fault, MAX_BYTES, MAX_DEPTH, MAX_NODES, Map, Read, Scalar, Tag, Value, Yaml, start_of,
};

/// Reads a file's text; any text gives trees or a fault.
pub(crate) fn read(file: FileId, text: &str) -> Read {
    if text.len() > MAX_BYTES {
        return refused(file, format!("the file is larger than {MAX_BYTES} bytes"));
    }
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.emit_unresolved_aliases = true;
    options.flow_nesting_limit = MAX_DEPTH;
    options.block_nesting_limit = MAX_DEPTH;
    let mut builder = Builder::new(file);
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => {
                let offset = |mark: granit_parser::Marker| count(mark.byte_offset().unwrap_or(0));
                let end = offset(span.end).max(offset(span.start));
                builder.event(event, Span::new(file, offset(span.start), end));
            }
            Err(error) => {
                let at = count(error.marker().byte_offset().unwrap_or(0));
                builder.fatal(Span::new(file, at, at), error.info());
            }
        }
        if builder.ended {
            break;
        }
    }
    builder.read
}

fn refused(file: FileId, message: String) -> Read {
    let mut builder = Builder::new(file);
    builder.fatal(start_of(file), message);
    builder.read
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A list or map that is not closed yet.
struct Open {
    span: Span,
    tag: Tag,
    anchor: usize,
    body: Body,
}

enum Body {
    List(Vec<Yaml>),
    Map {
        map: Map,
        /// Written and without a value so far.
        key: Option<At<String>>,
        /// What `<<` brings, in the order of writing.
        merged: Vec<Yaml>,
        /// Where in the map each key is.
        index: BTreeMap<String, usize>,
    },
}

/// A copy for aliases, how many nodes it has and how deep they nest.
struct Anchored {
    yaml: Yaml,
    nodes: usize,
    depth: usize,
}

struct Builder {
    file: FileId,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Anchored>,
    nodes: usize,
    ended: bool,
    read: Read,
}

impl Builder {
    fn new(file: FileId) -> Self {
        Self {
            file,
            open: Vec::new(),
            anchors: BTreeMap::new(),
            nodes: 0,
            ended: false,
            read: Read::default(),
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let tag = tag.map(|tag| tag.suffix().to_owned());
                self.scalar(text.into_owned(), style, tag.as_deref(), anchor, span);
            }
            Event::SequenceStart(_, anchor, tag) => {
                let tag = merge_tag(tag.as_ref().map(|tag| tag.suffix()));
                self.begin(span, tag, anchor, Body::List(Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                let tag = merge_tag(tag.as_ref().map(|tag| tag.suffix()));
                let body = Body::Map {
                    map: Map::default(),
                    key: None,
                    merged: Vec::new(),
                    index: BTreeMap::new(),
                };
                self.begin(span, tag, anchor, body);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::UnresolvedAlias(name) => {
                self.fault(
                    span,
                    format!("`*{name}` refers to an anchor that is not in this file"),
                    "write `&NAME` at a value above it, or the value itself",
                );
                self.put(Yaml::new(span, Value::Null), 0);
            }
            _ => {}
        }
    }

    fn scalar(
        &mut self,
        text: String,
        style: ScalarStyle,
        tag: Option<&str>,
        anchor: usize,
        span: Span,
    ) {
        let plain = style == ScalarStyle::Plain && tag != Some("str");
        let null = plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL");
        let value = if null {
            Value::Null
        } else {
            Value::Scalar(Scalar { text, plain })
        };
        let yaml = Yaml {
            span,
            tag: merge_tag(tag),
            value,
        };
        self.put(yaml, anchor);
    }

    fn begin(&mut self, span: Span, tag: Tag, anchor: usize, body: Body) {
        if self.open.len() >= MAX_DEPTH {
            self.fatal(
                span,
                format!("lists and maps nest deeper than {MAX_DEPTH} levels"),
            );
            return;
        }
        self.open.push(Open {
            span,
            tag,
            anchor,
            body,
        });
    }

    fn end(&mut self, span: Span) {
        let Some(open) = self.open.pop() else { return };
        let value = match open.body {
            Body::List(items) => Value::List(items),
            Body::Map {
                map, merged, index, ..
            } => Value::Map(self.merge(map, merged, index)),
        };
        let yaml = Yaml {
            span: open.span.to(span),
            tag: open.tag,
            value,
        };
        self.put(yaml, open.anchor);
    }

    /// Keys that are written win over merged ones, and earlier merged ones over later.
    fn merge(
        &mut self,
        mut map: Map,
        merged: Vec<Yaml>,
        mut index: BTreeMap<String, usize>,
    ) -> Map {
        for source in merged {
            let parts = match source.value {
                Value::List(parts) => parts,
                Value::Null | Value::Scalar(_) | Value::Map(_) => vec![source],
            };
            for part in parts {
                match part.value {
                    Value::Map(part) => {
                        for (key, value) in part.entries {
                            if index.insert(key.value.clone(), map.entries.len()).is_none() {
                                map.entries.push((key, value));
                            }
                        }
                    }
                    Value::Null => {}
                    Value::Scalar(_) | Value::List(_) => self.fault(
                        part.span,
                        "`<<` takes a map, or a list of maps".to_owned(),
                        "write `<<: *NAME`, where `&NAME` stands at a map",
                    ),
                }
            }
        }
        map
    }

    fn alias(&mut self, anchor: usize, span: Span) {
        let Some(found) = self.anchors.get(&anchor) else {
            self.fault(
                span,
                "an alias inside of what it names".to_owned(),
                "take the alias away, or write out what it stands for",
            );
            self.put(Yaml::new(span, Value::Null), 0);
            return;
        };
        self.nodes += found.nodes;
        let depth = self.open.len() + found.depth;
        let yaml = found.yaml.clone();
        if depth > MAX_DEPTH {
            self.fatal(
                span,
                format!("lists and maps nest deeper than {MAX_DEPTH} levels"),
            );
        } else if self.nodes > MAX_NODES {
            self.fatal(
                span,
                format!("with its aliases written out the file has more than {MAX_NODES} values"),
            );
        } else {
            self.put(yaml, 0);
        }
    }

    /// A finished value takes its place.
    fn put(&mut self, yaml: Yaml, anchor: usize) {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            self.fatal(
                yaml.span,
                format!("the file has more than {MAX_NODES} values"),
            );
            return;
        }
        if anchor > 0 {
            let (nodes, depth) = extent(&yaml);
            // Keeping a copy costs what an alias of it would.
            self.nodes += nodes;
            let yaml = yaml.clone();
            self.anchors.insert(anchor, Anchored { yaml, nodes, depth });
        }
        let Some(open) = self.open.last_mut() else {
            if !yaml.is_null() {
                self.read.documents.push(yaml);
            }
            return;
        };
        match &mut open.body {
            Body::List(items) => items.push(yaml),
            Body::Map {
                map,
                key,
                merged,
                index,
            } => match key.take() {
                Some(key) if key.value == "<<" => merged.push(yaml),
                Some(key) => {
                    if let Some(there) = index.get(&key.value).map(|at| &mut map.entries[*at]) {
                        there.1 = yaml;
                        let first = there.0.span;
                        self.twice(&key, first);
                    } else {
                        index.insert(key.value.clone(), map.entries.len());
                        map.entries.push((key, yaml));
                    }
                }
                None => {
                    if let Some(text) = key_text(&yaml) {
                        *key = Some(At::new(text, yaml.span));
                    } else {
                        *key = Some(At::new(String::new(), yaml.span));
                        let message =
                            format!("a key has to be a text, and this is {}", yaml.describe());
                        self.fault(yaml.span, message, "write the key as a text");
                    }
                }
            },
        }
    }

    fn twice(&mut self, key: &At<String>, first: Span) {
        let message = format!(
            "`{}` is written twice in one map; here the later value counts, and docker refuses the file",
            key.value
        );
        self.read.faults.push(Fault {
            span: key.span,
            message,
            help: "take one of them away",
            first: Some(first),
            fatal: false,
        });
    }

    fn fault(&mut self, span: Span, message: String, help: &'static str) {
        self.read.faults.push(Fault {
            span,
            message,
            help,
            first: None,
            fatal: false,
        });
    }

    fn fatal(&mut self, span: Span, message: String) {
        self.ended = true;
        self.read.documents.clear();
        let span = Span::new(self.file, span.start, span.end);
        self.read.faults.push(Fault {
            span,
            message,
            help: "mend the YAML: `docker stack config` would refuse it as well",
            first: None,
            fatal: true,
        });
    }
}

fn key_text(yaml: &Yaml) -> Option<String> {
    match &yaml.value {
        Value::Scalar(scalar) => Some(scalar.text.clone()),
        Value::Null => Some(String::new()),
        Value::List(_) | Value::Map(_) => None,
    }
}

fn merge_tag(tag: Option<&str>) -> Tag {
    match tag {
        Some("reset") => Tag::Reset,
        Some("override") => Tag::Override,
        Some(_) | None => Tag::None,
    }
}

/// How many nodes there are, and how many levels.
fn extent(yaml: &Yaml) -> (usize, usize) {
    let join =
        |all: (usize, usize), (nodes, depth): (usize, usize)| (all.0 + nodes, all.1.max(depth));
    let (nodes, depth) = match &yaml.value {
        Value::Null | Value::Scalar(_) => (0, 0),
        Value::List(items) => {
            let below = items.iter().map(extent).fold((0, 0), join);
            (below.0, below.1 + 1)
        }
        Value::Map(map) => {
            let below = map.entries.iter().map(|(_, value)| extent(value));
            let below = below.fold((0, 0), join);
            (below.0, below.1 + 1)
        }
    };
    (nodes + 1, depth)
}
