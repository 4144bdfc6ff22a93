//! Environments: which one is chosen, and what it changes.

use std::collections::BTreeMap;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Decode, Node, nearest};
use skep_schema::span::Span;
use skep_schema::spec::{Environment, Set};

use super::load::Loaded;
use super::param::{Signature, unknown};
use super::scope::{Params, Scope};
use super::value;
use crate::context::Context;
use crate::syntax::NodeRef;
use crate::words::there_are;

/// All environments of a project by name; one that is declared twice is reported.
pub(crate) fn environments<'l>(
    cx: &mut Context<'_>,
    loaded: &'l Loaded,
) -> BTreeMap<String, NodeRef<'l>> {
    let nothing = Params::new();
    let mut all: BTreeMap<String, NodeRef<'l>> = BTreeMap::new();
    for node in loaded.shaping().filter(|n| n.name().text == "environment") {
        let (head, _) = value::head(cx, &Scope::fixed(&nothing), node);
        let Some(environment) = Environment::decode(&head, &mut cx.decoder) else {
            continue;
        };
        let name = environment.name.value.as_str().to_owned();
        if let Some(first) = all.get(&name) {
            let message = format!("two environments are called `{name}`");
            cx.report(
                Diagnostic::new(Code::DeclaredTwice, environment.name.span, message)
                    .label("again here")
                    .and(first.head_span(), "first here")
                    .help("write both as one"),
            );
            continue;
        }
        all.insert(name, node);
    }
    all
}

/// The environment asked for; one that nobody declares is reported.
pub(crate) fn chosen<'l>(
    cx: &mut Context<'_>,
    all: &BTreeMap<String, NodeRef<'l>>,
    head: Span,
) -> Option<NodeRef<'l>> {
    let name = cx.inputs().environment.clone()?;
    if let Some(node) = all.get(&name) {
        return Some(*node);
    }
    let message = format!("there is no environment `{name}`, as given with -e");
    let diagnostic = Diagnostic::new(Code::UnknownEnvironment, head, message);
    let known: Vec<&str> = all.keys().map(String::as_str).collect();
    cx.report(
        match (nearest(&name, known.iter().copied()), known.as_slice()) {
            (Some(near), _) => diagnostic
                .label(format!("did you mean `{near}`?"))
                .help(format!("write -e {near}")),
            (None, []) => diagnostic.help(format!("declare it: environment {name} {{ ... }}")),
            (None, all) => diagnostic.help(there_are(all.iter().copied())),
        },
    );
    None
}

/// The parameters an environment sets. They are read before any parameter has a value.
pub(crate) fn sets(
    cx: &mut Context<'_>,
    scope: &Scope<'_>,
    environment: NodeRef<'_>,
    declared: &Signature,
) -> BTreeMap<String, Node> {
    let mut all: BTreeMap<String, Node> = BTreeMap::new();
    for child in environment.children().filter(|c| c.name().text == "set") {
        let node = value::node(cx, scope, child);
        let Some(set) = Set::decode(&node, &mut cx.decoder) else {
            continue;
        };
        let name = set.param.value.0;
        if !declared.contains_key(&name) {
            let message = format!("there is no parameter `{name}`");
            let known = declared.keys().map(String::as_str);
            cx.report_absence(unknown(message, &name, known, set.param.span));
        } else if let Some(first) = all.get(&name) {
            let message = format!("`{name}` is set twice");
            cx.report(
                Diagnostic::new(Code::WrittenTwice, set.param.span, message)
                    .label("again here")
                    .and(first.span, "first here")
                    .help("keep one of them"),
            );
        } else {
            all.insert(name, set.value);
        }
    }
    all
}

/// What an environment changes beside parameters.
pub(crate) fn changes(
    cx: &mut Context<'_>,
    scope: &Scope<'_>,
    environment: NodeRef<'_>,
) -> Option<Environment> {
    let (mut node, _) = value::head(cx, scope, environment);
    let others = environment.children().filter(|c| c.name().text != "set");
    node.children = others.map(|child| value::top(cx, scope, child)).collect();
    Environment::decode(&node, &mut cx.decoder)
}
