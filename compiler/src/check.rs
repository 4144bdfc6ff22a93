//! What is wrong, or unwise, in a spec whose names all lead somewhere.

mod flow;
mod lint;

use skep_schema::diagnostic::Severity;
use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;

/// Checks flows, then lints. Where something is wrong already, what seems to be missing may stand in
/// what could not be read, so that is left for later.
pub(crate) fn check(spec: &Spec, graph: &Graph, cx: &mut Context<'_>) {
    for declared in spec.flows.values() {
        cx.about(&declared.uses);
        flow::check(&declared.node, cx);
    }
    for lint in lint::ALL {
        cx.about(&[]);
        lint(spec, graph, cx);
    }
    cx.about(&[]);
    if cx
        .decoder
        .diagnostics
        .iter()
        .all(|d| d.severity != Severity::Error)
    {
        for lint in lint::OF_WHOLE {
            cx.about(&[]);
            lint(spec, graph, cx);
        }
        cx.about(&[]);
    }
}
