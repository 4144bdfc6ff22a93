//! What must be true of the plan.

use std::fmt;

use serde::{Serialize, Serializer};

use super::project::Set;
use super::values::Scalar;
use crate::address::{Address, Kind, Segment, segments};
use crate::diagnostic::{Code, Diagnostic};
use crate::lang::{Decoder, Literal, Node, Read, Type, nearest, plain};
use crate::node;
use crate::span::Span;

/// The address of a node, or several by `*` in a name: `service.*`, `service.api-*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pub kind: Kind,
    pub name: String,
    pub part: Option<String>,
}

/// The property of a node of the plan, as `skep explain ADDRESS` shows it: `limits.memory`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PropertyPath(pub Vec<String>);

/// A code of a diagnostic, `SK3001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeName(pub Code);

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, part } = self;
        write!(f, "{kind}.{}", Segment(name))?;
        part.as_ref()
            .map_or(Ok(()), |part| write!(f, ".{}", Segment(part)))
    }
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self.0.iter().map(|w| Segment(w).to_string()).collect();
        f.write_str(&words.join("."))
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = segments(text)?.into_iter();
        let kind = Kind::parse(&parts.next()?)?;
        let (name, part) = (parts.next()?, parts.next());
        parts.next().is_none().then_some(Self { kind, name, part })
    }

    /// Whether it names one node and no more.
    pub fn is_one(&self) -> bool {
        !self.name.contains('*')
    }

    pub fn fits(&self, address: &Address) -> bool {
        self.kind == address.kind && self.part == address.part && fits(&self.name, &address.name)
    }
}

/// Whether a text is made of the pieces between the stars, in their order.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, others)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let (middle, last) = others.rsplit_once('*').unwrap_or(("", others));
    let inner = text
        .strip_prefix(first)
        .and_then(|rest| rest.strip_suffix(last));
    let Some(mut rest) = inner else { return false };
    middle.split('*').all(|piece| {
        let at = rest.find(piece);
        rest = at.map_or(rest, |at| &rest[at + piece.len()..]);
        at.is_some()
    })
}

impl Read for Pattern {
    const TYPE: Type = Type::Address;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let text = plain(cx, value, span, "the address of a node")?;
        let read = Self::parse(text);
        if read.is_none() {
            let message = format!("`{text}` is not the address of a node");
            let kind = text.split('.').next().unwrap_or_default();
            let kinds = Kind::ALL.iter().map(|kind| kind.word());
            let diagnostic = Diagnostic::new(Code::BadValue, span, message);
            cx.report(match nearest(kind, kinds).filter(|near| *near != kind) {
                Some(near) => diagnostic.meant(&text.replacen(kind, near, 1)),
                None => diagnostic.help("write its kind and its name, such as service.api"),
            });
        }
        read
    }
}

impl Read for PropertyPath {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let text = plain(cx, value, span, "a property, such as limits.memory")?;
        let read = segments(text);
        if read.is_none() {
            let message = format!("`{text}` is not a property");
            let help = "write words with dots between, such as limits.memory";
            cx.report(Diagnostic::new(Code::BadValue, span, message).help(help));
        }
        read.map(Self)
    }
}

impl Read for CodeName {
    const TYPE: Type = Type::Str;
    fn read(value: &Literal, span: Span, cx: &mut Decoder) -> Option<Self> {
        let text = plain(cx, value, span, "a code such as SK3001")?;
        let read = Code::parse(text);
        if read.is_none() {
            let message = format!("there is no diagnostic `{text}`");
            let help = "docs/codes.md lists all codes; they look like SK3001";
            cx.report(Diagnostic::new(Code::BadValue, span, message).help(help));
        }
        read.map(Self)
    }
}

impl Serialize for CodeName {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.0.as_str())
    }
}

node! {
    /// What must be true of the plan. `skep test` compiles and looks, without any Docker; a test
    /// never changes a plan.
    Test "test" {
        /// What it shows, as a sentence.
        name: arg(Scalar) "NAME";
        /// The environments that are looked at, `*` for each of them; without one, the project as
        /// it is without an environment.
        environment: set(Scalar) "environment";
        /// Values of parameters.
        set: nodes(Set) "set";
        /// Nodes that only this test has, such as uses of components.
        given: any(Node) "given";
        /// What holds for nodes of the plan.
        expect: nodes(Expectation) "expect" key none;
        /// How many nodes there are.
        count: nodes(Count) "count" key none;
        /// Compiling ends with errors of these codes, and of no others.
        fails: set(CodeName) "fails";
        /// The whole plan is as it was when `skep test --update` wrote it down.
        snapshot: flag(bool) "snapshot";
    }

    /// What holds for a node of the plan, or for each whose name fits.
    Expectation "expect" {
        /// Its address; `*` stands for any part of a name.
        node: arg(Pattern) "ADDRESS";
        /// The property that is looked at, as `skep explain ADDRESS` shows it; without one, the
        /// node itself.
        property: opt_arg(PropertyPath) "PROPERTY";
        /// Whether it is there.
        exists: flag(bool) "exists";
        /// What it is; quantities are compared as such.
        is: value(Scalar) "is";
        /// What it is not.
        is_not: value(Scalar) "is-not";
        /// The least it is.
        at_least: value(Scalar) "at-least";
        /// The most it is.
        at_most: value(Scalar) "at-most";
        /// What a list holds, or a map has as a key, or a text somewhere in it.
        has: value(Scalar) "has";
    }

    /// How many nodes there are.
    Count "count" {
        /// Their address; `*` stands for any part of a name.
        node: arg(Pattern) "ADDRESS";
        /// Exactly so many.
        is: value(u32) "is";
        /// The fewest.
        at_least: value(u32) "at-least";
        /// The most.
        at_most: value(u32) "at-most";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_part_of_a_name() {
        for (pattern, text, expected) in [
            ("*", "api", true),
            ("api", "api", true),
            ("api", "api-2", false),
            ("api-*", "api-2", true),
            ("*-db", "shop-db", true),
            ("a*a", "a", false),
            ("a*b*c", "a-b-c", true),
            ("a*b*c", "a-c", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }
}
