//! The plan: all nodes with their digests, under one digest.

use std::collections::BTreeMap;

use rayon::prelude::*;
use skep_schema::address::Address;
use skep_schema::plan::{Identity, Plan, PlanNode, Policy};
use skep_schema::span::Sources;
use skep_schema::spec::Spec;
use skep_schema::value::Value;

use crate::FEW;
use crate::lower::{Lowered, LoweredNode, Services};

/// A plan before all its digests are taken, which nobody needs who only looks for mistakes.
#[derive(Debug)]
pub(crate) struct Draft {
    params: BTreeMap<String, Value>,
    identity: Identity,
    policies: Vec<Policy>,
    nodes: BTreeMap<Address, LoweredNode>,
}

impl Draft {
    /// The draft of a spec that was lowered whole.
    ///
    /// A plan of fewer nodes than were declared would delete the rest when it is applied, so there
    /// is none then, whatever else was reported.
    pub(crate) fn of(
        params: BTreeMap<String, Value>,
        lowered: Lowered,
        services: Services,
    ) -> Option<Self> {
        let (mut nodes, mut services) = (lowered.nodes, services.nodes);
        nodes.append(&mut services);
        lowered.whole.then_some(Self {
            params,
            identity: lowered.identity,
            policies: lowered.policies,
            nodes,
        })
    }

    pub(crate) fn emit(mut self, spec: &Spec, sources: &Sources) -> Plan {
        if self.nodes.len() <= FEW {
            self.nodes.iter_mut().for_each(hash);
        } else {
            self.nodes.par_iter_mut().for_each(hash);
        }
        let nodes = self.nodes.into_iter();
        let nodes = nodes.map(|(address, node)| (address, emitted(node, sources)));
        let nodes = nodes.collect();
        Plan {
            params: self.params,
            identity: self.identity,
            policies: self.policies,
            ..Plan::new(&spec.project, spec.environment.as_deref(), nodes)
        }
    }
}

/// Takes the digest of a node that has none yet.
fn hash((address, node): (&Address, &mut LoweredNode)) {
    let payload = &node.payload;
    node.digest
        .get_or_insert_with(|| payload.digest(address.kind));
}

fn emitted(node: LoweredNode, sources: &Sources) -> PlanNode {
    let LoweredNode {
        target,
        needs,
        protect,
        payload,
        place,
        digest,
    } = node;
    PlanNode {
        target,
        needs,
        protect,
        digest: digest.expect("every node was hashed"),
        payload,
        origin: place.origin(sources),
    }
}
