//! What the author wrote, typed. Each kind of node is declared here once.

mod allow;
mod config;
mod flow;
mod gateway;
mod identity;
mod network;
mod node;
mod policy;
mod project;
mod route;
mod service;
mod test;
mod values;

pub use allow::*;
pub use config::*;
pub use flow::*;
pub use gateway::*;
pub use identity::*;
pub use network::*;
pub use node::*;
pub use policy::*;
pub use project::*;
pub use route::*;
pub use service::*;
pub use test::*;
pub use values::*;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::address::Kind;
use crate::lang::{Decode, NodeInfo, Used};
use crate::span::{At, Span};

/// A declaration with its place and the uses of components that led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared<T> {
    /// Apart, since a map moves what it holds, and a service is some kilobytes; shared by the
    /// compiles between which it did not change.
    pub node: Arc<T>,
    /// The place of the name.
    pub name: Span,
    pub uses: Vec<Used>,
    /// A value of it is unknown, or was wrong and has been reported: what seems to be missing in
    /// it is not to be reported.
    pub partial: bool,
}

/// A project in one environment, expanded and typed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spec {
    pub project: String,
    pub environment: Option<String>,
    pub edition: u16,
    pub nodes: BTreeMap<String, Declared<SwarmNode>>,
    pub networks: BTreeMap<String, Declared<Network>>,
    pub volumes: BTreeMap<String, Declared<Volume>>,
    pub secrets: BTreeMap<String, Declared<Secret>>,
    pub configs: BTreeMap<String, Declared<Config>>,
    pub certificates: BTreeMap<String, Declared<Certificate>>,
    pub registries: BTreeMap<String, Declared<Registry>>,
    pub services: BTreeMap<String, Declared<Service>>,
    pub gateways: BTreeMap<String, Declared<Gateway>>,
    /// By their first host.
    pub routes: BTreeMap<String, Declared<Route>>,
    pub flows: BTreeMap<String, Declared<Flow>>,
    pub moved: Vec<Declared<Moved>>,
    pub forget: Vec<Declared<Forget>>,
    pub adopt: Vec<Declared<Adopt>>,
    pub exports: Vec<Declared<Export>>,
    pub policies: Vec<Declared<Policy>>,
    pub tests: Vec<Test>,
}

/// Hands the kinds of a spec's nodes, and where it has them, to another macro.
macro_rules! with_kinds {
    ($then:ident! { $($args:tt)* }) => {
        $then!($($args)*;
            Node nodes, Network networks, Volume volumes, Secret secrets, Config configs,
            Certificate certificates, Registry registries, Service services, Gateway gateways,
            Route routes, Flow flows)
    };
}

/// Does something with the nodes of a kind, which are of another type for each.
macro_rules! of_kind {
    ($spec:expr, $kind:expr, [$($borrow:tt)+], |$nodes:ident| $body:expr, $none:expr) => {
        with_kinds!(of_kind! { @each $spec, $kind, [$($borrow)+], |$nodes| $body, $none })
    };
    (@each $spec:expr, $kind:expr, $borrow:tt, |$nodes:ident| $body:expr, $none:expr;
        $($known:ident $field:ident),*) => {
        match $kind {
            $(Kind::$known => {
                let $nodes = of_kind!(@borrow $borrow, $spec.$field);
                $body
            })*
            Kind::Param => $none,
        }
    };
    (@borrow [$($borrow:tt)+], $place:expr) => { $($borrow)+ $place };
}

/// The same with the nodes of two specs.
macro_rules! of_both {
    ($one:expr, $other:expr, $kind:expr, |$these:ident, $those:ident| $body:expr, $none:expr) => {
        with_kinds!(of_both! { @each $one, $other, $kind, |$these, $those| $body, $none })
    };
    (@each $one:expr, $other:expr, $kind:expr, |$these:ident, $those:ident| $body:expr, $none:expr;
        $($known:ident $field:ident),*) => {
        match $kind {
            $(Kind::$known => {
                let ($these, $those) = (&$one.$field, &$other.$field);
                $body
            })*
            Kind::Param => $none,
        }
    };
}

// Below the macro that it uses.
mod likeness;

pub use likeness::Likeness;

impl Spec {
    /// The names of all nodes of a kind, in order.
    pub fn names(&self, kind: Kind) -> Vec<&str> {
        of_kind!(self, kind, [&], |nodes| nodes.keys().map(String::as_str).collect(), Vec::new())
    }

    pub fn declares(&self, kind: Kind, name: &str) -> bool {
        of_kind!(self, kind, [&], |nodes| nodes.contains_key(name), false)
    }

    /// The uses of components that led to a node, the author's own first.
    pub fn uses(&self, kind: Kind, name: &str) -> &[Used] {
        let of_node = of_kind!(
            self,
            kind,
            [&],
            |nodes| nodes.get(name).map(|node| node.uses.as_slice()),
            None
        );
        of_node.unwrap_or_default()
    }

    /// Takes a node out. Whether it was there.
    pub fn take_out(&mut self, kind: Kind, name: &str) -> bool {
        of_kind!(self, kind, [&mut], |nodes| nodes.remove(name).is_some(), false)
    }
}

/// The kinds that a spec is made of, after components and overlays are gone.
pub const KINDS: &[&NodeInfo] = &[
    SwarmNode::INFO,
    Network::INFO,
    Volume::INFO,
    Secret::INFO,
    Config::INFO,
    Certificate::INFO,
    Registry::INFO,
    Service::INFO,
    Gateway::INFO,
    Route::INFO,
    Flow::INFO,
];

/// What is said of nodes without declaring one.
pub const IDENTITY: &[&NodeInfo] = &[
    Moved::INFO,
    Forget::INFO,
    Adopt::INFO,
    Export::INFO,
    Allowance::INFO,
    Policy::INFO,
];

/// The kinds that shape a project before there is a spec.
pub const STRUCTURE: &[&NodeInfo] = &[
    Project::INFO,
    Param::INFO,
    Component::INFO,
    Use::INFO,
    Environment::INFO,
    Defaults::INFO,
    Test::INFO,
];

/// The text of a located value.
pub fn text_of(value: &Option<At<String>>) -> Option<&str> {
    value.as_ref().map(|v| v.value.as_str())
}
