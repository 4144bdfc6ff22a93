//! The machine's clock.

use std::time::Duration;

use skep_schema::event::Timestamp;

pub(crate) fn now() -> Timestamp {
    Timestamp(u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0))
}

/// How long it is until a time; nothing for one that has passed.
pub(crate) fn until(at: Timestamp) -> Duration {
    Duration::from_millis(at.since(now()))
}
