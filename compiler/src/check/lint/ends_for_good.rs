//! Services that nothing starts again, and that are not said to run once.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::Condition;
use skep_schema::spec::{ServiceMode, Spec};

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for service in spec.services.values() {
        cx.about(&service.uses);
        let replicated = service
            .node
            .mode
            .as_ref()
            .is_none_or(|m| m.value == ServiceMode::Replicated);
        let never = service.node.restart.as_ref().filter(|restart| {
            let condition = restart.condition.as_ref();
            condition.is_some_and(|c| c.value == Condition::None)
        });
        if let Some(restart) = never.filter(|_| replicated) {
            cx.report(
                Diagnostic::new(
                    Code::EndsForGood,
                    restart.span,
                    "when a task ends nothing takes its place",
                )
                .help("write mode=once for work that ends; else take `restart none` away"),
            );
        }
    }
}
