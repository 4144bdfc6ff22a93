//! Applies as traces, for who collects them with OpenTelemetry. Where they go, the environment says, in
//! the words that all programs share: `OTEL_EXPORTER_OTLP_ENDPOINT` and its kin.

#[cfg(feature = "otel")]
mod send;
#[cfg(feature = "otel")]
mod spans;
#[cfg(all(test, feature = "otel"))]
mod tests;

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::condition::Condition;
use crate::journal::Follower;

/// Each of them alone says that traces are wanted.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
];

/// Begins to send traces, if any are wanted.
pub(crate) fn start(events: Follower, condition: Arc<Condition>, tasks: &mut JoinSet<()>) {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if ENDPOINTS.into_iter().any(is_set) {
        begin(events, condition, tasks);
    }
}

#[cfg(feature = "otel")]
fn begin(events: Follower, condition: Arc<Condition>, tasks: &mut JoinSet<()>) {
    match send::exporter(None) {
        Ok(exporter) => {
            tasks.spawn(send::follow(events, condition, exporter));
        }
        Err(error) => tracing::error!(%error, "no traces are sent"),
    }
}

#[cfg(not(feature = "otel"))]
fn begin(_: Follower, _: Arc<Condition>, _: &mut JoinSet<()>) {
    tracing::warn!("no traces are sent: this program was built without the feature `otel`");
}
