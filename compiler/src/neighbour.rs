//! What other projects export becomes part of a spec: external nodes under the name of the import.
//!
//! Of another project only names, ports and networks count. A service is named `db.postgres` here; it
//! is the other stack's, so nothing of it is ever applied or owned by this one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic, Severity};
use skep_schema::lang::{Arg, Decode, Decoder, Literal, Node, Prop, nearest};
use skep_schema::plan::stack_name;
use skep_schema::span::{At, Span};
use skep_schema::spec::{Declared, Network, Service, Spec};

use crate::context::Context;
use crate::decode::{Decoded, decode};
use crate::expand::{self, Loaded, Neighbour, all_roots, frame};
use crate::graph::Graph;
use crate::lower;
use crate::resolve::ENGINE_NETWORKS;
use crate::source::Inputs;
use crate::world::name;

/// What another project lets this one see, and what it keeps.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    /// How it was imported, `../db`, and where.
    pub(crate) from: At<String>,
    /// The stack that is meant, `db@prod`.
    pub(crate) stack: String,
    pub(crate) exported: BTreeSet<Address>,
    /// All its services and networks, and where they are declared.
    declared: BTreeMap<Address, Span>,
    /// The first thing that is wrong there, which may be why something is missing.
    wrong: Option<(Span, String)>,
}

/// Adds to a spec what the projects export that it imports.
pub(crate) fn join(cx: &mut Context<'_>, loaded: &Loaded, spec: &mut Spec) {
    let mut known = BTreeMap::new();
    for (alias, neighbour) in &loaded.neighbours {
        let inputs = inputs(cx, neighbour);
        let theirs = read(cx, neighbour, &inputs);
        for address in &theirs.interface.exported {
            theirs.put(spec, alias, address);
        }
        known.insert(alias.clone(), theirs.interface);
    }
    cx.neighbours = Arc::new(known);
}

/// Takes away what nothing refers to, so that only what is used shows in a plan, and notes whose the rest
/// is.
pub(crate) fn settle(cx: &Context<'_>, spec: &mut Spec, graph: &mut Graph) {
    if cx.neighbours.is_empty() {
        return;
    }
    let is_unused =
        |address: &&Address| interface_of(cx, address).is_some() && !graph.is_used(address);
    let unused: BTreeSet<Address> = graph.addresses().filter(is_unused).cloned().collect();
    let is_used = |kind, name: &String| !unused.contains(&Address::new(kind, name));
    spec.services.retain(|name, _| is_used(Kind::Service, name));
    spec.networks.retain(|name, _| is_used(Kind::Network, name));
    for address in &unused {
        graph.remove(address);
    }
    let all: Vec<Address> = graph.addresses().cloned().collect();
    for address in all {
        if let Some(interface) = interface_of(cx, &address) {
            graph.belongs(address, &interface.stack);
        }
    }
}

/// The project that a node was imported from.
pub(crate) fn interface_of<'c>(cx: &'c Context<'_>, address: &Address) -> Option<&'c Interface> {
    if !matches!(address.kind, Kind::Service | Kind::Network) {
        return None;
    }
    let (alias, _) = address.name.split_once('.')?;
    cx.neighbours.get(alias)
}

/// What is wrong with a reference to a node that an imported project does not export.
pub(crate) fn absent(cx: &Context<'_>, kind: Kind, name: &str, span: Span) -> Option<Diagnostic> {
    let (alias, inner) = name.split_once('.')?;
    let interface = cx.neighbours.get(alias)?;
    let from = &interface.from;
    if let Some(place) = interface.declared.get(&Address::new(kind, inner)) {
        let message = format!("`{}` does not export the {kind} `{inner}`", from.value);
        let help = format!("write `export {kind}.{inner}` in the project it is declared in");
        return Some(
            Diagnostic::new(Code::NotExported, span, message)
                .and(*place, "declared here")
                .help(help),
        );
    }
    let message = format!("`{}` has no {kind} called `{inner}`", from.value);
    let known = interface.exported.iter().filter(|a| a.kind == kind);
    let known: Vec<&str> = known.map(|a| a.name.as_str()).collect();
    let mut diagnostic =
        Diagnostic::new(Code::UnknownName, span, message).and(from.span, "imported here");
    if let Some((place, message)) = &interface.wrong {
        diagnostic = diagnostic.and(*place, message.clone());
    }
    Some(match nearest(inner, known.iter().copied()) {
        Some(near) => diagnostic.help(format!("write `{alias}.{near}`")),
        None if known.is_empty() => diagnostic.help(format!("it exports no {kind}")),
        None => diagnostic.help(format!("it exports {}", known.join(", "))),
    })
}

/// The inputs another project is looked at with: the environment that is asked for, or that of the
/// same name, or none where it has no such.
fn inputs(cx: &mut Context<'_>, neighbour: &Neighbour) -> Inputs {
    let known = expand::names_of_environments(&mut cx.clone(), &neighbour.loaded);
    let is_known = |name: &str| known.iter().any(|known| known == name);
    let asked = neighbour.environment.as_ref();
    if let Some(asked) = asked.filter(|asked| !is_known(asked.value.as_str())) {
        let message = format!("`{}` has no environment `{}`", neighbour.from, asked.value);
        let diagnostic = Diagnostic::new(Code::UnknownEnvironment, asked.span, message);
        cx.report(
            match nearest(asked.value.as_str(), known.iter().map(String::as_str)) {
                Some(near) => diagnostic.help(format!("write environment={near}")),
                None => diagnostic.help("leave it out to mean the project without an environment"),
            },
        );
    }
    let same = cx.inputs().environment.clone();
    let environment = asked.map(|asked| asked.value.as_str().to_owned());
    Inputs {
        environment: environment.or(same).filter(|name| is_known(name)),
        allow_unset_params: true,
        ..Inputs::default()
    }
}

/// Another project in one environment.
struct Theirs {
    interface: Interface,
    spec: Spec,
    /// The names in the swarm.
    names: BTreeMap<Address, String>,
}

fn read(cx: &mut Context<'_>, neighbour: &Neighbour, inputs: &Inputs) -> Theirs {
    let mut apart = cx.with_inputs(inputs);
    apart.decoder = Decoder::default();
    apart.lock.clone_from(&neighbour.lock);
    let frame = frame(&mut apart, &neighbour.loaded);
    let roots = all_roots(&apart, &neighbour.loaded);
    let nodes = frame.expand(&mut apart, &roots).nodes;
    let Decoded { mut spec, .. } = decode(&mut apart, nodes);
    name(&mut spec, &apart, &neighbour.loaded, Vec::new());
    let names = lower::names_in_swarm(&spec, &mut apart);
    let wrong = apart.decoder.diagnostics.iter();
    let wrong = wrong
        .filter(|d| d.severity == Severity::Error)
        .map(|d| (d.primary.span, d.message.clone()))
        .next();
    let services = spec.services.iter();
    let services = services.map(|(name, node)| (Address::new(Kind::Service, name), node.name));
    let networks = spec.networks.iter();
    let networks = networks.map(|(name, node)| (Address::new(Kind::Network, name), node.name));
    let declared: BTreeMap<Address, Span> = services.chain(networks).collect();
    let exports = spec.exports.iter().flat_map(|export| &export.node.nodes);
    let exported = exports
        .map(|address| address.value.0.clone())
        .filter(|address| declared.contains_key(address) && names.contains_key(address));
    let interface = Interface {
        from: At::new(neighbour.from.clone(), neighbour.span),
        stack: stack_name(&spec.project, spec.environment.as_deref()),
        exported: exported.collect(),
        declared,
        wrong,
    };
    cx.sources = apart.sources;
    cx.roots = apart.roots;
    cx.wanted = apart.wanted;
    Theirs {
        interface,
        spec,
        names,
    }
}

impl Theirs {
    /// Declares an exported node in a spec that imports it.
    fn put(&self, spec: &mut Spec, alias: &str, address: &Address) {
        let name = format!("{alias}.{}", address.name);
        let physical = &self.names[address];
        match address.kind {
            Kind::Service => {
                let node = &self.spec.services[&address.name];
                let service = self.service(spec, alias, node, physical);
                spec.services.extend(service.map(|service| (name, service)));
            }
            Kind::Network => {
                let node = &self.spec.networks[&address.name];
                spec.networks
                    .extend(network(node, physical).map(|network| (name, network)));
            }
            Kind::Node
            | Kind::Param
            | Kind::Volume
            | Kind::Secret
            | Kind::Config
            | Kind::Certificate
            | Kind::Registry
            | Kind::Gateway
            | Kind::Route
            | Kind::Flow => {}
        }
    }

    /// Their service as this stack knows it: a name, ports, and the networks it can be met on.
    fn service(
        &self,
        spec: &Spec,
        alias: &str,
        theirs: &Declared<Service>,
        physical: &str,
    ) -> Option<Declared<Service>> {
        let place = theirs.name;
        let mut node = named("service", theirs.node.name.value.as_str(), place);
        let mut external = Node::bare("external", place);
        external
            .props
            .push(prop("stack", &self.interface.stack, place));
        node.children.push(external);
        node.props.push(prop("name", physical, place));
        let joined = lower::network::of_service(&theirs.node);
        let joined = joined.into_iter().map(|name| {
            let here = self.network_here(spec, alias, name);
            named("network", &here, place)
        });
        node.children.extend(joined);
        let mut service = Service::decode(&node, &mut Decoder::default())?;
        service.port.clone_from(&theirs.node.port);
        Some(imported(service, theirs))
    }

    /// What one of their networks is called here: the name this spec has for it, or one behind the
    /// import's, which nothing has where it is not exported.
    fn network_here(&self, spec: &Spec, alias: &str, name: &str) -> String {
        if ENGINE_NETWORKS.contains(&name) {
            return name.to_owned();
        }
        let physical = self.names.get(&Address::new(Kind::Network, name));
        let is_same = |(here, network): &(&String, &Declared<Network>)| {
            let external = network
                .node
                .external
                .as_ref()
                .is_some_and(|flag| flag.value);
            let written = network.node.physical.as_ref();
            let known = written.map_or(here.as_str(), |name| name.value.as_str());
            external && Some(known) == physical.map(String::as_str)
        };
        let known = spec.networks.iter().find(is_same);
        known.map_or_else(|| format!("{alias}.{name}"), |(here, _)| here.clone())
    }
}

fn network(theirs: &Declared<Network>, physical: &str) -> Option<Declared<Network>> {
    let place = theirs.name;
    let mut node = named("network", theirs.node.name.value.as_str(), place);
    node.children.push(Node::bare("external", place));
    node.props.push(prop("name", physical, place));
    let network = Network::decode(&node, &mut Decoder::default())?;
    Some(imported(network, theirs))
}

fn imported<T>(node: T, from: &Declared<T>) -> Declared<T> {
    Declared {
        node: Arc::new(node),
        name: from.name,
        uses: Vec::new(),
        partial: from.partial,
    }
}

fn named(word: &str, name: &str, place: Span) -> Node {
    let mut node = Node::bare(word, place);
    node.args.push(text(name, place));
    node
}

fn prop(word: &str, value: &str, place: Span) -> Prop {
    Prop {
        key: At::new(word.into(), place),
        value: text(value, place),
    }
}

fn text(text: &str, place: Span) -> Arg {
    Arg {
        value: Literal::Str(text.into()),
        span: place,
    }
}
