//! The engine's socket inside a container.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::{Service, Spec};

use crate::context::Context;

pub(super) fn lint(service: &Service, _: &Spec, cx: &mut Context<'_>) {
    for bind in service
        .mount
        .iter()
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
