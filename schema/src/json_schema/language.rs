//! The table of node kinds as one JSON document, for editors and other tools.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::address::Kind;
use crate::change::Effect;
use crate::lang::{Field, Key, NodeInfo, PLANNED, PLANNED_KINDS, Shape, Type, type_in_words};
use crate::spec::{IDENTITY, KINDS, STRUCTURE};
use crate::units::{size_units, time_units};

pub(super) const LANGUAGE_FORMAT: &str = "skep.language/1";

/// All that a spec can be made of.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Language {
    /// Always [`LANGUAGE_FORMAT`].
    #[schemars(extend("const" = LANGUAGE_FORMAT))]
    format: &'static str,
    /// Names in `nodes` of what stands at the top of a file, by what it is for.
    top: Top,
    /// Every node, by a name of its own: one word can mean two nodes in two places.
    nodes: BTreeMap<&'static str, Node>,
    /// What values can be, by the names that fields use.
    types: BTreeMap<String, TypeRow>,
    /// Words that the language keeps for later, and the nodes they would stand in.
    planned: BTreeMap<&'static str, Vec<&'static str>>,
    /// Nodes that the language keeps for later.
    planned_kinds: Vec<&'static str>,
}

/// Nodes at the top of a file.
#[derive(Serialize, JsonSchema)]
struct Top {
    /// They shape the project before there is a spec.
    structure: Vec<&'static str>,
    /// They say something of nodes without declaring one.
    identity: Vec<&'static str>,
    /// They declare the nodes that plans are made of.
    kinds: Vec<&'static str>,
}

/// A node and all it takes.
#[derive(Serialize, JsonSchema)]
struct Node {
    /// The word the author writes.
    word: &'static str,
    doc: String,
    fields: Vec<FieldRow>,
}

/// One thing a node takes.
#[derive(Serialize, JsonSchema)]
struct FieldRow {
    word: &'static str,
    doc: String,
    written: Written,
    #[serde(skip_serializing_if = "crate::is_default")]
    required: bool,
    /// A name in `types`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    ty: Option<String>,
    /// The words it can be, where it is one of a few.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    one_of: &'static [&'static str],
    /// The kinds of nodes it can name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    of: Vec<&'static str>,
    /// What stands in the block: a name in `nodes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<&'static str>,
    /// What tells blocks of one word apart when an overlay changes them; all are replaced without.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<MergeKey>,
    /// What it is when it is not written; nothing where the engine decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'static str>,
    /// What changing it does to running tasks, where it reaches them at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<Effect>,
    /// The edition that brought it.
    since: u16,
}

/// How a field is written.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Written {
    /// A positional argument.
    Argument,
    /// All further arguments.
    Arguments,
    /// A property, or a child with one argument.
    Value,
    /// A bare child, a trailing bare word, or either with a boolean.
    Flag,
    /// A child with arguments, or a property for a single one; written once.
    List,
    /// Like a list, but may be written several times.
    Set,
    /// A child with keys and values as properties, as children, or as two arguments.
    Map,
    /// A child of its own kind, at most once.
    Block,
    /// Children of a kind, any number.
    Blocks,
    /// A property or a child whose value is a scalar, a list or a map.
    Any,
    /// All that no other field takes.
    Rest,
}

/// What identifies one of several blocks.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum MergeKey {
    /// The first argument.
    Name,
    /// A property.
    Property(&'static str),
}

/// A type of single values.
#[derive(Serialize, JsonSchema)]
struct TypeRow {
    doc: String,
    /// The units that follow its number, with how many of the smallest each is.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    units: BTreeMap<&'static str, u64>,
}

impl Language {
    pub(super) fn new() -> Self {
        let mut language = Self {
            format: LANGUAGE_FORMAT,
            top: Top {
                structure: names(STRUCTURE),
                identity: names(IDENTITY),
                kinds: names(KINDS),
            },
            nodes: BTreeMap::new(),
            types: BTreeMap::new(),
            planned: BTreeMap::new(),
            planned_kinds: PLANNED_KINDS.to_vec(),
        };
        for (node, word) in PLANNED {
            language.planned.entry(node).or_default().push(word);
        }
        let mut open: Vec<&NodeInfo> = [STRUCTURE, IDENTITY, KINDS].concat();
        while let Some(info) = open.pop() {
            if let Some(known) = language.nodes.get(info.name) {
                assert_eq!(known.doc, words(info.doc), "two nodes are `{}`", info.name);
                continue;
            }
            language.add(info);
            open.extend(info.fields.iter().filter_map(|field| field.shape.inner()));
        }
        language
    }

    fn add(&mut self, info: &'static NodeInfo) {
        let node = Node {
            word: info.word,
            doc: words(info.doc),
            fields: info.fields.iter().map(FieldRow::of).collect(),
        };
        self.nodes.insert(info.name, node);
        for ty in info.fields.iter().filter_map(|field| field.shape.ty()) {
            self.types.entry(type_name(ty)).or_insert_with(|| row(ty));
        }
    }
}

impl FieldRow {
    fn of(field: &'static Field) -> Self {
        let Field {
            word,
            doc,
            shape,
            default,
            effect,
            since,
        } = field;
        let ty = shape.ty();
        Self {
            word,
            doc: words(doc),
            written: Written::of(*shape),
            required: is_required(*shape),
            ty: ty.map(type_name),
            one_of: match ty {
                Some(Type::OneOf(words)) => words,
                Some(_) | None => &[],
            },
            of: match ty {
                Some(Type::Ref(kinds)) => kinds.iter().copied().map(Kind::word).collect(),
                Some(_) | None => Vec::new(),
            },
            node: shape.inner().map(|info| info.name),
            key: key_of(*shape),
            default: *default,
            effect: *effect,
            since: *since,
        }
    }
}

impl Written {
    const fn of(shape: Shape) -> Self {
        match shape {
            Shape::Arg { .. } => Self::Argument,
            Shape::Args { .. } => Self::Arguments,
            Shape::Value { .. } => Self::Value,
            Shape::Flag => Self::Flag,
            Shape::List { .. } => Self::List,
            Shape::Set { .. } => Self::Set,
            Shape::Map { .. } => Self::Map,
            Shape::Node { .. } => Self::Block,
            Shape::Nodes { .. } => Self::Blocks,
            Shape::Any => Self::Any,
            Shape::Rest => Self::Rest,
        }
    }
}

fn names(infos: &[&'static NodeInfo]) -> Vec<&'static str> {
    infos.iter().map(|info| info.name).collect()
}

/// A doc comment without its line breaks.
fn words(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

const fn is_required(shape: Shape) -> bool {
    matches!(
        shape,
        Shape::Arg { required: true, .. } | Shape::Value { required: true, .. }
    )
}

const fn key_of(shape: Shape) -> Option<MergeKey> {
    match shape {
        Shape::Nodes { key: Key::Name, .. } => Some(MergeKey::Name),
        Shape::Nodes {
            key: Key::Prop(property),
            ..
        } => Some(MergeKey::Property(property)),
        _ => None,
    }
}

/// The type's own name in kebab case, without what it is made of: `OneOf([..])` is `one-of`.
fn type_name(ty: Type) -> String {
    let debug = format!("{ty:?}");
    let name = debug.split('(').next().unwrap_or_default();
    let dashed = |(at, letter): (usize, char)| {
        let dash = if at > 0 && letter.is_uppercase() {
            "-"
        } else {
            ""
        };
        format!("{dash}{}", letter.to_ascii_lowercase())
    };
    name.char_indices().map(dashed).collect()
}

fn row(ty: Type) -> TypeRow {
    TypeRow {
        doc: match ty {
            Type::OneOf(_) => "one of the words in `one-of`".to_owned(),
            Type::Ref(_) => "name of a node of a kind in `of`".to_owned(),
            _ => type_in_words(ty),
        },
        units: match ty {
            Type::Duration => time_units().collect(),
            Type::Bytes => size_units().collect(),
            _ => BTreeMap::new(),
        },
    }
}
