//! The tree the decoder reads: KDL after includes, parameters, components and overlays.

use std::fmt;

use serde::Serialize;
use smol_str::SmolStr;

use crate::address::Segment;
use crate::span::{At, Span};

/// A node with everything evaluated that can be without knowing the other nodes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    pub name: At<SmolStr>,
    pub args: Vec<Arg>,
    pub props: Vec<Prop>,
    pub children: Vec<Node>,
    /// The node's first line: name, arguments and properties.
    #[serde(skip)]
    pub span: Span,
    /// Where the components this node came from were used, the outermost first.
    #[serde(skip)]
    pub uses: Vec<Used>,
}

/// Where a component was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    pub at: Span,
    /// The item of the use's `each` that this one is for.
    pub item: Option<Span>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Arg {
    pub value: Literal,
    #[serde(skip)]
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Prop {
    pub key: At<SmolStr>,
    pub value: Arg,
}

/// A value as written, or as an annotation made it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Literal {
    Null,
    Bool(bool),
    Int(i128),
    /// The digits as written, so that no binary float ever rounds them.
    Float(SmolStr),
    Str(SmolStr),
    /// A `(fmt)` string with references that only the graph can fill.
    Text(Template),
    /// `(secret)name`
    Secret(String),
    /// A parameter without a value: fits every type, says nothing.
    Unknown,
}

/// A string with references in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Template {
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum Part {
    Text(SmolStr),
    /// `service.db.host` as its segments.
    Path(At<Vec<String>>),
}

impl Node {
    /// A node without anything, at a place.
    pub fn bare(name: &str, span: Span) -> Self {
        Self {
            name: At::new(name.into(), span),
            args: Vec::new(),
            props: Vec::new(),
            children: Vec::new(),
            span,
            uses: Vec::new(),
        }
    }

    /// Whether all arguments are written with it: those that were spread or appended are not.
    pub fn has_its_args(&self) -> bool {
        self.args.iter().all(|arg| self.span.holds(arg.span))
    }

    /// The first argument where it is a string: the name of a named node.
    pub fn label(&self) -> Option<At<&str>> {
        let arg = self.args.first()?;
        match &arg.value {
            Literal::Str(name) => Some(At::new(name, arg.span)),
            Literal::Null
            | Literal::Bool(_)
            | Literal::Int(_)
            | Literal::Float(_)
            | Literal::Text(_)
            | Literal::Secret(_)
            | Literal::Unknown => None,
        }
    }

    /// Whether a value somewhere in it is a parameter without a value. The reader bounds the depth.
    pub fn has_unknown(&self) -> bool {
        let mut values = self.args.iter().chain(self.props.iter().map(|p| &p.value));
        values.any(|v| matches!(v.value, Literal::Unknown))
            || self.children.iter().any(Node::has_unknown)
    }

    pub fn prop(&self, key: &str) -> Option<&Prop> {
        self.props.iter().rev().find(|p| p.key.value == key)
    }

    pub fn child(&self, name: &str) -> Option<&Node> {
        self.children.iter().find(|c| c.name.value == name)
    }
}

impl Literal {
    /// What it is, for a message: `a string`.
    pub const fn describe(&self) -> &'static str {
        match self {
            Literal::Null => "null",
            Literal::Bool(_) => "a boolean",
            Literal::Int(_) => "a whole number",
            Literal::Float(_) => "a decimal number",
            Literal::Str(_) => "a string",
            Literal::Text(_) => "a string with references",
            Literal::Secret(_) => "a secret",
            Literal::Unknown => "a parameter without a value",
        }
    }
}

impl Template {
    /// The text, where no reference is left in it.
    pub fn literal(&self) -> Option<String> {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => Some(text.as_str()),
                Part::Path(_) => None,
            })
            .collect()
    }

    pub fn paths(&self) -> impl Iterator<Item = &At<Vec<String>>> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Path(path) => Some(path),
        })
    }
}

/// As in the source: `postgres://${service.db.host}`.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(text)?,
                Part::Path(path) => {
                    let segments: Vec<String> = path
                        .value
                        .iter()
                        .map(|word| Segment(word).to_string())
                        .collect();
                    write!(f, "${{{}}}", segments.join("."))?;
                }
            }
        }
        Ok(())
    }
}
