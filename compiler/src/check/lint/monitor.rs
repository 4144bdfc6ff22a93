//! Rollouts that are called done before a health check can fail.

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::spec::{Health, Spec};
use skep_schema::units::Duration;

use crate::context::Context;
use crate::graph::Graph;

pub(super) fn lint(spec: &Spec, _: &Graph, cx: &mut Context<'_>) {
    for service in spec.services.values() {
        cx.about(&service.uses);
        let (Some(health), Some(update)) = (&service.node.health, &service.node.update) else {
            continue;
        };
        let Some(monitor) = update.monitor.as_ref().filter(|_| health.none.is_none()) else {
            continue;
        };
        let proof = proof(health);
        if monitor.value < proof {
            let message = format!(
                "a task is watched for {}, and may need {proof} to be found unhealthy",
                monitor.value
            );
            cx.report(
                Diagnostic::new(Code::ShortMonitor, monitor.span, message)
                    .and(health.span, "the health check")
                    .help(format!("write monitor \"{proof}\", or check more often")),
            );
        }
    }
}

/// The time after which a task that never works is surely unhealthy.
fn proof(health: &Health) -> Duration {
    let every = health
        .every
        .as_ref()
        .map_or(Duration::seconds(30), |d| d.value);
    let retries = health.retries.as_ref().map_or(3, |r| r.value);
    let start = health.start.as_ref().map_or(Duration(0), |d| d.value);
    Duration(
        start
            .0
            .saturating_add(every.0.saturating_mul(retries.into())),
    )
}
