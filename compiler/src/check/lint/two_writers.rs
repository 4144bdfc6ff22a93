//! Updates in which the old and the new task write to one place.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::Order;
use skep_schema::spec::{Mount, Service, ServiceMode, Spec};

use super::instead;
use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for service in spec.services.values().filter(|s| is_alone(&s.node)) {
        cx.about(&service.uses);
        let Some(order) = service.node.update.as_ref().and_then(|u| u.order.as_ref()) else {
            continue;
        };
        let Some(mount) = service.node.mount.iter().find(|m| is_written(m)) else {
            continue;
        };
        if order.value == Order::StartFirst {
            let found = Diagnostic::new(
                Code::TwoWriters,
                order.span,
                "during an update two tasks write to one place",
            )
            .and(mount.span, "both mount this")
            .help("write order stop-first, which is what the edition chooses here");
            cx.report(instead(found, cx, "start-first", "stop-first"));
        }
    }
}

/// A service of several tasks shares what it mounts at all times, and has to know how.
fn is_alone(service: &Service) -> bool {
    let replicated = service
        .mode
        .as_ref()
        .is_none_or(|m| m.value == ServiceMode::Replicated);
    replicated && service.replicas.as_ref().is_none_or(|r| r.value == 1)
}

fn is_written(mount: &Mount) -> bool {
    let read_only = mount.read_only.as_ref().is_some_and(|r| r.value);
    mount.volume.is_some() && !read_only
}
