//! An apply is a trace: one span for the whole, and one below it for each node that it changes.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Event as Moment, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use skep_schema::address::Address;
use skep_schema::api::event::StackEventLine;
use skep_schema::api::stack::StackEvent;
use skep_schema::event::{Event, Outcome, Timestamp};

/// The applies that run, by their stacks.
#[derive(Debug, Default)]
pub(super) struct Spans {
    running: BTreeMap<String, Apply>,
}

#[derive(Debug)]
struct Apply {
    whole: Span,
    nodes: BTreeMap<Address, Span>,
    ended: Vec<SpanData>,
}

/// One that has begun.
#[derive(Debug)]
struct Span {
    trace: TraceId,
    id: SpanId,
    parent: SpanId,
    name: String,
    begun: Timestamp,
    attributes: Vec<KeyValue>,
    moments: SpanEvents,
}

impl Spans {
    /// Takes an event in. All spans of an apply come when it has ended.
    pub(super) fn on(&mut self, line: &StackEventLine) -> Vec<SpanData> {
        let stack = &line.stack;
        match &line.event {
            StackEvent::Applying { id, causes, by, .. } => {
                let whole = Span::whole(line);
                let causes = serde_json::to_string(causes).expect("plain data");
                let by = by.iter().map(|by| KeyValue::new("skep.by", by.clone()));
                let about = [
                    KeyValue::new("skep.stack", stack.clone()),
                    KeyValue::new("skep.change-set", id.to_string()),
                    KeyValue::new("skep.causes", causes),
                ];
                let apply = Apply {
                    whole: whole.with(about.into_iter().chain(by)),
                    nodes: BTreeMap::new(),
                    ended: Vec::new(),
                };
                self.running.insert(stack.clone(), apply);
                Vec::new()
            }
            StackEvent::Node { event } => {
                if let Some(apply) = self.running.get_mut(stack) {
                    apply.on(event, line.at);
                }
                Vec::new()
            }
            StackEvent::Applied { last } => self.end(stack, line.at, status_of(last.outcome)),
            StackEvent::NotApplied { message } => {
                self.end(stack, line.at, Status::error(message.clone()))
            }
            StackEvent::Planned { .. }
            | StackEvent::SourceLost { .. }
            | StackEvent::SourceFound
            | StackEvent::Looked { .. }
            | StackEvent::TargetLost { .. }
            | StackEvent::TargetFound
            | StackEvent::State { .. }
            | StackEvent::Drift { .. }
            | StackEvent::DriftOver
            | StackEvent::Overtaken { .. }
            | StackEvent::Approved { .. }
            | StackEvent::Withdrawn { .. }
            | StackEvent::ApprovalVoid { .. }
            | StackEvent::Refused { .. }
            | StackEvent::Unhealthy { .. }
            | StackEvent::Recovered { .. } => Vec::new(),
        }
    }

    /// One that began before these events were followed has no spans.
    fn end(&mut self, stack: &str, at: Timestamp, status: Status) -> Vec<SpanData> {
        let Some(apply) = self.running.remove(stack) else {
            return Vec::new();
        };
        let Apply {
            whole,
            nodes,
            mut ended,
        } = apply;
        let unsettled = nodes.into_values().map(|node| {
            let status = Status::error("no longer waited for");
            node.end(at, status)
        });
        ended.extend(unsettled);
        ended.push(whole.end(at, status));
        ended
    }
}

impl Apply {
    fn on(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Begun { address, action } => {
                let name = format!("{} {}", action.word(), address.kind.word());
                let node = self.whole.below(name, address, at);
                self.nodes.insert(address.clone(), node);
            }
            Event::Written { address } => self.tell(address, at, "written", None),
            Event::Waiting { address, detail } => self.tell(address, at, "waiting", Some(detail)),
            Event::Done { address, .. } => self.end(address, at, Status::Ok),
            Event::Failed { address, failure } => {
                self.end(address, at, Status::error(failure.message.clone()));
            }
            Event::Skipped { address, because } => {
                let name = format!("skip {}", address.kind.word());
                let node = self.whole.below(name, address, at);
                let why = Status::error(format!("because of {because}"));
                self.ended.push(node.end(at, why));
            }
            Event::Cancelling => self.whole.tell(at, "cancelling", None),
            Event::Uncollected { message } => self.whole.tell(at, "uncollected", Some(message)),
        }
    }

    fn tell(&mut self, address: &Address, at: Timestamp, word: &'static str, more: Option<&str>) {
        if let Some(node) = self.nodes.get_mut(address) {
            node.tell(at, word, more);
        }
    }

    fn end(&mut self, address: &Address, at: Timestamp, status: Status) {
        let node = self.nodes.remove(address);
        self.ended.extend(node.map(|node| node.end(at, status)));
    }
}

impl Span {
    /// Its names follow from the event, so that whoever tells of it twice tells the same.
    fn whole(line: &StackEventLine) -> Self {
        let name = format!("{} {} {}", line.stack, line.number, line.at.0);
        let trace = blake3::derive_key("skep trace of an apply 1", name.as_bytes());
        let (trace, id) = (first(&trace), last(&trace));
        Self {
            trace: TraceId::from_bytes(trace),
            id: SpanId::from_bytes(id),
            parent: SpanId::INVALID,
            name: "apply".to_owned(),
            begun: line.at,
            attributes: Vec::new(),
            moments: SpanEvents::default(),
        }
    }

    fn below(&self, name: String, address: &Address, begun: Timestamp) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("skep span of a node 1");
        hasher.update(&self.trace.to_bytes());
        hasher.update(address.to_string().as_bytes());
        Self {
            trace: self.trace,
            id: SpanId::from_bytes(first(hasher.finalize().as_bytes())),
            parent: self.id,
            name,
            begun,
            attributes: vec![KeyValue::new("skep.node", address.to_string())],
            moments: SpanEvents::default(),
        }
    }

    fn with(mut self, attributes: impl Iterator<Item = KeyValue>) -> Self {
        self.attributes.extend(attributes);
        self
    }

    fn tell(&mut self, at: Timestamp, word: &'static str, more: Option<&str>) {
        let more = more.map(|text| KeyValue::new("skep.detail", text.to_owned()));
        let moment = Moment::new(word, time(at), more.into_iter().collect(), 0);
        self.moments.events.push(moment);
    }

    fn end(self, at: Timestamp, status: Status) -> SpanData {
        SpanData {
            span_context: SpanContext::new(
                self.trace,
                self.id,
                TraceFlags::SAMPLED,
                false,
                TraceState::NONE,
            ),
            parent_span_id: self.parent,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: self.name.into(),
            start_time: time(self.begun),
            end_time: time(at),
            attributes: self.attributes,
            dropped_attributes_count: 0,
            events: self.moments,
            links: SpanLinks::default(),
            status,
            instrumentation_scope: InstrumentationScope::builder("skep")
                .with_version(env!("CARGO_PKG_VERSION"))
                .build(),
        }
    }
}

fn status_of(outcome: Outcome) -> Status {
    match outcome {
        Outcome::Done => Status::Ok,
        Outcome::Failed => Status::error("failed"),
        Outcome::Partial => Status::error("partly applied"),
        Outcome::RolledBack => Status::error("rolled back by the engine"),
        Outcome::TimedOut => Status::error("timed out"),
        Outcome::Cancelled => Status::error("cancelled"),
    }
}

fn time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(at.0)
}

fn first<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    *hash.first_chunk().expect("a hash has more bytes")
}

fn last<const N: usize>(hash: &[u8; 32]) -> [u8; N] {
    *hash.last_chunk().expect("a hash has more bytes")
}
