//! What a stack's settings say.

use std::fmt;
use std::sync::Arc;

use skep_schema::api::stack::{ApplyPolicy, DriftPolicy};
use skep_schema::event::Timestamp;

/// How a stack is kept.
#[derive(Clone)]
pub struct Policy {
    pub apply: ApplyPolicy,
    pub drift: DriftPolicy,
    /// Milliseconds after a look until the next, when nothing else leads to one.
    pub every: u64,
    pub window: Window,
}

/// When an apply may begin, as a function of time: calendars and time zones are the caller's.
pub type Window = Arc<dyn Fn(Timestamp) -> Opening + Send + Sync>;

/// Whether an apply may begin at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    pub open: bool,
    /// When that changes; nothing where it never does.
    pub until: Option<Timestamp>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            apply: ApplyPolicy::Report,
            drift: DriftPolicy::Report,
            every: 300_000,
            window: Arc::new(|_| Opening {
                open: true,
                until: None,
            }),
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("apply", &self.apply)
            .field("drift", &self.drift)
            .field("every", &self.every)
            .finish_non_exhaustive()
    }
}
