//! The engine's socket inside a container.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    let mounts = spec.services.values().flat_map(|s| &s.node.mount);
    for bind in mounts
        .filter_map(|m| m.bind.as_ref())
        .filter(|b| b.value.0.ends_with("docker.sock"))
    {
        cx.report(
            Diagnostic::new(
                Code::EngineSocket,
                bind.span,
                "whoever controls this program controls the swarm",
            )
            .help("put a proxy in between that lets through only the calls the program needs"),
        );
    }
}
