//! Updates that can never proceed: the new task waits for room that only the old one's end makes.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::{Order, PublishMode};
use skep_schema::span::Span;
use skep_schema::spec::{Service, Spec};

use super::instead;
use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for service in spec.services.values() {
        cx.about(&service.uses);
        let Some(order) = service.node.update.as_ref().and_then(|u| u.order.as_ref()) else {
            continue;
        };
        if order.value != Order::StartFirst {
            continue;
        }
        if let Some((span, what)) = obstacle(&service.node) {
            let found = Diagnostic::new(
                Code::UpdateDeadlock,
                order.span,
                format!("an update may wait for ever: {what}"),
            )
            .and(span, "because of this")
            .help("write order stop-first");
            cx.report(instead(found, cx, "start-first", "stop-first"));
        }
    }
}

fn obstacle(service: &Service) -> Option<(Span, &'static str)> {
    let host = service.publish.iter().find(|p| {
        p.mode
            .as_ref()
            .is_some_and(|m| m.value == PublishMode::Host)
    });
    if let Some(publish) = host {
        return Some((
            publish.span,
            "the new task wants a port of the node that the old one still holds",
        ));
    }
    let most = service
        .placement
        .as_ref()
        .and_then(|p| p.max_per_node.as_ref())?;
    Some((
        most.span,
        "every node may already run as many tasks as it is allowed",
    ))
}
