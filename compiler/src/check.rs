//! What is wrong, or unwise, in a spec whose names all lead somewhere.

mod flow;
mod lint;

use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;

/// Checks flows, then runs every lint.
pub(crate) fn check(spec: &Spec, graph: &Graph, cx: &mut Context<'_>) {
    for declared in spec.flows.values() {
        flow::check(&declared.node, cx);
    }
    for lint in lint::ALL {
        lint(spec, graph, cx);
    }
}
