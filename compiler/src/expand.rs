//! From syntax to the nodes that are left when includes, parameters, components, environments and
//! annotated values have done their work.

mod component;
mod each;
mod environment;
mod fits;
mod fmt;
mod form;
mod import;
mod load;
mod merge;
mod neighbour;
mod nodes;
mod order;
mod param;
mod path;
mod reading;
mod scope;
mod sheet;
mod test;
mod touch;
mod value;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::lang::{Decode, Literal, Node};
use skep_schema::spec::{Add, Defaults, Environment, Test};
use skep_schema::value::Value as Plain;

pub(crate) use component::Uses;
use component::{Components, Expander, components};
use environment::{chosen, environments};
pub(crate) use nodes::Laid;
use nodes::{Extent, Nodes};
use scope::{Bound, Params, Place, Scope, Value};
use words::{is_known, meant, unread};

use crate::context::{Context, Made};
use crate::syntax::{Document, NodeRef};

pub(crate) use load::{Loaded, load};
pub(crate) use neighbour::Neighbour;
pub(crate) use reading::{Part, Readings};
pub(crate) use value::{literal, put};
pub(crate) use words::{all as top_level_words, label};

/// What shapes the nodes of a project in one environment, whichever file they are written in.
#[derive(Debug)]
pub(crate) struct Frame<'l> {
    /// All environments of the project.
    pub(crate) environments: Vec<String>,
    /// All its parameters, with and without a value.
    pub(crate) parameters: Vec<String>,
    /// The values the parameters have, as the plan records them.
    pub(crate) params: BTreeMap<String, Plain>,
    pub(crate) tests: Vec<Test>,
    bound: Params,
    /// What `env.name` stands for.
    environment: Option<Literal>,
    components: Components<'l>,
    defaults: BTreeMap<&'static str, Defaults>,
    changes: Option<Environment>,
}

/// What some of a project's top-level nodes stand for: nodes without anything to evaluate.
#[derive(Debug)]
pub(crate) struct Portion {
    pub(crate) nodes: Vec<Node>,
    pub(crate) uses: Uses,
    pub(crate) laid: Laid,
}

/// Reads what holds for all nodes of a project in one environment.
pub(crate) fn frame<'l>(cx: &mut Context<'_>, loaded: &'l Loaded) -> Frame<'l> {
    let environments = environments(cx, loaded);
    let environment = chosen(cx, &environments, loaded.head);
    let bound = bind(cx, loaded, environment);
    let name = name_of_environment(cx);
    let scope = scope(&bound, name.clone());
    Frame {
        components: components(cx, loaded),
        tests: test::tests(cx, loaded, &scope),
        changes: environment.and_then(|node| environment::changes(cx, &scope, node)),
        defaults: defaults(cx, loaded, &scope),
        environments: environments.into_keys().collect(),
        parameters: bound.keys().cloned().collect(),
        params: plain_values(&bound),
        environment: name,
        bound,
    }
}

impl Frame<'_> {
    /// Runs the phases between syntax and decoding, in their fixed order, for a whole project.
    pub(crate) fn expand(&self, cx: &mut Context<'_>, roots: &[NodeRef<'_>]) -> Portion {
        self.expand_some(cx, roots, self.additions(), Extent::Whole)
    }

    /// The same for some of the roots.
    pub(crate) fn expand_part(&self, cx: &mut Context<'_>, roots: &[NodeRef<'_>]) -> Portion {
        self.expand_some(cx, roots, &[], Extent::Part)
    }

    /// The same for what the environment adds.
    pub(crate) fn expand_additions(&self, cx: &mut Context<'_>) -> Portion {
        self.expand_some(cx, &[], self.additions(), Extent::Part)
    }

    fn additions(&self) -> &[Add] {
        self.changes.as_ref().map_or(&[], |changes| &changes.add)
    }

    fn expand_some(
        &self,
        cx: &mut Context<'_>,
        roots: &[NodeRef<'_>],
        additions: &[Add],
        extent: Extent,
    ) -> Portion {
        let scope = scope(&self.bound, self.environment.clone());
        let mut expander = Expander::new(&self.components);
        let mut nodes = Nodes::of(own_nodes(cx, roots, &scope, &mut expander));
        nodes.extend(cx, additions);
        nodes.defaults(cx, &self.defaults);
        let changes = self.changes.as_ref();
        let laid = changes.map(|changes| nodes.change(cx, changes, extent));
        let nodes = nodes.finish();
        cx.made.extend(nodes.iter().filter_map(Made::of));
        Portion {
            nodes,
            uses: expander.finish(),
            laid: laid.unwrap_or_default(),
        }
    }

    /// What components make that are not among those that are used: looked at for mistakes, and for nothing else.
    pub(crate) fn unused(&self, cx: &mut Context<'_>, used: &BTreeSet<&str>) -> Vec<Node> {
        Expander::new(&self.components).unused(cx, used)
    }
}

/// The top-level nodes that stand for nodes of the spec, and those that the test in the inputs
/// brings.
pub(crate) fn all_roots<'l>(cx: &Context<'_>, loaded: &'l Loaded) -> Vec<NodeRef<'l>> {
    let given = test::given(loaded, cx.inputs().test.as_deref());
    let own = loaded.documents().flat_map(roots_of);
    own.chain(given).collect()
}

/// The top-level nodes of a file that stand for nodes of the spec.
pub(crate) fn roots_of(file: &Document) -> impl Iterator<Item = NodeRef<'_>> {
    file.roots().filter(makes_nodes)
}

fn scope(params: &Params, environment: Option<Literal>) -> Scope<'_> {
    Scope {
        place: Place::Project,
        environment,
        ..Scope::fixed(params)
    }
}

/// Whether a top-level node stands for nodes of the spec, and does not shape the others.
fn makes_nodes(root: &NodeRef<'_>) -> bool {
    !matches!(
        root.name().text,
        "project"
            | "param"
            | "component"
            | "environment"
            | "defaults"
            | "include"
            | "import"
            | "test"
    )
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
        .shaping()
        .filter(|n| n.name().text == "param")
        .map(|param| value::node(cx, &scope, param))
        .collect();
    let mut signature = param::signature(cx, &declared);
    let is_misspelt = |node: &NodeRef<'_>| node.name().text != "param" && meant(*node) == "param";
    param::add_misspelt(&mut signature, loaded.shaping().filter(is_misspelt));
    let sets = environment
        .map(|node| environment::sets(cx, &scope, node, &signature))
        .unwrap_or_default();
    param::bind(cx, &signature, &sets, loaded.head)
}

/// The nodes that roots stand for: themselves, or what their uses make.
fn own_nodes(
    cx: &mut Context<'_>,
    roots: &[NodeRef<'_>],
    scope: &Scope<'_>,
    expander: &mut Expander<'_, '_>,
) -> Vec<Node> {
    let mut all = Vec::with_capacity(roots.len());
    for root in roots.iter().copied() {
        match root.name().text {
            "use" => {
                for instance in each::instances(cx, scope, root) {
                    all.extend(expander.expand(cx, instance));
                }
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

fn defaults(
    cx: &mut Context<'_>,
    loaded: &Loaded,
    scope: &Scope<'_>,
) -> BTreeMap<&'static str, Defaults> {
    let mut all = Vec::new();
    for root in loaded.shaping().filter(|n| n.name().text == "defaults") {
        let node = value::top(cx, scope, root);
        all.extend(Defaults::decode(&node, &mut cx.decoder));
    }
    nodes::defaults(cx, all)
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
