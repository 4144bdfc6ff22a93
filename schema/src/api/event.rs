//! What a daemon tells of its stacks, in the order in which it became true.

use serde::{Deserialize, Serialize};

use super::stack::{StackEvent, StackStatus};
use crate::event::Timestamp;

/// What every reader must check before the rest: `skep.stack-event/1`.
pub const STACK_EVENT_FORMAT: &str = "skep.stack-event/1";
/// What every reader must check before the rest: `skep.snapshot/1`.
pub const SNAPSHOT_FORMAT: &str = "skep.snapshot/1";
/// What every reader must check before the rest: `skep.lagged/1`.
pub const LAGGED_FORMAT: &str = "skep.lagged/1";

/// Something that became true of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct StackEventLine {
    /// Always [`STACK_EVENT_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = STACK_EVENT_FORMAT)))]
    pub format: String,
    /// Counts from 1 without gaps; who sees only some stacks sees only some numbers.
    pub number: u64,
    pub at: Timestamp,
    pub stack: String,
    pub event: StackEvent,
}

/// How all stacks stand that may be seen, with which a stream of events begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Snapshot {
    /// Always [`SNAPSHOT_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = SNAPSHOT_FORMAT)))]
    pub format: String,
    /// All events up to this number are in it; some later ones may be.
    pub number: u64,
    pub stacks: Vec<StackStatus>,
}

/// Events that are kept no more: a snapshot stands in for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Lagged {
    /// Always [`LAGGED_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = LAGGED_FORMAT)))]
    pub format: String,
    /// The first that is missing, and the last.
    pub from: u64,
    pub to: u64,
}
