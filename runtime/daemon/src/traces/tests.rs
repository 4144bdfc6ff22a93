use std::fmt::Write as _;

use opentelemetry::trace::{SpanId, Status};
use opentelemetry_http::{Bytes, HttpClient as _, Request};
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use serde_json::{Value, json};
use skep_providers::web::{Web, WebError};
use skep_schema::api::event::StackEventLine;
use skep_schema::change::Summary;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::send::{Client, exporter};
use super::spans::Spans;

const SHOP: &str = "shop@prod";

/// The spans that come of events, ten milliseconds after each other.
fn spans(events: &[Value]) -> Vec<SpanData> {
    let mut spans = Spans::default();
    let lines = events.iter().enumerate().map(|(place, event)| {
        let number = place as u64 + 1;
        let line = json!({
            "format": "skep.stack-event/1", "number": number, "at": 10 * number,
            "stack": SHOP, "event": event,
        });
        serde_json::from_value::<StackEventLine>(line).expect("a line")
    });
    lines.flat_map(|line| spans.on(&line)).collect()
}

fn applying() -> Value {
    json!({ "applying": {
        "id": "w1:5shb7vkji6qk6n5x33jbr4mshc", "summary": Summary::default(),
        "causes": ["source"], "by": "ann",
    } })
}

fn node(event: &Value) -> Value {
    json!({ "node": { "event": event } })
}

fn applied(outcome: &str) -> Value {
    json!({ "applied": { "last": { "at": 0, "outcome": outcome } } })
}

/// A line for each span, and one for each thing that it says.
fn shown(spans: &[SpanData]) -> String {
    let mut text = String::new();
    let whole = spans.last().expect("there are spans").span_context.clone();
    for span in spans {
        let millis = |time: std::time::SystemTime| {
            let since = time.duration_since(std::time::SystemTime::UNIX_EPOCH);
            since.expect("it is later").as_millis()
        };
        assert_eq!(span.span_context.trace_id(), whole.trace_id());
        let is_whole = span.span_context == whole;
        let parent = if is_whole {
            SpanId::INVALID
        } else {
            whole.span_id()
        };
        assert_eq!(span.parent_span_id, parent);
        let status = match &span.status {
            Status::Unset => "unset",
            Status::Ok => "ok",
            Status::Error { description } => description,
        };
        let (from, to) = (millis(span.start_time), millis(span.end_time));
        writeln!(text, "{} {from}-{to}: {status}", span.name).expect("a text takes it");
        for said in &span.attributes {
            writeln!(text, "  {}={}", said.key, said.value).expect("a text takes it");
        }
        for moment in &span.events.events {
            let more = moment.attributes.iter().map(|said| said.value.to_string());
            let more: Vec<String> = more.collect();
            let at = millis(moment.timestamp);
            writeln!(text, "  {at} {} {}", moment.name, more.join(" ")).expect("a text takes it");
        }
    }
    text
}

#[test]
fn an_apply_is_a_span_and_each_node_one_below_it() {
    let events = [
        applying(),
        node(&json!({ "begun": { "address": "config.page", "action": "create" } })),
        node(&json!({ "begun": { "address": "service.api", "action": "update" } })),
        node(&json!({ "done": { "address": "config.page", "millis": 10 } })),
        node(&json!({ "written": { "address": "service.api" } })),
        node(&json!({ "waiting": { "address": "service.api", "detail": "1 of 2 running" } })),
        node(&json!({ "failed": { "address": "service.api", "failure": {
            "verdict": "crash-looping", "message": "its tasks end again and again",
        } } })),
        node(&json!({ "skipped": { "address": "service.web", "because": "service.api" } })),
        applied("partial"),
    ];
    let text = shown(&spans(&events));
    let wanted = "\
create config 20-40: ok
  skep.node=config.page
update service 30-70: its tasks end again and again
  skep.node=service.api
  50 written 
  60 waiting 1 of 2 running
skip service 80-80: because of service.api
  skep.node=service.web
apply 10-90: partly applied
  skep.stack=shop@prod
  skep.change-set=w1:5shb7vkji6qk6n5x33jbr4mshc
  skep.causes=[\"source\"]
  skep.by=ann
";
    assert_eq!(text, wanted);
}

#[test]
fn what_is_not_waited_for_ends_with_its_apply() {
    let begun = node(&json!({ "begun": { "address": "service.api", "action": "update" } }));
    let text = shown(&spans(&[applying(), begun, applied("timed-out")]));
    assert!(
        text.starts_with("update service 20-30: no longer waited for\n"),
        "{text}"
    );
    assert!(text.contains("apply 10-30: timed out\n"), "{text}");
}

#[test]
fn an_apply_that_nobody_saw_begin_has_no_spans() {
    assert!(spans(&[applied("done")]).is_empty());
}

/// Takes one request and answers it; its path and its body.
async fn collect(listener: TcpListener) -> (String, Value) {
    let (mut stream, _) = listener.accept().await.expect("somebody comes");
    let mut request = Vec::new();
    loop {
        let read = stream.read_buf(&mut request).await.expect("it is sent");
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n")
            && let Ok(body) = serde_json::from_str(body)
        {
            let path = head.split(' ').nth(1).expect("a path").to_owned();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\
                           content-length: 2\r\n\r\n{}";
            stream.write_all(answer).await.expect("it is heard");
            return (path, body);
        }
        assert_ne!(read, 0, "it ends before its end: {text}");
    }
}

#[tokio::test]
async fn spans_arrive_as_otlp_in_json() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it has one");
    let sent = exporter(Some(&format!("http://{address}/v1/traces"))).expect("it is built");
    let collector = tokio::spawn(collect(listener));
    let spans = spans(&[applying(), applied("done")]);
    sent.export(spans.clone()).await.expect("it is taken");
    let (path, body) = collector.await.expect("it has come");
    assert_eq!(path, "/v1/traces");
    let resource = &body["resourceSpans"][0];
    let said = resource["resource"]["attributes"].to_string();
    assert!(said.contains(r#""key":"service.name""#), "{said}");
    let span = &resource["scopeSpans"][0]["spans"][0];
    let trace = spans[0].span_context.trace_id().to_string();
    assert_eq!(span["traceId"], trace.as_str());
    assert_eq!(span["name"], "apply");
    assert_eq!(span["startTimeUnixNano"], "10000000");
}

#[tokio::test]
async fn a_collector_beyond_this_machine_is_spoken_to_by_tls_alone() {
    let request = Request::post("http://192.0.2.1:4318/v1/traces").body(Bytes::new());
    let client = Client(Web::new(None));
    let sent = client.send_bytes(request.expect("a request")).await;
    let refused = sent.expect_err("it goes nowhere");
    assert_eq!(refused.to_string(), WebError::InClear.to_string());
}
