//! The engine's socket inside a container.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    let binds = spec.services.values().flat_map(|service| {
        let all = service.node.mount.iter().filter_map(|m| m.bind.as_ref());
        all.map(|bind| (bind, &service.uses))
    });
    for (bind, uses) in binds.filter(|(b, _)| b.value.0.ends_with("docker.sock")) {
        cx.about(uses);
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
