//! Following what happens: a snapshot, then every event once, in order, whatever the reader does.

use std::time::Duration;

use axum::http::Request;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use skep_providers::web::empty;
use skep_schema::api::stack::{Cause, StackEvent};

use super::lab::{Lab, STACK};
use crate::clock::now;
use crate::journal::Journal;
use crate::store::{Batch, Log};

/// Numbers of the events that came, and where the stream began.
pub(super) struct Reader {
    body: Incoming,
    text: String,
}

impl Reader {
    pub(super) async fn open(lab: &Lab, after: Option<u64>) -> Self {
        let mut request = Request::builder().uri("http://localhost/v1/events");
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        let answer = lab.web().open(request.body(empty())).await;
        let answer = answer.expect("an answer");
        Self {
            body: answer.into_body(),
            text: String::new(),
        }
    }

    /// The next event: its number and its kind.
    pub(super) async fn next(&mut self) -> (u64, String) {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let mut lines = block.lines();
                    lines.find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
                };
                if let Some(id) = field("id:") {
                    let number = id.parse().expect("a number");
                    return (number, field("event:").unwrap_or_default());
                }
                continue;
            }
            let frame = tokio::time::timeout(Duration::from_secs(30), self.body.frame()).await;
            let frame = frame
                .expect("it goes on")
                .expect("it is open")
                .expect("a frame");
            let data = frame.into_data().unwrap_or_default();
            self.text.push_str(&String::from_utf8_lossy(&data));
        }
    }
}

/// Tells as many events as if so much had happened.
async fn tell(lab: &Lab, count: usize) {
    let shared = &lab.daemon.shared;
    for part in 0..count.div_ceil(50) {
        let many = (0..50.min(count - part * 50)).fold(Batch::default(), |batch, n| {
            let about = format!("change {n}");
            let event = StackEvent::Looked {
                causes: vec![Cause::Engine { about }],
                more: 0,
            };
            batch.append(Log::Events, now(), Journal::body(STACK, &event))
        });
        let lines = shared.store.commit(many).await.expect("it is stored");
        shared.journal.announce(&lines).await.expect("it is told");
    }
}

/// T7 of the defects to beat.
#[tokio::test]
async fn a_thousand_changes_reach_a_slow_reader_who_reconnects_once_each_and_in_order() {
    let lab = Lab::open("apply report").await;
    let mut reader = Reader::open(&lab, None).await;
    let (mut last, word) = reader.next().await;
    assert_eq!(word, "snapshot");
    tell(&lab, 1_000).await;
    let end = last + 1_000;
    while last < end {
        for _ in 0..137 {
            let (number, _) = reader.next().await;
            assert_eq!(number, last + 1);
            last = number;
            if last == end {
                return;
            }
        }
        drop(reader);
        tokio::time::sleep(Duration::from_millis(20)).await;
        reader = Reader::open(&lab, Some(last)).await;
    }
}

#[tokio::test]
async fn who_comes_back_too_late_is_told_what_is_missing_and_how_all_stands() {
    let lab = Lab::open("apply report").await;
    tell(&lab, 3_000).await;
    let shared = &lab.daemon.shared;
    let newest = shared.journal.newest();
    let gone = Batch::default().forget(Log::Events, newest - 2_100);
    shared.store.commit(gone).await.expect("it is stored");
    let mut reader = Reader::open(&lab, Some(1)).await;
    assert_eq!(reader.next().await, (newest - 2_100, "lagged".to_owned()));
    // Who is cut off right here comes back with this number, and misses nothing.
    assert_eq!(reader.next().await, (newest - 2_100, "snapshot".to_owned()));
    assert_eq!(reader.next().await.0, newest - 2_099);
}

#[tokio::test]
async fn streams_are_counted_and_one_who_does_not_read_does_not_keep_the_daemon() {
    let lab = Lab::open("apply report").await;
    let stalled = Reader::open(&lab, None).await;
    tell(&lab, 20_000).await;
    let numbers = lab.get("/metrics").await;
    let text = String::from_utf8_lossy(&numbers.body).into_owned();
    assert!(text.contains("\nskep_streams 1\n"), "{text}");
    let ended = tokio::time::timeout(Duration::from_secs(25), lab.daemon.stop()).await;
    assert!(ended.is_ok(), "it waits for who does not read");
    drop(stalled);
}

#[tokio::test]
async fn a_number_of_another_store_begins_anew() {
    let lab = Lab::open("apply report").await;
    let mut reader = Reader::open(&lab, Some(1_000_000)).await;
    assert_eq!(reader.next().await.1, "snapshot");
}
