//! Declared, and used by nothing.

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::Span;
use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, graph: &Graph, cx: &mut Context<'_>) {
    let networks = spec
        .networks
        .iter()
        .map(|(n, d)| (Kind::Network, n, d.name));
    let volumes = spec.volumes.iter().map(|(n, d)| (Kind::Volume, n, d.name));
    let configs = spec.configs.iter().map(|(n, d)| (Kind::Config, n, d.name));
    let secrets = spec.secrets.iter().map(|(n, d)| (Kind::Secret, n, d.name));
    let certificates = spec
        .certificates
        .iter()
        .map(|(n, d)| (Kind::Certificate, n, d.name));
    let all: Vec<(Kind, &String, Span)> = networks
        .chain(volumes)
        .chain(configs)
        .chain(secrets)
        .chain(certificates)
        .collect();
    for (kind, name, span) in all {
        // A service without a network joins `default` without naming it.
        let implied = kind == Kind::Network && name == "default";
        if !implied && !graph.is_used(&Address::new(kind, name.as_str())) {
            cx.report(
                Diagnostic::new(
                    Code::Unused,
                    span,
                    format!("nothing uses the {kind} `{name}`"),
                )
                .help("use it, or take it away"),
            );
        }
    }
}
