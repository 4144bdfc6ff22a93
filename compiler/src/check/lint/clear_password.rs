//! Passwords asked for without TLS.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::{Route, Spec};

use crate::context::Context;
use crate::graph::Graph;
use crate::resolve::gateway_of;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for route in spec.routes.values() {
        cx.about(&route.uses);
        if is_encrypted(&route.node) || is_behind_another(spec, &route.node) {
            continue;
        }
        let asked = route
            .node
            .matches
            .iter()
            .filter_map(|m| m.basic_auth.as_ref());
        for auth in asked {
            cx.report(
                Diagnostic::new(
                    Code::ClearPassword,
                    auth.span,
                    "the password crosses the network in clear",
                )
                .label("sent with every request, and the route has no `tls`")
                .help("write `tls NAME` in the route, or `tls auto` with caddy"),
            );
        }
    }
}

fn is_encrypted(route: &Route) -> bool {
    route.tls.as_ref().is_some_and(|tls| tls.value.0 != "off")
}

/// A gateway that trusts a proxy in front of it leaves TLS to that one.
fn is_behind_another(spec: &Spec, route: &Route) -> bool {
    let gateway = gateway_of(spec, route).and_then(|name| spec.gateways.get(name));
    gateway.is_none_or(|g| !g.node.trusted_proxies.is_empty() || g.node.external.is_some())
}
