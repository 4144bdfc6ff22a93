//! Tells people what happens, whoever else looks or not.

use std::sync::Arc;

use skep_schema::api::event::StackEventLine;

use crate::condition::Condition;
use crate::journal::{Follower, Next};
use crate::notify::{Notifier, Reader};

/// Reads the events as they come and hands on what there is to tell. A daemon that stands by is silent:
/// the one that acts sees the same.
pub(crate) async fn cry(mut events: Follower, notifier: Arc<Notifier>, condition: Arc<Condition>) {
    let mut reader = Reader::default();
    while let Ok(next) = events.next().await {
        let Next::Told(told) = next else {
            continue;
        };
        let Ok(line) = serde_json::from_str::<StackEventLine>(&told.json) else {
            continue;
        };
        let notice = reader.on(&line);
        if let Some(notice) = notice.filter(|_| condition.has(&told.stack)) {
            notifier.tell(&notice);
        }
    }
}
