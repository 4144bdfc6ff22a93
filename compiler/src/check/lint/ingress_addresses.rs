//! Subnets that the engine's own mesh has by default.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::Spec;

use crate::context::Context;
use crate::graph::Graph;
use crate::proxy::Cidr;

/// What `docker swarm init` gives the ingress network where nobody says otherwise.
const INGRESS: &str = "10.0.0.0/24";

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    let Ok(ingress) = Cidr::parse(INGRESS) else {
        return;
    };
    let subnets = spec.networks.values();
    let subnets = subnets.flat_map(|n| n.node.subnet.iter().map(|subnet| (subnet, &n.uses)));
    for (subnet, uses) in subnets {
        cx.about(uses);
        let taken = Cidr::parse(subnet.value.as_str()).is_ok_and(|range| range.overlaps(ingress));
        if taken {
            cx.report(
                Diagnostic::new(
                    Code::IngressAddresses,
                    subnet.span,
                    format!("the engine's mesh has {INGRESS} on most swarms"),
                )
                .label("a task in a network that overlaps never starts")
                .help("choose a range outside 10.0.0.0/8, such as 172.30.0.0/24, or none at all"),
            );
        }
    }
}
