//! Names of what is there: nodes, ports, components, parameters, images.

use std::collections::BTreeSet;

use skep_schema::address::{Address, Kind, Segment};
use skep_schema::diagnostic::{Code, Severity};
use skep_schema::lang::{Shape, Type};

use super::value::plain;
use super::{Completion, MARK, Offered, labelled, text_of, word};
use crate::Memory;
use crate::ide::index::referring;
use crate::ide::meaning::{Meaning, top_info};
use crate::ide::{Index, Name, Within};
use crate::syntax::{EntryRef, NodeRef};

/// What names are looked up in.
pub(super) struct Names<'n> {
    pub(super) index: &'n Index,
    pub(super) memory: &'n Memory,
    pub(super) environment: Option<&'n str>,
    /// The word so far.
    pub(super) typed: &'n str,
}

impl Names<'_> {
    fn of_kind(&self, kind: Kind) -> BTreeSet<String> {
        let mut all = self.index.declared(|name| {
            if let Name::Node(of, name) = name
                && *of == kind
            {
                Some(name.clone())
            } else {
                None
            }
        });
        let made = self.memory.names(self.environment, kind);
        all.extend(made.into_iter().map(str::to_owned));
        all.retain(|name| !name.contains(MARK));
        all
    }

    /// Nodes of some kinds, by their names.
    pub(super) fn nodes(&self, kinds: &[Kind]) -> Vec<Completion> {
        let of_kind = |kind: &Kind| {
            let names = self.of_kind(*kind).into_iter();
            let word = kind.word();
            names
                .map(move |name| reference(&name, word))
                .collect::<Vec<_>>()
        };
        kinds.iter().flat_map(of_kind).collect()
    }

    pub(super) fn addresses(&self) -> Vec<Completion> {
        let all = Kind::ALL.iter().flat_map(|kind| {
            let names = self.of_kind(*kind).into_iter();
            names.map(|name| Address::new(*kind, name).to_string())
        });
        all.map(|address| plain(&address, Offered::Reference, ""))
            .collect()
    }

    /// The ports of the service that is meant at a place: the one that the node names, or the one
    /// around it.
    pub(super) fn ports(
        &self,
        node: NodeRef<'_>,
        around: &[(NodeRef<'_>, Meaning)],
    ) -> Vec<Completion> {
        let named = around.last().map_or_else(
            || None,
            |(_, meaning)| {
                let info = meaning.of_child(node).info()?;
                let first = info.fields.first()?;
                let names_service = matches!(first.shape, Shape::Arg { ty: Type::Ref(kinds), .. }
                    if kinds.contains(&Kind::Service));
                labelled(node).filter(|_| names_service)
            },
        );
        let outer = || {
            let (root, _) = around.first()?;
            match root.name().text {
                "service" => labelled(*root),
                _ => None,
            }
        };
        let Some(service) = named.or_else(outer) else {
            return Vec::new();
        };
        self.ports_of(service)
    }

    fn ports_of(&self, service: &str) -> Vec<Completion> {
        let mut all = self.index.declared(|name| {
            if let Name::Port(of, port) = name
                && of == service
            {
                Some(port.clone())
            } else {
                None
            }
        });
        let known = self.memory.service(self.environment, service);
        let ports = known.iter().flat_map(|service| &service.port);
        all.extend(ports.map(|port| port.name.value.as_str().to_owned()));
        all.iter().map(|port| reference(port, "port")).collect()
    }

    /// Images that the project uses already.
    pub(super) fn images(&self) -> Vec<Completion> {
        let mut all = BTreeSet::new();
        for (_, page) in self.index.own() {
            let mut open: Vec<NodeRef<'_>> = page.document.roots().collect();
            while let Some(node) = open.pop() {
                let child = node.args().next().filter(|_| node.name().text == "image");
                let found = child.into_iter().chain(node.prop("image"));
                all.extend(found.filter_map(text_of).map(str::to_owned));
                open.extend(node.children());
            }
        }
        all.iter()
            .map(|image| quoted(image, "image of this project"))
            .collect()
    }

    /// Paths of `(var)` and `(fmt)`, as far as the next word.
    pub(super) fn paths(
        &self,
        node: NodeRef<'_>,
        around: &[(NodeRef<'_>, Meaning)],
    ) -> Vec<Completion> {
        let root = around.first().map_or(node, |(root, _)| *root);
        let is_component = root.name().text == "component";
        let words: Vec<&str> = self.typed.split('.').collect();
        if let ["service", name, "port", _] = words.as_slice() {
            let mut all = self.ports_of(name);
            for port in &mut all {
                port.text = format!("service.{name}.port.{}", port.text);
                port.label.clone_from(&port.text);
            }
            return all;
        }
        let within = match labelled(root) {
            Some(name) if is_component => Within::Component(name.to_owned()),
            Some(_) | None => Within::Project,
        };
        let params = self.index.declared(|name| match name {
            Name::Param(of, param) if *of == within => Some(param.clone()),
            Name::Param(Within::Flow(flow), param) if labelled(root) == Some(flow) => {
                Some(param.clone())
            }
            Name::Node(..)
            | Name::Instance(_)
            | Name::Component(_)
            | Name::Param(..)
            | Name::Environment(_)
            | Name::Import(_)
            | Name::Port(..)
            | Name::File(_) => None,
        });
        let mut all: Vec<Completion> = params
            .iter()
            .map(|param| plain(&format!("param.{param}"), Offered::Param, "parameter"))
            .collect();
        if is_component {
            all.push(plain("name", Offered::Param, "the instance's name"));
        } else {
            all.push(plain("env.name", Offered::Param, "the environment's name"));
        }
        for service in self.of_kind(Kind::Service) {
            let service = Segment(&service).to_string();
            let host = format!("service.{service}.host");
            all.push(plain(
                &host,
                Offered::Reference,
                "the name others reach it by",
            ));
            for port in self.ports_of(&service) {
                let path = format!("service.{service}.port.{}", port.label);
                all.push(plain(&path, Offered::Reference, "port"));
            }
        }
        all
    }

    /// Arguments of nodes that shape a project; nothing for all others.
    pub(super) fn of_structure(
        &self,
        node: NodeRef<'_>,
        outer: Option<NodeRef<'_>>,
        entry: EntryRef<'_>,
    ) -> Option<Vec<Completion>> {
        if let Some(found) = self.given(node, outer, entry) {
            return Some(found);
        }
        if entry.key().is_some() {
            return None;
        }
        let nth = node.args().position(|arg| arg.span() == entry.span())?;
        let in_environment = outer.is_some_and(|outer| outer.name().text == "environment");
        match (node.name().text, nth) {
            ("use", 0) => Some(self.components()),
            ("patch" | "add" | "remove", 0) if in_environment => Some(word::kinds()),
            ("defaults", 0) => Some(word::kinds()),
            ("patch" | "remove", 1) if in_environment => {
                let kind = labelled(node).and_then(Kind::parse)?;
                let mut all = self.nodes(&[kind]);
                all.push(plain("*", Offered::Reference, "all of them"));
                Some(all)
            }
            ("remove" | "append" | "replace", 0) => {
                let around = outer?;
                let info = labelled(around).and_then(top_info)?;
                let words = info.words();
                Some(
                    words
                        .map(|word| plain(word, Offered::Property, ""))
                        .collect(),
                )
            }
            ("set", 0) if in_environment => Some(self.params()),
            ("environment", _) if outer.is_some_and(|outer| outer.name().text == "test") => {
                Some(self.environments())
            }
            ("import", 0) => Some(standard()),
            ("allow", 0) => Some(lints()),
            (_, _) => None,
        }
    }

    /// What fits a parameter of the component that is used.
    fn given(
        &self,
        node: NodeRef<'_>,
        outer: Option<NodeRef<'_>>,
        entry: EntryRef<'_>,
    ) -> Option<Vec<Completion>> {
        let in_use = outer.filter(|outer| outer.name().text == "use");
        let (used, param) = match (in_use, entry.key()) {
            (Some(used), None) => (used, node.name().text),
            (_, Some(key)) if node.name().text == "use" => (node, key.text),
            (_, _) => return None,
        };
        let component = self
            .index
            .component(used.args().next().and_then(text_of)?)?;
        let mut params = component.children();
        let param =
            params.find(|child| child.name().text == "param" && labelled(*child) == Some(param))?;
        let (_, kind) = referring(param)?;
        Some(self.nodes(&[kind]))
    }

    fn components(&self) -> Vec<Completion> {
        let all = self.index.components().into_iter();
        all.map(|name| {
            let doc = self.index.component(&name).and_then(|node| {
                let mut children = node.children();
                let doc = children.find(|child| child.name().text == "doc")?;
                text_of(doc.args().next()?).map(str::to_owned)
            });
            plain(&name, Offered::Component, &doc.unwrap_or_default())
        })
        .collect()
    }

    fn params(&self) -> Vec<Completion> {
        let all = self.index.declared(|name| {
            if let Name::Param(Within::Project, param) = name {
                Some(param.clone())
            } else {
                None
            }
        });
        all.iter()
            .map(|param| plain(param, Offered::Param, "parameter"))
            .collect()
    }

    fn environments(&self) -> Vec<Completion> {
        let all = self.index.declared(|name| {
            if let Name::Environment(name) = name {
                Some(name.clone())
            } else {
                None
            }
        });
        all.iter()
            .map(|name| reference(name, "environment"))
            .collect()
    }
}

/// The type, the default and the purpose of a parameter.
pub(crate) fn about_param(param: NodeRef<'_>) -> String {
    let value = |word: &str| {
        let child = || {
            param
                .children()
                .find(|child| child.name().text == word)?
                .args()
                .next()
        };
        param.prop(word).or_else(child).map(EntryRef::spelling)
    };
    let mut parts = vec![value("type").unwrap_or("string").to_owned()];
    match value("default") {
        Some(default) => parts.push(format!("default {default}")),
        None => parts.push("required".to_owned()),
    }
    parts.extend(value("doc").map(|doc| doc.trim_matches('"').to_owned()));
    parts.join(", ")
}

fn standard() -> Vec<Completion> {
    let all = skep_stdlib::components();
    all.map(|(name, _)| quoted(&format!("std:{name}"), "ships with Skep"))
        .collect()
}

fn lints() -> Vec<Completion> {
    let all = Code::ALL.iter().map(|code| code.info());
    let lints = all.filter(|info| info.severity < Severity::Error);
    lints
        .map(|info| plain(info.code, Offered::Choice, info.title))
        .collect()
}

fn reference(name: &str, word: &str) -> Completion {
    Completion {
        text: crate::edit::string(name),
        ..plain(name, Offered::Reference, word)
    }
}

/// A text that needs quotes where it is not bare.
fn quoted(text: &str, detail: &str) -> Completion {
    Completion {
        text: crate::edit::string(text),
        ..plain(text, Offered::Reference, detail)
    }
}
