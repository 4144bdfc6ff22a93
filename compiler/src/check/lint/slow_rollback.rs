//! Rollbacks that wait a minute for a task that was never there.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::{Order, PublishMode};
use skep_schema::spec::{Service, ServiceMode, Spec};

use super::instead;
use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for service in spec.services.values().filter(|s| is_free(&s.node)) {
        cx.about(&service.uses);
        let order = service
            .node
            .rollback
            .as_ref()
            .and_then(|r| r.order.as_ref());
        if let Some(order) = order.filter(|order| order.value == Order::StopFirst) {
            let found = Diagnostic::new(
                Code::SlowRollback,
                order.span,
                "a rollback out of an update that no node could take waits a minute",
            )
            .help("write order start-first, or leave it out: nothing here stands in its way");
            cx.report(instead(found, cx, "stop-first", "start-first"));
        }
    }
}

/// Whether an old and a new task can run side by side, and nobody said that they should not.
fn is_free(service: &Service) -> bool {
    let replicated = service
        .mode
        .as_ref()
        .is_none_or(|m| m.value == ServiceMode::Replicated);
    let one_by_one = service
        .update
        .as_ref()
        .and_then(|u| u.order.as_ref())
        .is_some_and(|o| o.value == Order::StopFirst);
    let most = service
        .placement
        .as_ref()
        .is_some_and(|p| p.max_per_node.is_some());
    let host = service.publish.iter().any(|p| {
        p.mode
            .as_ref()
            .is_some_and(|m| m.value == PublishMode::Host)
    }) || service
        .network
        .iter()
        .any(|n| n.name.value.as_str() == "host");
    let writes = service
        .mount
        .iter()
        .any(|m| m.volume.is_some() || m.bind.is_some());
    replicated && !one_by_one && !most && !host && !writes
}
