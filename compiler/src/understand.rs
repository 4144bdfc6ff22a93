//! From syntax to the typed spec: expands and decodes a project's nodes, a portion at a time.
//!
//! Portions know nothing of each other, so that all processors have something to do. What can only
//! be said of all nodes together (a name that is declared twice, a use too many) is looked for when
//! the portions are joined; where it is found, everything is read once more as one portion, which
//! says it in the order of writing.

use rayon::prelude::*;
use skep_schema::lang::Node;
use skep_schema::spec::Spec;

use crate::context::{Context, Said};
use crate::decode::{Decoded, decode, try_out};
use crate::expand::{Frame, Loaded, Uses};
use crate::syntax::NodeRef;

/// Top-level nodes of a portion: enough to be worth a turn of its own.
const PORTION: usize = 64;

/// What was understood of some top-level nodes.
#[derive(Clone, Debug)]
pub(crate) struct Understood {
    pub(crate) decoded: Decoded,
    pub(crate) uses: Uses,
    /// Whether every value in it is known.
    pub(crate) known: bool,
    said: Said,
}

/// Reads all nodes of a project.
pub(crate) fn understand<'l>(
    cx: &mut Context<'_>,
    frame: &Frame<'l>,
    loaded: &'l Loaded,
) -> Understood {
    let roots = frame.roots(cx, loaded);
    let joined = if frame.is_divisible() {
        join(portions(cx, frame, &roots))
    } else {
        None
    };
    let mut all = joined.unwrap_or_else(|| portion(cx, frame, &roots));
    cx.hear(std::mem::take(&mut all.said));
    let unused = frame.unused(cx, &all.uses);
    try_out(cx, unused);
    all
}

fn portions(cx: &Context<'_>, frame: &Frame<'_>, roots: &[NodeRef<'_>]) -> Vec<Understood> {
    let parts = roots.par_chunks(PORTION);
    parts.map(|roots| portion(cx, frame, roots)).collect()
}

fn portion(cx: &Context<'_>, frame: &Frame<'_>, roots: &[NodeRef<'_>]) -> Understood {
    let mut cx = cx.apart();
    let expanded = frame.expand(&mut cx, roots);
    let known = !expanded.nodes.iter().any(Node::has_unknown);
    Understood {
        decoded: decode(&mut cx, expanded.nodes),
        uses: expanded.uses,
        known,
        said: cx.said(),
    }
}

/// All portions as one; nothing where that is more than the sum of them.
fn join(portions: Vec<Understood>) -> Option<Understood> {
    let mut portions = portions.into_iter();
    let mut all = portions.next()?;
    portions.all(|next| all.take(next)).then_some(all)
}

impl Understood {
    /// Takes what another portion has. Whether the two are no more than the sum of them.
    fn take(&mut self, other: Self) -> bool {
        let Decoded {
            spec,
            poisoned,
            exempt,
            first,
        } = other.decoded;
        let own = &mut self.decoded;
        let names = own.first.len() + first.len();
        own.first.extend(first);
        own.poisoned.extend(poisoned);
        own.exempt.extend(exempt);
        take_spec(&mut own.spec, spec);
        self.known &= other.known;
        self.said.extend(other.said);
        self.uses.join(&other.uses) && own.first.len() == names
    }
}

fn take_spec(into: &mut Spec, from: Spec) {
    let Spec {
        project: _,
        environment: _,
        edition: _,
        tests: _,
        nodes,
        networks,
        volumes,
        secrets,
        configs,
        certificates,
        registries,
        services,
        gateways,
        routes,
        flows,
        moved,
        forget,
        adopt,
        policies,
    } = from;
    into.nodes.extend(nodes);
    into.networks.extend(networks);
    into.volumes.extend(volumes);
    into.secrets.extend(secrets);
    into.configs.extend(configs);
    into.certificates.extend(certificates);
    into.registries.extend(registries);
    into.services.extend(services);
    into.gateways.extend(gateways);
    into.routes.extend(routes);
    into.flows.extend(flows);
    into.moved.extend(moved);
    into.forget.extend(forget);
    into.adopt.extend(adopt);
    into.policies.extend(policies);
}
