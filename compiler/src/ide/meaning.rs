//! What nodes and values of a text are, by the table of kinds.

use skep_schema::lang::{Field, NodeInfo, Shape, Type};
use skep_schema::spec::{IDENTITY, Import, Include, KINDS, STRUCTURE};
use skep_schema::{address::Kind, lang::Decode as _};

use crate::expand::label;
use crate::syntax::{EntryRef, NodeRef};

/// What a node is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning {
    /// A block of a kind.
    Block(&'static NodeInfo),
    /// The body of `patch`, `add` or `defaults`: as a block of the kind, with words of its own.
    Overlay(&'static NodeInfo),
    /// A body of nodes that could stand at the top: a component's, a test's `given`.
    Body(&'static NodeInfo),
    /// A property written as a child.
    Value(&'static Field),
    /// A key of a map with its value.
    Entry(&'static Field),
    /// Nothing the table knows.
    Unknown,
}

/// Words that stand before a property in an overlay.
pub(super) const OVERLAY_WORDS: &[&str] = &["remove", "append", "replace"];

/// All kinds that can stand at the top of a file.
pub(super) fn top() -> impl Iterator<Item = &'static NodeInfo> + Clone {
    let all = KINDS.iter().chain(STRUCTURE).chain(IDENTITY).copied();
    all.chain([Include::INFO, Import::INFO])
}

pub(super) fn top_info(word: &str) -> Option<&'static NodeInfo> {
    top().find(|info| info.word == word)
}

impl Meaning {
    /// A node at the top of a file.
    pub(super) fn of_root(node: NodeRef<'_>) -> Self {
        match top_info(node.name().text) {
            Some(info) if matches!(info.word, "component") => Self::Body(info),
            Some(info) if info.word == "defaults" => of_kind(label(node)),
            Some(info) => Self::Block(info),
            None => Self::Unknown,
        }
    }

    /// A node inside one of this meaning.
    pub(super) fn of_child(self, child: NodeRef<'_>) -> Self {
        let word = child.name().text;
        match self {
            Self::Body(info) => match info.field(word).and_then(|field| field.shape.inner()) {
                Some(own) => Self::Block(own),
                None => Self::of_root(child),
            },
            Self::Block(info) if info.word == "environment" => match word {
                "patch" | "add" => of_kind(label(child)),
                _ => in_block(info, word),
            },
            Self::Block(info) => in_block(info, word),
            Self::Overlay(info) if word == "replace" => {
                label(child).map_or(Self::Unknown, |word| in_block(info, word))
            }
            Self::Overlay(info) => in_block(info, word),
            Self::Value(field) if matches!(field.shape, Shape::Map { .. }) => Self::Entry(field),
            Self::Value(_) | Self::Entry(_) | Self::Unknown => Self::Unknown,
        }
    }

    /// The kind whose words can stand inside.
    pub(super) fn info(self) -> Option<&'static NodeInfo> {
        match self {
            Self::Block(info) | Self::Overlay(info) | Self::Body(info) => Some(info),
            Self::Value(_) | Self::Entry(_) | Self::Unknown => None,
        }
    }

    /// The field that an argument or a property of the node fills.
    pub(super) fn field_of(self, node: NodeRef<'_>, entry: EntryRef<'_>) -> Option<&'static Field> {
        match (self, entry.key()) {
            (Self::Value(field) | Self::Entry(field), _) => Some(field),
            (Self::Overlay(info), None) => overlaid(info, node, entry),
            (Self::Block(info) | Self::Body(info), None) => argument(info, nth(node, entry)),
            (Self::Block(info) | Self::Overlay(info) | Self::Body(info), Some(key)) => {
                info.field(key.text)
            }
            (Self::Unknown, _) => None,
        }
    }

    /// The type of an argument or a property.
    pub(super) fn type_of(self, node: NodeRef<'_>, entry: EntryRef<'_>) -> Option<Type> {
        let field = self.field_of(node, entry)?;
        // A property that stands for a block is the block's first argument.
        match (field.shape.inner(), entry.key()) {
            (Some(info), Some(_)) => argument(info, 0)?.shape.ty(),
            (Some(_) | None, _) => field.shape.ty(),
        }
    }
}

/// The arguments behind `patch KIND NAME`; those of `remove WORD` and its like name a property.
fn overlaid(
    info: &'static NodeInfo,
    node: NodeRef<'_>,
    entry: EntryRef<'_>,
) -> Option<&'static Field> {
    let words = match node.name().text {
        "patch" | "add" | "defaults" => 1,
        _ => 0,
    };
    argument(info, nth(node, entry).checked_sub(words)?)
}

fn in_block(info: &'static NodeInfo, word: &str) -> Meaning {
    match info.field(word) {
        Some(field) => match field.shape.inner() {
            Some(inner) => Meaning::Block(inner),
            None if info.word == "test" && word == "given" => Meaning::Body(info),
            None => Meaning::Value(field),
        },
        None => Meaning::Unknown,
    }
}

fn of_kind(word: Option<&str>) -> Meaning {
    let kind = word.and_then(Kind::parse);
    let info = kind.and_then(|kind| KINDS.iter().find(|info| info.word == kind.word()));
    info.map_or(Meaning::Unknown, |info| Meaning::Overlay(info))
}

fn nth(node: NodeRef<'_>, entry: EntryRef<'_>) -> usize {
    let before = |other: &EntryRef<'_>| other.span().start < entry.span().start;
    node.args().filter(before).count()
}

/// The field of the nth argument.
pub(super) fn argument(info: &'static NodeInfo, nth: usize) -> Option<&'static Field> {
    let mut arguments = info
        .fields
        .iter()
        .filter(|field| matches!(field.shape, Shape::Arg { .. } | Shape::Args { .. }));
    let last = arguments.clone().next_back();
    let further = last.filter(|field| matches!(field.shape, Shape::Args { .. }));
    arguments.nth(nth).or(further)
}
