//! Spans on their way to a collector, as JSON over HTTP.

use std::sync::Arc;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    ExporterBuildError, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter as _;
use skep_providers::web::{Web, WebError};
use skep_schema::api::event::StackEventLine;

use super::spans::Spans;
use crate::condition::Condition;
use crate::journal::{Follower, Next};

/// To this endpoint, or to the one that the environment names.
pub(super) fn exporter(endpoint: Option<&str>) -> Result<SpanExporter, ExporterBuildError> {
    let client = Client(Web::new(None));
    let mut builder = SpanExporter::builder().with_http().with_http_client(client);
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    let mut exporter = builder.build()?;
    // What the environment says of the resource goes before.
    let resource = Resource::builder().with_service_name("skep");
    let named = std::env::var_os("OTEL_SERVICE_NAME").is_some();
    let resource = if named { Resource::builder() } else { resource };
    exporter.set_resource(&resource.build());
    Ok(exporter)
}

/// Sends the spans of each apply that this daemon makes, once it has ended. What no collector takes is
/// told in the log and gone.
pub(super) async fn follow(mut events: Follower, condition: Arc<Condition>, to: SpanExporter) {
    let mut spans = Spans::default();
    while let Ok(next) = events.next().await {
        let Next::Told(told) = next else {
            continue;
        };
        let Ok(line) = serde_json::from_str::<StackEventLine>(&told.json) else {
            continue;
        };
        let ended = spans.on(&line);
        if ended.is_empty() || !condition.has(&line.stack) {
            continue;
        }
        if let Err(error) = to.export(ended).await {
            tracing::warn!(%error, stack = line.stack, "the trace of an apply is lost");
        }
    }
}

/// Our own client, by which whatever leaves this machine leaves it by TLS.
#[derive(Debug)]
pub(super) struct Client(pub(super) Web);

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.0.send(Ok(request.map(Into::into))).await;
        // The exporter's own error leaves this out.
        let told = |error: &WebError| tracing::warn!(%error, "the collector of traces");
        let answer = sent.inspect_err(told)?;
        Ok(Response::builder()
            .status(answer.status)
            .body(answer.body)?)
    }
}
