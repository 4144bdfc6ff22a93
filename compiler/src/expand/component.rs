//! Components, and what their uses expand to.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Decode, Literal, Node, PLANNED, Used, nearest};
use skep_schema::span::{At, Span};
use skep_schema::spec::{Component, STRUCTURE, Use};

use super::each::{EACH, Instance, instances};
use super::load::Loaded;
use super::param::{Signature, add_misspelt, signature, unknown};
use super::scope::{Bound, Params, Place, Scope, Value};
use super::value;
use super::words::{is_known, label, meant, unread};
use crate::context::{Context, FOR_ITEM};
use crate::decode::is_allowance;
use crate::syntax::{Document, NodeRef};

/// Uses inside uses, at most.
const MAX_DEPTH: usize = 16;

/// Nodes that all uses together may make.
const MAX_NODES: usize = 100_000;

/// A component and the syntax of its body.
#[derive(Debug)]
pub(crate) struct Blueprint<'l> {
    name: At<String>,
    /// The import it came with.
    module: Option<&'l str>,
    params: Signature,
    body: Vec<NodeRef<'l>>,
}

/// All components, by the name a project uses them under: `web`, or `obs.logs`.
#[derive(Debug, Default)]
pub(crate) struct Components<'l> {
    all: BTreeMap<String, Blueprint<'l>>,
    /// Names of misspelt `component`s, which are reported as nodes.
    misspelt: BTreeSet<String>,
    /// Imports whose components see nothing but what came with them.
    sealed: BTreeSet<&'l str>,
    /// Imports of whole projects, from which no component comes.
    projects: BTreeSet<&'l str>,
}

impl<'l> Components<'l> {
    /// A component by the name that somebody uses, written in an import or in the project itself.
    fn seen_from(&self, module: Option<&str>, name: &str) -> Option<(String, &Blueprint<'l>)> {
        let inside = module.map(|module| qualified(Some(module), name));
        let outside = match module {
            Some(module) => !self.sealed.contains(module),
            None => true,
        };
        let outside = outside.then(|| name.to_owned()).filter(|name| {
            // What an import imported is its own affair.
            name.matches('.').count() < 2
        });
        let mut names = inside.into_iter().chain(outside);
        names.find_map(|full| self.all.get(&full).map(|found| (full, found)))
    }
}

/// All components of the project and its imports.
pub(crate) fn components<'l>(cx: &mut Context<'_>, loaded: &'l Loaded) -> Components<'l> {
    let mut found = Components::default();
    for node in loaded.shaping().filter(|node| meant(*node) == "component") {
        if is_component(&node) {
            declare(cx, &mut found.all, node, None);
        } else {
            found.misspelt.extend(label(node).map(str::to_owned));
        }
    }
    found.projects = loaded.neighbours.keys().map(String::as_str).collect();
    for (alias, module) in &loaded.modules {
        if module.sealed {
            found.sealed.insert(alias);
        }
        let roots = module.documents.iter().flat_map(Document::roots);
        for node in roots.filter(is_component) {
            declare(cx, &mut found.all, node, Some(alias));
        }
    }
    found
}

fn is_component(node: &NodeRef<'_>) -> bool {
    node.name().text == "component"
}

fn declare<'l>(
    cx: &mut Context<'_>,
    all: &mut BTreeMap<String, Blueprint<'l>>,
    node: NodeRef<'l>,
    module: Option<&'l str>,
) {
    let nothing = Params::new();
    let scope = Scope::fixed(&nothing);
    let (mut head, _) = value::head(cx, &scope, node);
    let (own, body) = node
        .children()
        .partition(|c| matches!(c.name().text, "param" | "doc"));
    let own: Vec<NodeRef<'l>> = own;
    head.children = own
        .into_iter()
        .map(|child| value::node(cx, &scope, child))
        .collect();
    let params: Vec<Node> = head
        .children
        .iter()
        .filter(|c| c.name.value == "param")
        .cloned()
        .collect();
    head.children.retain(|c| c.name.value != "param");
    let Some(component) = Component::decode(&head, &mut cx.decoder) else {
        return;
    };
    refuse_rest(cx, &component.body);
    let name = component.name.map(|name| name.as_str().to_owned());
    let full = qualified(module, &name.value);
    if let Some(first) = all.get(&full) {
        let message = format!("two components are called `{full}`");
        cx.report(
            Diagnostic::new(Code::DeclaredTwice, name.span, message)
                .and(first.name.span, "first here")
                .help("rename one of them"),
        );
        return;
    }
    let mut params = signature(cx, &params);
    if let Some(declared) = params.get(EACH) {
        let message = "no parameter can be called `each`";
        cx.report(
            Diagnostic::new(Code::BadValue, declared.span, message)
                .help("in a use it is the list of items; choose another name"),
        );
    }
    let misspelt = body.iter().copied().filter(|node| meant(*node) == "param");
    add_misspelt(&mut params, misspelt);
    all.insert(
        full,
        Blueprint {
            name,
            module,
            params,
            body,
        },
    );
}

/// A component's own line has a name and nothing else.
fn refuse_rest(cx: &mut Context<'_>, rest: &Node) {
    if let Some(arg) = rest.args.first() {
        let message = "one value too many for `component`";
        cx.report(Diagnostic::new(Code::SurplusArgument, arg.span, message));
    }
    if let Some(prop) = rest.props.first() {
        let word = prop.key.value.as_str();
        cx.report(if PLANNED.contains(&("component", word)) {
            Diagnostic::planned(word, prop.key.span)
        } else {
            let message = format!("`component` knows no `{word}`");
            Diagnostic::new(Code::UnknownProperty, prop.key.span, message)
                .help("parameters are children: param NAME type=string")
        });
    }
}

fn qualified(module: Option<&str>, name: &str) -> String {
    module.map_or_else(|| name.to_owned(), |module| format!("{module}.{name}"))
}

/// What was used of components.
#[derive(Clone, Debug, Default)]
pub(crate) struct Uses {
    /// By component and instance.
    instances: BTreeMap<(String, String), Span>,
    /// Components that were used, by the name they are known under.
    components: BTreeSet<String>,
    /// How many nodes that made.
    nodes: usize,
}

impl Uses {
    pub(crate) fn components(&self) -> impl Iterator<Item = &str> {
        self.components.iter().map(String::as_str)
    }

    pub(crate) fn add_components(&mut self, other: Self) {
        self.components.extend(other.components);
    }

    /// Takes away what was used in a file that is read again.
    pub(crate) fn leave(&mut self, other: &Self) {
        for key in other.instances.keys() {
            self.instances.remove(key);
        }
        self.nodes -= other.nodes;
    }

    /// Adds what was used elsewhere. Whether all of it could have been expanded at once with the
    /// same outcome: no instance is there twice, and the nodes are not too many.
    pub(crate) fn join(&mut self, other: &Self) -> bool {
        let mut apart = true;
        for (key, span) in &other.instances {
            apart &= self.instances.insert(key.clone(), *span).is_none();
        }
        self.nodes += other.nodes;
        apart && self.nodes <= MAX_NODES
    }
}

/// Turns uses into the nodes they stand for.
#[derive(Debug)]
pub(crate) struct Expander<'e, 'l> {
    components: &'e Components<'l>,
    uses: Uses,
    exhausted: bool,
}

/// A use that waits for its expansion.
struct Pending {
    of: Instance,
    /// The import whose components it sees first.
    module: Option<String>,
    /// The components it stands in, the outermost first.
    chain: Vec<String>,
}

impl<'e, 'l> Expander<'e, 'l> {
    pub(crate) fn new(components: &'e Components<'l>) -> Self {
        Self {
            components,
            uses: Uses::default(),
            exhausted: false,
        }
    }

    pub(crate) fn finish(self) -> Uses {
        self.uses
    }

    /// The nodes that a use in the project stands for, uses inside it included.
    pub(crate) fn expand(&mut self, cx: &mut Context<'_>, of: Instance) -> Vec<Node> {
        let mut made = Vec::new();
        let mut open = vec![Pending {
            of,
            module: None,
            chain: Vec::new(),
        }];
        while let Some(mut pending) = open.pop() {
            let Instance { node, item } = &pending.of;
            let (uses, item) = (node.uses.clone(), *item);
            let from = cx.decoder.diagnostics.len();
            made.extend(allowances(&mut pending.of));
            self.step(cx, pending, &mut made, &mut open);
            if let Some(item) = item {
                cx.label(from, item, FOR_ITEM);
            }
            cx.used_at(from, &uses);
        }
        made
    }

    fn step(
        &mut self,
        cx: &mut Context<'_>,
        pending: Pending,
        made: &mut Vec<Node>,
        open: &mut Vec<Pending>,
    ) {
        let of = Use::decode(&pending.of.node, &mut cx.decoder);
        let found = of.and_then(|of| Some((self.find(cx, &of, pending.module.as_deref())?, of)));
        let Some(((name, blueprint), of)) = found else {
            cx.nodes_missing = true;
            return;
        };
        self.uses.components.insert(name.clone());
        if !self.may_expand(cx, &of, &name, &pending.chain) {
            return;
        }
        let params = arguments(cx, &of, &name, blueprint);
        let instance = Literal::Str(of.name.value.as_str().into());
        let scope = Scope {
            place: Place::Component(instance),
            uses: uses_of(&pending.of),
            ..Scope::fixed(&params)
        };
        let mut chain = pending.chain;
        chain.push(name);
        self.instantiate(cx, blueprint, &scope, &chain, made, open);
    }

    /// Evaluates a body. Uses in it wait for their turn, in the order in which they are written.
    fn instantiate(
        &mut self,
        cx: &mut Context<'_>,
        blueprint: &'e Blueprint<'l>,
        scope: &Scope<'_>,
        chain: &[String],
        made: &mut Vec<Node>,
        open: &mut Vec<Pending>,
    ) {
        let mut nested = Vec::new();
        for child in &blueprint.body {
            if !self.afford(cx, *child) {
                return;
            }
            let from = cx.decoder.diagnostics.len();
            let word = child.name().text;
            if !is_known(word) {
                cx.nodes_missing |= !meant(*child).is_empty() && label(*child).is_none();
                made.push(Node {
                    uses: scope.uses.clone(),
                    ..unread(*child)
                });
                continue;
            }
            if word == "use" {
                let wanted = instances(cx, scope, *child);
                nested.extend(wanted.into_iter().map(|of| Pending {
                    of,
                    module: blueprint.module.map(str::to_owned),
                    chain: chain.to_vec(),
                }));
            } else if STRUCTURE.iter().any(|info| info.word == word) {
                cx.report(misplaced(word, child.name().span));
            } else {
                made.push(value::top(cx, scope, *child));
            }
            cx.used_at(from, &scope.uses);
        }
        open.extend(nested.into_iter().rev());
    }

    /// What the project's components make that nothing uses, with nothing known of their
    /// parameters: a mistake in them shows before anybody needs them.
    pub(crate) fn unused(mut self, cx: &mut Context<'_>, used: &BTreeSet<&str>) -> Vec<Node> {
        let mut made = Vec::new();
        for (name, blueprint) in &self.components.all {
            if blueprint.module.is_some() || used.contains(name.as_str()) {
                continue;
            }
            let params = blueprint.params.keys();
            let params: Params = params
                .map(|name| {
                    (
                        name.clone(),
                        Bound {
                            value: Value::unknown(),
                        },
                    )
                })
                .collect();
            let place = Place::Component(Literal::Unknown);
            let scope = Scope {
                place,
                ..Scope::fixed(&params)
            };
            let mut nested = Vec::new();
            self.instantiate(cx, blueprint, &scope, &[], &mut made, &mut nested);
        }
        made
    }

    fn find(
        &self,
        cx: &mut Context<'_>,
        of: &Use,
        module: Option<&str>,
    ) -> Option<(String, &'e Blueprint<'l>)> {
        let name = of.component.value.0.as_str();
        if let Some(found) = self.components.seen_from(module, name) {
            return Some(found);
        }
        if self.components.misspelt.contains(name) {
            return None;
        }
        let known = self.components.all.keys().map(String::as_str);
        let message = format!("there is no component `{name}`");
        let diagnostic = Diagnostic::new(Code::UnknownComponent, of.component.span, message);
        let from = name.split_once('.').map(|(from, _)| from);
        if let Some(project) = from.filter(|from| self.components.projects.contains(from)) {
            let help = format!(
                "`{project}` is a project, of which only what it exports can be used; import the \
                 folder of its components"
            );
            cx.report_absence(diagnostic.help(help));
            return None;
        }
        cx.report_absence(match nearest(name, known) {
            Some(near) => diagnostic.meant(near),
            None => diagnostic.help(format!(
                "declare it, component {name} {{ ... }}, or import it"
            )),
        });
        None
    }

    fn may_expand(&mut self, cx: &mut Context<'_>, of: &Use, name: &str, chain: &[String]) -> bool {
        if let Some(at) = chain.iter().position(|on| on == name) {
            let round: Vec<&str> = chain[at..]
                .iter()
                .map(String::as_str)
                .chain([name])
                .collect();
            let message = format!("these components use each other: {}", round.join(" -> "));
            cx.report(
                Diagnostic::new(Code::ComponentCycle, of.component.span, message)
                    .help("a component cannot contain itself; take this use away"),
            );
            return false;
        }
        if chain.len() >= MAX_DEPTH {
            let message = format!("uses are nested deeper than {MAX_DEPTH}");
            cx.report(Diagnostic::new(Code::TooMuch, of.component.span, message));
            return false;
        }
        if !chain.is_empty() {
            return true;
        }
        let key = (name.to_owned(), of.name.value.as_str().to_owned());
        let Some(first) = self.uses.instances.insert(key, of.name.span) else {
            return true;
        };
        let message = format!("`{name}` is used twice as `{}`", of.name.value);
        let diagnostic = Diagnostic::new(Code::DeclaredTwice, of.name.span, message);
        cx.report(if first == of.name.span {
            diagnostic.help("build the name from the item: (fmt)\"${each}-...\"")
        } else {
            diagnostic
                .label("again here")
                .and(first, "first here")
                .help("give one of them another name")
        });
        false
    }

    /// Counts the nodes an expansion makes; too many are reported once.
    fn afford(&mut self, cx: &mut Context<'_>, body: NodeRef<'_>) -> bool {
        self.uses.nodes += body.descendant_count() + 1;
        if self.uses.nodes > MAX_NODES && !self.exhausted {
            self.exhausted = true;
            let message = format!("the uses of this project make more than {MAX_NODES} nodes");
            cx.report(
                Diagnostic::new(Code::TooMuch, body.head_span(), message).help("split the project"),
            );
        }
        !self.exhausted
    }
}

/// The uses that lead into a component, this one the last.
fn uses_of(of: &Instance) -> Vec<Used> {
    let mut uses = of.node.uses.clone();
    uses.push(Used {
        at: of.node.span,
        item: of.item,
    });
    uses
}

/// Takes every `allow` out of a use: it is said of what the use makes, and is no argument.
fn allowances(of: &mut Instance) -> Vec<Node> {
    let uses = uses_of(of);
    let said = of.node.children.extract_if(.., |child| is_allowance(child));
    let within = |node| Node {
        uses: uses.clone(),
        ..node
    };
    said.map(within).collect()
}

fn misplaced(word: &str, span: Span) -> Diagnostic {
    Diagnostic::new(
        Code::UnknownNode,
        span,
        format!("`{word}` cannot stand in a component"),
    )
    .help("a component holds the nodes that each use makes")
}

/// What a use gives, checked against what the component takes.
fn arguments(cx: &mut Context<'_>, of: &Use, name: &str, blueprint: &Blueprint<'_>) -> Params {
    let given = by_word(cx, of, name, &blueprint.params);
    let mut params = Params::new();
    for (word, declared) in &blueprint.params {
        let value = match given.get(word) {
            Some(node) => declared.given(cx, node),
            None => declared.fallback().unwrap_or_else(|| {
                if !is_misspelt(of, &blueprint.params, word) {
                    cx.report(not_given(of, name, word, declared.span));
                }
                Value::unknown()
            }),
        };
        params.insert(word.clone(), Bound { value });
    }
    params
}

/// Whether an argument is probably there under a name that was refused.
fn is_misspelt(of: &Use, params: &Signature, word: &str) -> bool {
    let props = of.given.props.iter().map(|p| p.key.value.as_str());
    let mut written = props.chain(of.given.children.iter().map(|c| c.name.value.as_str()));
    let near = |w: &str| nearest(w, params.keys().map(String::as_str)) == Some(word);
    written.any(|w| !params.contains_key(w) && near(w))
}

fn not_given(of: &Use, component: &str, word: &str, declared: Span) -> Diagnostic {
    let message = format!("`use {component} {}` gives no `{word}`", of.name.value);
    Diagnostic::new(Code::UnsetParam, of.span, message)
        .label(format!("`{word}` is missing"))
        .and(declared, "the component asks for it here")
        .help(format!("write `{word} VALUE` in the use"))
}

/// The arguments of a use, each as a child; unknown ones are reported.
fn by_word(
    cx: &mut Context<'_>,
    of: &Use,
    component: &str,
    params: &Signature,
) -> BTreeMap<String, Node> {
    for arg in &of.given.args {
        let message = "one value too many for `use`";
        cx.report(
            Diagnostic::new(Code::SurplusArgument, arg.span, message)
                .help("arguments have names: use COMPONENT NAME { PARAM VALUE }"),
        );
    }
    let mut all: BTreeMap<String, Node> = BTreeMap::new();
    let props = of.given.props.iter().map(|prop| {
        let mut node = Node::bare(&prop.key.value, prop.key.span);
        node.args.push(prop.value.clone());
        node
    });
    for node in props.chain(of.given.children.iter().cloned()) {
        let word = node.name.value.clone();
        if !params.contains_key(word.as_str()) {
            let message = format!("the component `{component}` has no parameter `{word}`");
            let known = params.keys().map(String::as_str).chain([EACH]);
            cx.report(unknown(message, &word, known, node.name.span));
        } else if let Some(first) = all.get(word.as_str()) {
            let message = format!("`{word}` is given twice");
            cx.report(
                Diagnostic::new(Code::WrittenTwice, node.name.span, message)
                    .label("again here")
                    .and(first.name.span, "first here")
                    .help("keep one of them"),
            );
        } else {
            all.insert(word.into(), node);
        }
    }
    all
}
