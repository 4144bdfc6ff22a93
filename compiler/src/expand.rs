//! From syntax to the nodes that are left when includes, parameters, components, environments and
//! annotated values have done their work.

mod component;
mod environment;
mod fits;
mod fmt;
mod import;
mod load;
mod merge;
mod neighbour;
mod param;
mod path;
mod scope;
mod test;
mod value;
mod words;

use std::collections::BTreeMap;

use skep_schema::lang::{Decode, Literal, Node};
use skep_schema::spec::{Defaults, Project, Test};
use skep_schema::value::Value as Plain;

use component::{Expander, components};
use environment::{Nodes, chosen, environments};
use scope::{Bound, Params, Place, Scope, Value};
use words::{is_known, meant, unread};

use crate::context::Context;
use crate::syntax::NodeRef;

pub(crate) use load::{Loaded, load};
pub(crate) use neighbour::Neighbour;
pub(crate) use words::all as top_level_words;

/// A project in one environment, as nodes without anything to evaluate.
#[derive(Debug)]
pub(crate) struct Expanded {
    pub(crate) project: Option<Project>,
    /// All environments of the project.
    pub(crate) environments: Vec<String>,
    /// The values the parameters have, as the plan records them.
    pub(crate) params: BTreeMap<String, Plain>,
    pub(crate) nodes: Vec<Node>,
    /// What components make that nothing uses: looked at for mistakes, and for nothing else.
    pub(crate) unused: Vec<Node>,
    pub(crate) tests: Vec<Test>,
}

/// Runs the phases between syntax and decoding, in their fixed order.
pub(crate) fn expand(cx: &mut Context<'_>, loaded: &Loaded) -> Expanded {
    let environments = environments(cx, loaded);
    let environment = chosen(cx, &environments, loaded.head);
    let params = bind(cx, loaded, environment);
    let scope = Scope {
        place: Place::Project,
        environment: name_of_environment(cx),
        ..Scope::fixed(&params)
    };
    let components = components(cx, loaded);
    let mut expander = Expander::new(&components);
    let tests = test::tests(cx, loaded, &scope);
    let mut nodes = Nodes::of(own_nodes(cx, loaded, &scope, &mut expander));
    let changes = environment.and_then(|node| environment::changes(cx, &scope, node));
    if let Some(changes) = &changes {
        nodes.extend(cx, &changes.add);
    }
    let defaults = defaults(cx, loaded, &scope);
    nodes.defaults(cx, defaults);
    if let Some(changes) = changes {
        nodes.change(cx, changes);
    }
    Expanded {
        project: loaded.project.clone(),
        environments: environments.into_keys().collect(),
        params: plain_values(&params),
        nodes: nodes.finish(),
        unused: expander.unused(cx),
        tests,
    }
}

/// All environments of a project, in order of name.
pub(crate) fn names_of_environments(cx: &mut Context<'_>, loaded: &Loaded) -> Vec<String> {
    environments(cx, loaded).into_keys().collect()
}

/// The name `env.name` stands for. Where parameters may be unset, so may be the environment.
fn name_of_environment(cx: &Context<'_>) -> Option<Literal> {
    let inputs = cx.inputs();
    match &inputs.environment {
        Some(name) => Some(Literal::Str(name.into())),
        None => inputs.allow_unset_params.then_some(Literal::Unknown),
    }
}

fn bind(cx: &mut Context<'_>, loaded: &Loaded, environment: Option<NodeRef<'_>>) -> Params {
    let nothing = Params::new();
    let scope = Scope {
        place: Place::Inputs,
        environment: name_of_environment(cx),
        ..Scope::fixed(&nothing)
    };
    let declared: Vec<Node> = loaded
        .roots()
        .filter(|n| n.name().text == "param")
        .map(|param| value::node(cx, &scope, param))
        .collect();
    let mut signature = param::signature(cx, &declared);
    let is_misspelt = |node: &NodeRef<'_>| node.name().text != "param" && meant(*node) == "param";
    param::add_misspelt(&mut signature, loaded.roots().filter(is_misspelt));
    let sets = environment
        .map(|node| environment::sets(cx, &scope, node, &signature))
        .unwrap_or_default();
    param::bind(cx, &signature, &sets, loaded.head)
}

/// The project's own nodes, and those its uses stand for.
fn own_nodes(
    cx: &mut Context<'_>,
    loaded: &Loaded,
    scope: &Scope<'_>,
    expander: &mut Expander<'_, '_>,
) -> Vec<Node> {
    let mut all = Vec::new();
    let given = test::given(loaded, cx.inputs().test.as_deref());
    for root in loaded.roots().chain(given) {
        match root.name().text {
            "project" | "param" | "component" | "environment" | "defaults" | "include"
            | "import" | "test" => {}
            "use" => {
                let node = value::node(cx, scope, root);
                all.extend(expander.expand(cx, node));
            }
            word if is_known(word) => all.push(value::top(cx, scope, root)),
            _ => {
                cx.nodes_missing |= matches!(meant(root), "component" | "use");
                all.push(unread(root));
            }
        }
    }
    all
}

fn defaults(cx: &mut Context<'_>, loaded: &Loaded, scope: &Scope<'_>) -> Vec<Defaults> {
    let mut all = Vec::new();
    for root in loaded.roots().filter(|n| n.name().text == "defaults") {
        let node = value::top(cx, scope, root);
        all.extend(Defaults::decode(&node, &mut cx.decoder));
    }
    all
}

/// The parameters' values for the plan's header; those without one are left out.
fn plain_values(params: &Params) -> BTreeMap<String, Plain> {
    let plain = |(name, bound): (&String, &Bound)| Some((name.clone(), plain(&bound.value)?));
    params.iter().filter_map(plain).collect()
}

fn plain(value: &Value) -> Option<Plain> {
    match value {
        Value::One(literal) => plain_literal(literal),
        Value::List(items) => Some(Plain::List(
            items
                .iter()
                .filter_map(|item| plain_literal(&item.value))
                .collect(),
        )),
        Value::Map(entries) => Some(Plain::Map(
            entries
                .iter()
                .filter_map(|e| Some((e.key.value.to_string(), plain_literal(&e.value.value)?)))
                .collect(),
        )),
        Value::Absent => None,
    }
}

fn plain_literal(literal: &Literal) -> Option<Plain> {
    match literal {
        Literal::Null => Some(Plain::Null),
        Literal::Bool(flag) => Some(Plain::Bool(*flag)),
        Literal::Int(int) => Some(Plain::Int(*int)),
        Literal::Float(text) | Literal::Str(text) => Some(Plain::Text(text.to_string())),
        Literal::Text(template) => Some(Plain::Text(template.to_string())),
        Literal::Secret(name) => Some(Plain::Text(format!("${{secret.{name}}}"))),
        Literal::Unknown => None,
    }
}
