//! Where a property can be set or unset.

use std::str::FromStr;

use serde::Serialize;
use skep_schema::address::{Address, Kind, Segment, segments};
use skep_schema::lang::{Arg, Key, Node, NodeInfo, Prop, Shape, Used, nearest};
use skep_schema::span::Span;
use skep_schema::spec::KINDS;

use super::line::{keyed, line};
use super::{Refusal, Splice, Written, place, spell};
use crate::report::tree::Tree;
use crate::syntax::NodeRef;

/// A property of a node as the spec has it: `service.api.limits.memory`, `service.api.env.LOG`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    pub address: Address,
    pub path: Vec<String>,
}

/// One place where a wish can be fulfilled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Site {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// What an edit here means: `in the environment prod`.
    pub text: String,
    /// Whether it changes other nodes as well, which come from the same lines.
    pub shared: bool,
    pub splices: Vec<Splice>,
}

impl Site {
    /// What tells it from other places: `FILE:LINE`.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

impl FromStr for Property {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!(
                "`{text}` is no property: write kind.name.property, such as service.api.replicas"
            )
        };
        let mut parts = segments(text).ok_or_else(refuse)?.into_iter();
        let kind = parts.next().as_deref().and_then(Kind::parse);
        let (Some(kind), Some(name)) = (kind, parts.next()) else {
            return Err(refuse());
        };
        Ok(Self {
            address: Address::new(kind, name),
            path: parts.collect(),
        })
    }
}

/// Where a property can get a value, or several where it is a list.
///
/// # Errors
/// There is no such node or property, or it is made where nothing can be edited.
pub fn set(written: &Written, of: &Property, values: &[String]) -> Result<Vec<Site>, Refusal> {
    let walk = Walk::of(written, of)?;
    let value = spell::values(values, walk.shape);
    let mut sites = match &walk.found {
        Found::Prop(prop) => walk.at_value(prop.value.span, &value, &walk.uses)?,
        Found::Child(child) => walk.at_child(child, &value)?,
        Found::Nothing { rest } => {
            let line = line(rest, &value, walk.info);
            vec![walk.put_into(walk.node, rest, &value, &line)?]
        }
    };
    sites.extend(walk.overlay(&sites, &line(&of.path, &value, walk.root)));
    Ok(sites)
}

/// Where a property can be taken away.
///
/// # Errors
/// As for [`set`], and where it is not written at all.
pub fn unset(written: &Written, of: &Property) -> Result<Vec<Site>, Refusal> {
    let walk = Walk::of(written, of)?;
    let mut sites = match &walk.found {
        Found::Prop(prop) => vec![walk.without_prop(prop)?],
        Found::Child(child) => vec![walk.without_node(child)?],
        Found::Nothing { .. } => {
            let name = of.path.join(".");
            let message = format!("`{}` has no `{name}` that is written anywhere", of.address);
            let help = format!("`skep explain {}` says what decides it", of.address);
            return Err(Refusal::no(message, help));
        }
    };
    if let [word] = of.path.as_slice() {
        sites.extend(walk.overlay(&sites, &format!("remove {}", spell::string(word))));
    }
    Ok(sites)
}

/// Whether a property is written anywhere, in the node or in what it was made from.
pub(super) fn is_written(written: &Written, of: &Property) -> Result<bool, Refusal> {
    let walk = Walk::of(written, of)?;
    Ok(!matches!(walk.found, Found::Nothing { .. }))
}

/// The way from a node to one of its properties.
pub(super) struct Walk<'w> {
    pub(super) written: &'w Written,
    pub(super) tree: Tree<'w>,
    of: &'w Property,
    root: Option<&'static NodeInfo>,
    /// The node that the way ends in, and what it may take.
    node: &'w Node,
    info: Option<&'static NodeInfo>,
    found: Found<'w>,
    /// How the property is written.
    shape: Option<Shape>,
    uses: Vec<Used>,
}

enum Found<'w> {
    Prop(&'w Prop),
    Child(&'w Node),
    Nothing { rest: &'w [String] },
}

impl<'w> Walk<'w> {
    fn of(written: &'w Written, of: &'w Property) -> Result<Self, Refusal> {
        let node = written
            .node(&of.address)
            .ok_or_else(|| no_node(written, &of.address))?;
        if of.path.is_empty() {
            let message = format!("`{}` is a node, and no property of one", of.address);
            return Err(Refusal::no(
                message,
                format!("name one: {}.PROPERTY", of.address),
            ));
        }
        let mut walk = Self::bare(written, of, node);
        walk.follow()?;
        Ok(walk)
    }

    /// A way that has not been gone yet.
    pub(super) fn bare(written: &'w Written, of: &'w Property, node: &'w Node) -> Self {
        let root = Self::info(&of.address);
        Self {
            written,
            tree: Tree::of(&written.loaded),
            of,
            root,
            node,
            info: root,
            found: Found::Nothing { rest: &of.path },
            shape: None,
            uses: node.uses.clone(),
        }
    }

    /// What a node of an address may take.
    pub(super) fn info(address: &Address) -> Option<&'static NodeInfo> {
        let word = address.kind.word();
        KINDS.iter().copied().find(|info| info.word == word)
    }

    fn follow(&mut self) -> Result<(), Refusal> {
        let mut rest = self.of.path.as_slice();
        while let Some((word, below)) = rest.split_first() {
            self.found = Found::Nothing { rest };
            if let Some(info) = self.info {
                let field = info.field(word).ok_or_else(|| no_property(info, word))?;
                self.shape = Some(field.shape);
            }
            if let Some(prop) = self.node.prop(word).filter(|_| below.is_empty()) {
                self.found = Found::Prop(prop);
                return Ok(());
            }
            let key = if let Some(Shape::Nodes { key, .. }) = self.shape {
                key
            } else {
                Key::None
            };
            let (child, below) = match (key, below.split_first()) {
                (Key::None, _) | (_, None) => (self.node.child(word), below),
                (key, Some((name, below))) => (keyed(self.node, word, key, name), below),
            };
            let Some(child) = child else { return Ok(()) };
            if below.is_empty() {
                self.found = Found::Child(child);
                return Ok(());
            }
            self.info = self.info.and_then(|info| info.field(word)?.shape.inner());
            self.node = child;
            rest = below;
        }
        Ok(())
    }

    /// The text that a span is in.
    fn text(&self, span: Span) -> &'w str {
        self.written.sources.text(span.file)
    }

    pub(super) fn site(
        &self,
        span: Span,
        range: std::ops::Range<usize>,
        new: &str,
        text: String,
    ) -> Result<Site, Refusal> {
        let sources = &self.written.sources;
        let file = sources.path(span.file).to_owned();
        if file.starts_with("std:") {
            let message = format!(
                "`{}` is made by `{file}`, which ships with Skep",
                self.of.address
            );
            return Err(Refusal::no(
                message,
                "set a parameter of its use, or patch it in an environment",
            ));
        }
        let at = u32::try_from(range.start).unwrap_or(u32::MAX);
        Ok(Site {
            line: sources.position(span.file, at).line,
            splices: vec![Splice::new(file.clone(), range, new)],
            file,
            text,
            shared: self.is_shared(span),
        })
    }

    /// Whether a place is in a component that makes several nodes of this one's lines.
    fn is_shared(&self, span: Span) -> bool {
        let root = self.tree.around(span).first().copied();
        let in_component = root.is_some_and(|root| root.name().text == "component")
            && self.written.made_at(self.root_node().span) > 1;
        in_component || self.is_every_items(span)
    }

    /// The node that the property is one of.
    pub(super) fn root_node(&self) -> &'w Node {
        self.written.node(&self.of.address).unwrap_or(self.node)
    }

    fn at_child(&self, child: &Node, value: &str) -> Result<Vec<Site>, Refusal> {
        match child.args.as_slice() {
            [] if !child.props.is_empty() || !child.children.is_empty() => Err(Refusal::no(
                format!("`{}` is a block of values", self.of.path.join(".")),
                "name one of the properties in it",
            )),
            [] => {
                let end = child.span.end as usize;
                let new = format!(" {value}");
                Ok(vec![self.site(
                    child.span,
                    end..end,
                    &new,
                    self.here(child.span),
                )?])
            }
            [arg] => self.at_value(arg.span, value, &child.uses),
            [first, .., last] if child.has_its_args() => {
                let span = first.span.to(last.span);
                Ok(vec![self.replace(span, value)?])
            }
            scattered => Err(self.scattered(scattered)),
        }
    }

    /// Values that were spread or appended: to replace them is to change several places, and what stands
    /// between them is of others.
    fn scattered(&self, values: &[Arg]) -> Refusal {
        let sources = &self.written.sources;
        let place = |value: &Arg| {
            let line = sources.position(value.span.file, value.span.start).line;
            format!("{}:{line}", sources.path(value.span.file))
        };
        let mut places: Vec<String> = values.iter().map(place).collect();
        places.dedup();
        let path = self.of.path.join(".");
        Refusal::no(
            format!("the values of `{path}` are written in several places"),
            format!("change them there by hand: {}", places.join(", ")),
        )
    }

    pub(super) fn replace(&self, span: Span, value: &str) -> Result<Site, Refusal> {
        let range = span.start as usize..span.end as usize;
        self.site(span, range, value, self.here(span))
    }

    /// What an edit at a place means for others.
    pub(super) fn here(&self, span: Span) -> String {
        let root = self.tree.around(span).first().copied();
        let word = root.map_or("", |root| root.name().text);
        let name = root
            .and_then(|root| root.args().next())
            .map_or("", |arg| arg.spelling());
        match word {
            "component" => format!("in the component {name}, for all its uses"),
            "environment" => format!("in the environment {name}"),
            "use" if self.is_every_items(span) => {
                format!("in the use of {name}, for all its items")
            }
            "use" => format!("in the use of {name}"),
            "param" => format!("the parameter {name}, wherever it is read"),
            "defaults" => format!("what all of {name} have"),
            _ => "for every environment".to_owned(),
        }
    }

    /// The same edit as a change in the chosen environment, where it would otherwise be made for
    /// all of them.
    fn overlay(&self, sites: &[Site], line: &str) -> Option<Site> {
        let environment = self.environment()?;
        let sources = &self.written.sources;
        let span = environment.span();
        let inside = |splice: &Splice| {
            splice.file == sources.path(span.file)
                && (span.start as usize..span.end as usize).contains(&splice.start)
        };
        if sites.iter().flat_map(|site| &site.splices).any(inside) {
            return None;
        }
        let (kind, name) = (
            self.of.address.kind.word(),
            spell::string(&self.of.address.name),
        );
        let is_patch = |c: &NodeRef<'_>| {
            is_named(*c, "patch", kind) && c.args().nth(1).is_some_and(|a| a.spelling() == name)
        };
        match environment.children().find(is_patch) {
            Some(patch) => self.put(patch, line).ok(),
            None => self
                .put(environment, &format!("patch {kind} {name} {{ {line} }}"))
                .ok(),
        }
    }

    pub(super) fn environment(&self) -> Option<NodeRef<'w>> {
        self.written.environment_node()
    }

    pub(super) fn node_at(&self, head: Span) -> Option<NodeRef<'w>> {
        self.tree
            .around(head)
            .into_iter()
            .find(|node| node.head_span() == head)
    }

    /// Puts a line into a block.
    pub(super) fn put(&self, node: NodeRef<'_>, line: &str) -> Result<Site, Refusal> {
        let span = node.head_span();
        let (at, new) = place::child(self.text(span), node, line);
        let site = self.site(span, at..at, &new, self.here(span))?;
        Ok(Site {
            line: self.written.sources.position(span.file, span.start).line,
            ..site
        })
    }

    /// Puts a property into a node: on its line where it has no block, else as a child.
    fn put_into(
        &self,
        node: &Node,
        rest: &[String],
        value: &str,
        line: &str,
    ) -> Result<Site, Refusal> {
        let Some(at) = self.node_at(node.span) else {
            let message = format!("`{}` is not written as one node", self.of.address);
            return Err(Refusal::no(message, "edit the file by hand"));
        };
        match (rest, self.shape) {
            ([word], Some(Shape::Value { .. } | Shape::Map { .. })) if !at.has_children_block() => {
                let end = at.head_span().end as usize;
                self.site(
                    node.span,
                    end..end,
                    &format!(" {}={value}", spell::string(word)),
                    self.here(node.span),
                )
            }
            (_, _) => self.put(at, line),
        }
    }

    fn without_prop(&self, prop: &Prop) -> Result<Site, Refusal> {
        let span = prop.value.span;
        let node = self.tree.around(span).last().copied();
        let holds = |entry: &crate::syntax::EntryRef<'_>| entry.value_span().end == span.end;
        let Some(entry) = node.and_then(|node| node.entries().find(holds)) else {
            return Err(Refusal::no(
                "the property is not written by itself",
                "edit the file by hand",
            ));
        };
        let range = place::of_entry(self.text(span), entry.span());
        self.site(span, range, "", self.here(span))
    }

    fn without_node(&self, node: &Node) -> Result<Site, Refusal> {
        let Some(at) = self.node_at(node.span) else {
            return Err(Refusal::no(
                "the property is not written by itself",
                "edit the file by hand",
            ));
        };
        let range = place::of_node(self.text(node.span), at.span());
        self.site(node.span, range, "", self.here(node.span))
    }
}

/// Whether a node begins with a word and a name.
pub(super) fn is_named(node: NodeRef<'_>, word: &str, name: &str) -> bool {
    let first = node.args().next();
    node.name().text == word
        && first.is_some_and(|arg| arg.value() == crate::syntax::Scalar::Str(name))
}

pub(super) fn no_node(written: &Written, address: &Address) -> Refusal {
    let known: Vec<String> = written.addresses().map(|a| a.to_string()).collect();
    let message = format!("the project has no `{address}`");
    Refusal::no(
        message,
        match nearest(&address.to_string(), known.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`skep graph` lists all addresses".to_owned(),
        },
    )
}

fn no_property(info: &'static NodeInfo, word: &str) -> Refusal {
    let message = format!("`{}` has no property `{word}`", info.word);
    Refusal::no(
        message,
        match nearest(word, info.words()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("docs/language.md lists what `{}` takes", info.word),
        },
    )
}

/// An address as an environment's overlay names it.
pub(super) fn kind_and_name(address: &Address) -> String {
    format!("{} {}", address.kind.word(), spell::string(&address.name))
}

/// The printed form of a property.
impl std::fmt::Display for Property {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.address)?;
        self.path
            .iter()
            .try_for_each(|word| write!(f, ".{}", Segment(word)))
    }
}
