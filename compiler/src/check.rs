//! What is wrong, or unwise, in a spec whose names all lead somewhere.

mod flow;
mod lint;

use skep_schema::diagnostic::Severity;
use skep_schema::spec::Spec;

use crate::context::Context;
use crate::due::Due;
use crate::graph::Graph;
pub(crate) use lint::Linted;
pub use lint::looks_secret;

/// Checks flows, then lints, of services those that are due. Where something is wrong already, what
/// seems to be missing may stand in what could not be read, so that is left for later.
pub(crate) fn check(
    spec: &Spec,
    graph: &Graph,
    due: &Due,
    linted: &mut Linted,
    cx: &mut Context<'_>,
) {
    for declared in spec.flows.values() {
        cx.about(&declared.uses);
        flow::check(&declared.node, cx);
    }
    cx.about(&[]);
    lint::lint(spec, graph, due, linted, cx);
    let said = &cx.decoder.diagnostics;
    if said.iter().all(|d| d.severity != Severity::Error) {
        lint::lint_whole(spec, graph, due, linted, cx);
    } else {
        linted.put_off();
    }
}
