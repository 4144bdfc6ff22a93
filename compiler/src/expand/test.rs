//! Tests of the project: what they say, and the nodes that one of them brings.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Decode, Node};
use skep_schema::spec::{STRUCTURE, Test};

use super::load::Loaded;
use super::scope::Scope;
use super::value;
use super::words::label;
use crate::context::Context;
use crate::syntax::NodeRef;

/// The tests of the project. What is in `given` is left for when its test runs: it may be wrong on
/// purpose.
pub(super) fn tests(cx: &mut Context<'_>, loaded: &Loaded, scope: &Scope<'_>) -> Vec<Test> {
    let mut all = Vec::new();
    for root in loaded.shaping().filter(|n| n.name().text == "test") {
        let (mut node, _) = value::head(cx, scope, root);
        for child in root.children() {
            if child.name().text == "given" {
                refuse_structure(cx, child);
                node.children.push(Node::bare("given", child.name().span));
            } else {
                node.children.push(value::node(cx, scope, child));
            }
        }
        all.extend(Test::decode(&node, &mut cx.decoder));
    }
    all
}

/// The nodes that a test brings.
pub(super) fn given<'l>(
    loaded: &'l Loaded,
    test: Option<&str>,
) -> impl Iterator<Item = NodeRef<'l>> {
    let is_it = move |root: &NodeRef<'_>| {
        root.name().text == "test" && test.is_some() && label(*root) == test
    };
    let mine: Vec<NodeRef<'l>> = loaded.shaping().filter(is_it).collect();
    mine.into_iter()
        .flat_map(NodeRef::children)
        .filter(|child| child.name().text == "given")
        .flat_map(NodeRef::children)
}

fn refuse_structure(cx: &mut Context<'_>, given: NodeRef<'_>) {
    for child in given.children() {
        let word = child.name().text;
        let is_structure = STRUCTURE.iter().any(|info| info.word == word) || word == "import";
        if is_structure && word != "use" {
            let message = format!("`{word}` cannot stand in `given`");
            cx.report(
                Diagnostic::new(Code::UnknownNode, child.name().span, message)
                    .help("a test brings nodes and uses of components; write this beside the test"),
            );
        }
    }
}
