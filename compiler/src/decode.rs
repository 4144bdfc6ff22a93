//! From nodes to the typed spec.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Decode, Node, PLANNED_KINDS, Used, nearest, scalar_text};
use skep_schema::span::Span;
use skep_schema::spec::{Allowance, Declared, Host, LintCode, Spec};

use crate::context::Context;
use crate::expand::top_level_words;
use crate::words::there_are;

/// What could be understood of some nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) spec: Spec,
    /// Nodes that are declared but could not be read: what refers to them is no mistake of its own.
    pub(crate) poisoned: BTreeSet<(Kind, String)>,
    /// The lints that may stand.
    pub(crate) exempt: Vec<Exempt>,
    /// Whether every value is known.
    pub(crate) known: bool,
}

/// An `allow`, and the node it is written in, where it is in one.
#[derive(Clone, Debug)]
pub(crate) struct Exempt {
    pub(crate) allow: Allowance,
    pub(crate) node: Option<Address>,
    /// The use of a component that led here, or that it is written in.
    pub(crate) used: Option<Span>,
}

/// Reads nodes, reporting what is wrong with each.
pub(crate) fn decode(cx: &mut Context<'_>, nodes: Vec<Node>) -> Decoded {
    let mut decoded = Decoded {
        known: !nodes.iter().any(Node::has_unknown),
        ..Decoded::default()
    };
    let mut first = First::new();
    for mut node in nodes {
        let from = cx.decoder.diagnostics.len();
        decoded.take_exempt(cx, &mut node);
        decoded.read(cx, &node, &mut first);
        cx.used_at(from, &node.uses);
    }
    decoded
}

/// Looks for mistakes in nodes that are no part of the spec.
pub(crate) fn try_out(cx: &mut Context<'_>, nodes: Vec<Node>) {
    for mut node in nodes {
        let mut unused = Decoded::default();
        unused.take_exempt(cx, &mut node);
        unused.read(cx, &node, &mut First::new());
    }
}

/// Where each node was declared first: its place, and the uses that led there.
type First = BTreeMap<(Kind, String), (Span, Vec<Used>)>;

impl Decoded {
    /// Takes every `allow` out of a node, so that what is left is what the table knows.
    fn take_exempt(&mut self, cx: &mut Context<'_>, node: &mut Node) {
        if !has_allowance(node) {
            return;
        }
        let mut found = Vec::new();
        let mut open = vec![&mut *node];
        while let Some(next) = open.pop() {
            found.extend(next.children.extract_if(.., |child| is_allowance(child)));
            open.extend(&mut next.children);
        }
        let kind = Kind::parse(&node.name.value);
        let address = kind.and_then(|kind| Some(Address::new(kind, name_of(kind, node)?)));
        for child in found {
            self.allow(cx, &child, address.clone());
        }
    }

    fn allow(&mut self, cx: &mut Context<'_>, node: &Node, within: Option<Address>) {
        let read = Allowance::decode(node, &mut cx.decoder);
        self.exempt.extend(read.map(|allow| Exempt {
            used: node.uses.last().map(|used| used.at),
            allow,
            node: within,
        }));
    }

    fn read(&mut self, cx: &mut Context<'_>, node: &Node, first: &mut First) {
        match node.name.value.as_str() {
            "moved" => return say(cx, &mut self.spec.moved, node),
            "forget" => return say(cx, &mut self.spec.forget, node),
            "allow" => return self.allow(cx, node, None),
            "policy" => return say(cx, &mut self.spec.policies, node),
            "adopt" => return say(cx, &mut self.spec.adopt, node),
            "export" => return say(cx, &mut self.spec.exports, node),
            _ => {}
        }
        let Some(kind) = Kind::parse(&node.name.value).filter(|kind| *kind != Kind::Param) else {
            self.unknown(cx, node);
            return;
        };
        let key = name_of(kind, node).map(|name| (kind, name));
        // A node whose name is not known may be the one that something else looks for.
        cx.nodes_missing |= key.is_none() && node.has_unknown();
        if let Some(key) = &key
            && let Some(again) = twice(key, node, first)
        {
            cx.report(again);
            return;
        }
        let declaration = Declaration {
            unknown: !self.known && node.has_unknown(),
            key: key.as_ref(),
            node,
        };
        let read = match kind {
            Kind::Node => put(cx, &mut self.spec.nodes, &declaration),
            Kind::Network => put(cx, &mut self.spec.networks, &declaration),
            Kind::Volume => put(cx, &mut self.spec.volumes, &declaration),
            Kind::Secret => put(cx, &mut self.spec.secrets, &declaration),
            Kind::Config => put(cx, &mut self.spec.configs, &declaration),
            Kind::Certificate => put(cx, &mut self.spec.certificates, &declaration),
            Kind::Registry => put(cx, &mut self.spec.registries, &declaration),
            Kind::Service => put(cx, &mut self.spec.services, &declaration),
            Kind::Gateway => put(cx, &mut self.spec.gateways, &declaration),
            Kind::Route => put(cx, &mut self.spec.routes, &declaration),
            Kind::Flow => put(cx, &mut self.spec.flows, &declaration),
            Kind::Param => true,
        };
        if !read {
            self.poisoned.extend(key);
        }
    }
}

impl Decoded {
    /// Refuses a node that is none of the kinds. What it would probably have declared is poisoned.
    fn unknown(&mut self, cx: &mut Context<'_>, node: &Node) {
        let word = node.name.value.as_str();
        let span = node.name.span;
        if PLANNED_KINDS.contains(&word) {
            cx.report(Diagnostic::planned(word, span));
            return;
        }
        let message = format!("there is no node `{word}`");
        let diagnostic = Diagnostic::new(Code::UnknownNode, span, message);
        let Some(near) = nearest(word, top_level_words()) else {
            cx.report(diagnostic.help(there_are(top_level_words())));
            return;
        };
        cx.report(diagnostic.meant(near));
        let name = Kind::parse(near).and_then(|kind| Some((kind, name_of(kind, node)?)));
        self.poisoned.extend(name);
    }
}

/// A node that declares something.
struct Declaration<'n> {
    node: &'n Node,
    /// What it is known by, where it has a name.
    key: Option<&'n (Kind, String)>,
    /// Whether a value in it is unknown.
    unknown: bool,
}

/// Whether the node could be read.
fn put<T: Decode>(
    cx: &mut Context<'_>,
    all: &mut BTreeMap<String, Declared<T>>,
    declaration: &Declaration<'_>,
) -> bool {
    let Declaration { node, key, unknown } = *declaration;
    let before = cx.decoder.diagnostics.len();
    let read = T::decode(node, &mut cx.decoder);
    let Some(read) = read else { return false };
    let Some((_, name)) = key else {
        nameless::<T>(cx, node);
        return false;
    };
    let place = node.args.first().map_or(node.name.span, |arg| arg.span);
    let partial = unknown || cx.decoder.diagnostics.len() > before;
    if partial {
        cx.partial.insert(place);
    }
    let declared = Declared {
        node: Arc::new(read),
        name: place,
        uses: node.uses.clone(),
        partial,
    };
    all.insert(name.clone(), declared);
    true
}

/// Whether it is an `allow` of a lint, and not one of addresses or people.
pub(crate) fn is_allowance(node: &Node) -> bool {
    node.name.value == "allow"
        && node
            .label()
            .is_some_and(|label| LintCode::looks_like(label.value))
}

/// Whether there is one somewhere below a node. The reader bounds the depth.
fn has_allowance(node: &Node) -> bool {
    let mut children = node.children.iter();
    children.any(|child| is_allowance(child) || has_allowance(child))
}

/// Reads what is said of nodes without declaring one.
fn say<T: Decode>(cx: &mut Context<'_>, all: &mut Vec<Declared<T>>, node: &Node) {
    all.extend(T::decode(node, &mut cx.decoder).map(|read| Declared {
        node: Arc::new(read),
        name: node.span,
        uses: node.uses.clone(),
        partial: node.has_unknown(),
    }));
}

/// Says so where a node could be read although it has no name: a route without a host.
fn nameless<T: Decode>(cx: &mut Context<'_>, node: &Node) {
    if node.args.is_empty() {
        let word = T::INFO.fields.first().map_or("NAME", |field| field.word);
        let message = format!("`{}` needs `{word}`", node.name.value);
        cx.report(
            Diagnostic::new(Code::MissingValue, node.span, message)
                .label(format!("`{word}` is missing"))
                .help(format!("write `{} {word}`", node.name.value)),
        );
    }
}

/// What a node is known by; `None` where that is missing, unknown or no name.
pub(crate) fn name_of(kind: Kind, node: &Node) -> Option<String> {
    let text = node.args.first().and_then(|arg| scalar_text(&arg.value))?;
    match kind {
        Kind::Route => Host::checked(&text).map(|host| host.as_str().to_owned()),
        Kind::Param
        | Kind::Registry
        | Kind::Node
        | Kind::Network
        | Kind::Volume
        | Kind::Secret
        | Kind::Config
        | Kind::Certificate
        | Kind::Service
        | Kind::Gateway
        | Kind::Flow => Some(text.into()),
    }
}

fn twice(key: &(Kind, String), node: &Node, first: &mut First) -> Option<Diagnostic> {
    let span = node.args.first().map_or(node.span, |arg| arg.span);
    let (before, uses) = match first.entry(key.clone()) {
        Entry::Occupied(first) => first.into_mut(),
        Entry::Vacant(here) => {
            here.insert((span, node.uses.clone()));
            return None;
        }
    };
    let (kind, name) = key;
    let message = format!("two nodes are called `{kind} {name}`");
    let diagnostic = Diagnostic::new(Code::DeclaredTwice, span, message).label("again here");
    let diagnostic = if *before == span {
        diagnostic.help("build the name from the instance's: (fmt)\"${name}-...\"")
    } else {
        diagnostic
            .and(*before, "first here")
            .help("rename one of them, or take it away")
    };
    Some(uses.last().map_or(diagnostic.clone(), |at| {
        diagnostic.and(at.item.unwrap_or(at.at), "used here first")
    }))
}
