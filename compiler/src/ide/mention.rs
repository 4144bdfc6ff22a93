//! Where a text declares names, and where it refers to them.

use std::fmt;
use std::ops::Range;

use skep_schema::address::{Address, Kind, segments};
use skep_schema::lang::{Shape, Type};

use super::meaning::Meaning;
use crate::expand::label;
use crate::syntax::{Document, EntryRef, NodeRef, Scalar};

/// Something that has a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// `service.api`; in front of what another project exports stands the import's name.
    Node(Kind, String),
    /// What a use of a component is called, and so are most nodes it makes.
    Instance(String),
    /// As a use names it: `web`, or `obs.logs`.
    Component(String),
    Param(Within, String),
    Environment(String),
    /// What an import is known under.
    Import(String),
    /// A port of a service.
    Port(String, String),
    /// A file, from the project's folder.
    File(String),
}

impl Name {
    /// The word that declares it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Node(kind, _) => kind.word(),
            Self::Instance(_) => "use",
            Self::Component(_) => "component",
            Self::Param(..) => "param",
            Self::Environment(_) => "environment",
            Self::Import(_) => "import",
            Self::Port(..) => "port",
            Self::File(_) => "file",
        }
    }
}

/// The name as its declaration has it.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(_, name)
            | Self::Instance(name)
            | Self::Component(name)
            | Self::Param(_, name)
            | Self::Environment(name)
            | Self::Import(name)
            | Self::Port(_, name)
            | Self::File(name) => f.write_str(name),
        }
    }
}

/// What has parameters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Within {
    Project,
    Component(String),
    Flow(String),
}

/// What a mention does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Declares,
    Refers,
}

/// A name at a place of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) name: Name,
    pub(super) role: Role,
    /// The bytes of the name alone, without quotes.
    pub(super) at: Range<usize>,
}

/// A word that a use gives to a component: a name where the component's parameter says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) component: String,
    pub(super) param: String,
    pub(super) value: String,
    pub(super) at: Range<usize>,
}

/// All names of a text, in order of place, and what may be some.
pub(super) fn mentions(document: &Document) -> (Vec<Mention>, Vec<Given>) {
    let mut reading = Reading {
        found: Vec::new(),
        given: Vec::new(),
        within: Within::Project,
        flow: None,
        service: None,
    };
    for root in document.roots() {
        reading.root(root);
    }
    reading.found.sort_by_key(|mention| mention.at.start);
    (reading.found, reading.given)
}

struct Reading {
    found: Vec<Mention>,
    given: Vec<Given>,
    within: Within,
    /// The flow at hand and its own parameters.
    flow: Option<(String, Vec<String>)>,
    /// The service whose ports are meant.
    service: Option<String>,
}

impl Reading {
    /// A node of the top of a file, or one that could stand there.
    fn root(&mut self, node: NodeRef<'_>) {
        let word = node.name().text;
        let name = label(node).map(str::to_owned);
        let outer = self.service.take();
        let first = node.args().next();
        match (word, &name, first) {
            ("component", Some(name), Some(first)) => {
                self.declare(Name::Component(name.clone()), first);
                self.within = Within::Component(name.clone());
            }
            ("param", Some(name), Some(first)) => {
                self.declare(Name::Param(self.within.clone(), name.clone()), first);
            }
            ("environment", Some(name), Some(first)) => {
                self.declare(Name::Environment(name.clone()), first);
            }
            ("use", _, Some(_)) => self.used(node),
            ("import" | "include", _, _) => self.from(node),
            (word, Some(name), Some(first)) => self.declared(word, name, first, node),
            (_, _, _) => {}
        }
        self.node(node, Meaning::of_root(node));
        if word == "component" {
            self.within = Within::Project;
        }
        self.flow = None;
        self.service = outer;
    }

    fn declared(&mut self, word: &str, name: &str, first: EntryRef<'_>, node: NodeRef<'_>) {
        let Some(kind) = Kind::parse(word) else {
            return;
        };
        self.declare(Name::Node(kind, name.to_owned()), first);
        match kind {
            Kind::Service => self.service = Some(name.to_owned()),
            Kind::Flow => {
                let params = node.children().filter(|c| c.name().text == "param");
                let params = params.filter_map(label).map(str::to_owned).collect();
                self.flow = Some((name.to_owned(), params));
            }
            Kind::Param
            | Kind::Registry
            | Kind::Node
            | Kind::Network
            | Kind::Volume
            | Kind::Secret
            | Kind::Config
            | Kind::Certificate
            | Kind::Gateway
            | Kind::Route => {}
        }
    }

    /// `use COMPONENT NAME { PARAM VALUE }`.
    fn used(&mut self, node: NodeRef<'_>) {
        let mut args = node.args();
        let (component, instance) = (args.next(), args.next());
        let Some(component) = component else { return };
        let Scalar::Str(of) = component.value() else {
            return;
        };
        let of = of.to_owned();
        self.refer(Name::Component(of.clone()), component);
        if let Some(instance) = instance
            && let Scalar::Str(name) = instance.value()
            && instance.annotation().is_none()
        {
            self.declare(Name::Instance(name.to_owned()), instance);
        }
        let param = |word: &str| Name::Param(Within::Component(of.clone()), word.to_owned());
        for prop in node.props() {
            if let Some(key) = prop.key() {
                self.add(param(key.text), Role::Refers, range(key.span));
                self.given(&of, key.text, prop);
            }
        }
        for child in node.children() {
            let word = child.name();
            self.add(param(word.text), Role::Refers, range(word.span));
            child.args().for_each(|arg| self.given(&of, word.text, arg));
        }
    }

    fn given(&mut self, component: &str, param: &str, entry: EntryRef<'_>) {
        if let (Scalar::Str(value), None) = (entry.value(), entry.annotation()) {
            self.given.push(Given {
                component: component.to_owned(),
                param: param.to_owned(),
                value: value.to_owned(),
                at: inside(entry),
            });
        }
    }

    /// `import "std:site" as=web`, `include "services/*.kdl"`.
    fn from(&mut self, node: NodeRef<'_>) {
        for arg in node.args() {
            let Scalar::Str(from) = arg.value() else {
                continue;
            };
            if node.name().text == "include" {
                self.refer(Name::File(from.to_owned()), arg);
            } else if let Some(folder) = from.strip_prefix("./").or(from.strip_prefix("../")) {
                let up = if from.starts_with("../") { "../" } else { "" };
                let path = format!(
                    "{up}{}/{}",
                    folder.trim_end_matches('/'),
                    crate::source::ROOT
                );
                self.refer(Name::File(path), arg);
            }
        }
        if let Some(alias) = node.prop("as")
            && let Scalar::Str(name) = alias.value()
        {
            self.declare(Name::Import(name.to_owned()), alias);
        }
    }

    /// All values of a node, and of the nodes inside.
    fn node(&mut self, node: NodeRef<'_>, meaning: Meaning) {
        let info = meaning.info().map_or("", |info| info.name);
        let is_overlay = matches!(meaning, Meaning::Overlay(_));
        if is_overlay {
            self.overlay(node);
        }
        if info == "ServicePort"
            && let (Some(service), Some(port)) = (self.service.clone(), node.args().next())
            && let Scalar::Str(name) = port.value()
        {
            self.declare(Name::Port(service, name.to_owned()), port);
        }
        // `to web port=http` means a port of `web`.
        let named = node
            .entries()
            .find_map(|entry| named_service(meaning, node, entry));
        let outer = named.map(|name| self.service.replace(name));
        for entry in node.entries() {
            self.value(entry, meaning.type_of(node, entry));
        }
        for child in node.children() {
            self.child(node, child, meaning);
        }
        if let Some(outer) = outer {
            self.service = outer;
        }
    }

    fn child(&mut self, node: NodeRef<'_>, child: NodeRef<'_>, meaning: Meaning) {
        let word = child.name().text;
        let inner = meaning.of_child(child);
        let is_body = match meaning {
            Meaning::Body(info) => info.field(word).is_none_or(|f| f.shape.inner().is_none()),
            Meaning::Block(_)
            | Meaning::Overlay(_)
            | Meaning::Value(_)
            | Meaning::Entry(_)
            | Meaning::Unknown => false,
        };
        if is_body && node.name().text != "test" {
            let within = self.within.clone();
            self.root(child);
            self.within = within;
            return;
        }
        match (node.name().text, word, child.args().next()) {
            ("component", "param", Some(first)) => {
                if let Some(name) = label(child) {
                    self.declare(Name::Param(self.within.clone(), name.to_owned()), first);
                }
            }
            ("flow", "param", Some(first)) => {
                if let (Some(name), Some((flow, _))) = (label(child), &self.flow) {
                    let within = Within::Flow(flow.clone());
                    self.declare(Name::Param(within, name.to_owned()), first);
                }
            }
            ("environment", "set", Some(first)) => {
                if let Some(name) = label(child) {
                    self.refer(Name::Param(Within::Project, name.to_owned()), first);
                }
            }
            ("environment", "remove", _) => self.overlay(child),
            ("test", "environment", _) => {
                for arg in child.args() {
                    if let Scalar::Str(name) = arg.value() {
                        self.refer(Name::Environment(name.to_owned()), arg);
                    }
                }
            }
            (_, _, _) => {}
        }
        self.node(child, inner);
    }

    /// `patch KIND NAME`, `remove KIND NAME`, `add KIND NAME`.
    fn overlay(&mut self, node: NodeRef<'_>) {
        let role = match node.name().text {
            "add" => Role::Declares,
            "patch" | "remove" => Role::Refers,
            _ => return,
        };
        let kind = label(node).and_then(Kind::parse);
        if let (Some(kind), Some(arg)) = (kind, node.args().nth(1))
            && let Scalar::Str(name) = arg.value()
            && name != "*"
        {
            if kind == Kind::Service {
                self.service = Some(name.to_owned());
            }
            self.add(Name::Node(kind, name.to_owned()), role, inside(arg));
        }
    }

    fn value(&mut self, entry: EntryRef<'_>, ty: Option<Type>) {
        let Scalar::Str(text) = entry.value() else {
            return;
        };
        match (entry.annotation().map(|a| a.text), ty) {
            (Some("secret"), _) => self.refer(Name::Node(Kind::Secret, text.to_owned()), entry),
            (Some("file"), _) => self.refer(Name::File(text.to_owned()), entry),
            (Some("var" | "spread"), _) => self.path(text, inside(entry)),
            (Some("fmt"), _) => self.paths(entry),
            (Some(_), _) => {}
            (None, Some(Type::Ref(kinds))) => {
                if let Some(kind) = kinds.first() {
                    self.refer(Name::Node(*kind, text.to_owned()), entry);
                }
            }
            (None, Some(Type::Address)) => {
                if let Ok(Address { kind, name, .. }) = text.parse::<Address>() {
                    self.refer(Name::Node(kind, name), entry);
                }
            }
            (None, Some(Type::PortRef)) => {
                if let Some(service) = self.service.clone() {
                    self.refer(Name::Port(service, text.to_owned()), entry);
                }
            }
            (None, Some(Type::File)) => self.refer(Name::File(text.to_owned()), entry),
            (None, Some(_) | None) => {}
        }
    }

    /// The paths between `${` and `}`.
    fn paths(&mut self, entry: EntryRef<'_>) {
        let at = inside(entry);
        let text = entry.spelling();
        let shift = at.start - entry.value_span().start as usize;
        let text = &text[shift..];
        for (open, _) in text.match_indices("${") {
            let from = open + 2;
            if let Some(length) = text[from..].find('}') {
                let start = at.start + from;
                self.path(&text[from..from + length], start..start + length);
            }
        }
    }

    /// `param.tag`, `service.db.port.http`, `secret.x`.
    fn path(&mut self, text: &str, at: Range<usize>) {
        let Some(words) = segments(text) else { return };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let place = |nth: usize| part(text, &words, nth, at.start);
        match words.as_slice() {
            ["param", name, ..] => {
                let within = match &self.flow {
                    Some((flow, params)) if params.iter().any(|param| param == name) => {
                        Within::Flow(flow.clone())
                    }
                    Some(_) | None => self.within.clone(),
                };
                self.add(
                    Name::Param(within, (*name).to_owned()),
                    Role::Refers,
                    place(1),
                );
            }
            ["secret", name] => {
                self.add(
                    Name::Node(Kind::Secret, (*name).to_owned()),
                    Role::Refers,
                    place(1),
                );
            }
            ["service", name, "host"] => {
                self.add(
                    Name::Node(Kind::Service, (*name).to_owned()),
                    Role::Refers,
                    place(1),
                );
            }
            ["service", name, "port", port] => {
                self.add(
                    Name::Node(Kind::Service, (*name).to_owned()),
                    Role::Refers,
                    place(1),
                );
                let port = Name::Port((*name).to_owned(), (*port).to_owned());
                self.add(port, Role::Refers, place(3));
            }
            ["service", import, name, ..] => {
                let name = format!("{import}.{name}");
                let at = place(1).start..place(2).end;
                self.add(Name::Node(Kind::Service, name), Role::Refers, at);
            }
            _ => {}
        }
    }

    fn declare(&mut self, name: Name, entry: EntryRef<'_>) {
        if entry.annotation().is_none() {
            self.add(name, Role::Declares, inside(entry));
        }
    }

    fn refer(&mut self, name: Name, entry: EntryRef<'_>) {
        self.add(name, Role::Refers, inside(entry));
    }

    fn add(&mut self, name: Name, role: Role, at: Range<usize>) {
        self.found.push(Mention { name, role, at });
    }
}

/// The service that a value names, where ports beside it are that one's.
fn named_service(meaning: Meaning, node: NodeRef<'_>, entry: EntryRef<'_>) -> Option<String> {
    let field = meaning.field_of(node, entry)?;
    let is_reference = matches!(field.shape, Shape::Arg { ty: Type::Ref(kinds), .. }
        if kinds.contains(&Kind::Service));
    match entry.value() {
        Scalar::Str(name) if is_reference => Some(name.to_owned()),
        Scalar::Str(_) | Scalar::Int(_) | Scalar::Float(..) | Scalar::Bool(_) | Scalar::Null => {
            None
        }
    }
}

/// The place of the nth word of a path. Words in quotes are spelt with them.
fn part(text: &str, words: &[&str], nth: usize, start: usize) -> Range<usize> {
    let mut at = 0;
    for (i, word) in words.iter().enumerate() {
        let quote = usize::from(text[at..].starts_with('"'));
        let end = (at + quote + word.len()).min(text.len());
        if i == nth {
            return start + at + quote..start + end;
        }
        at = (end + quote + 1).min(text.len());
    }
    start..start + text.len()
}

/// The bytes of a value without its quotes.
pub(super) fn inside(entry: EntryRef<'_>) -> Range<usize> {
    let span = entry.value_span();
    let spelling = entry.spelling();
    let start = spelling.len() - spelling.trim_start_matches('#').len();
    let quotes = if spelling[start..].starts_with('"') && spelling.len() >= 2 * (start + 1) {
        start + 1
    } else {
        0
    };
    span.start as usize + quotes..span.end as usize - quotes
}

pub(super) fn range(span: skep_schema::span::Span) -> Range<usize> {
    span.start as usize..span.end as usize
}
