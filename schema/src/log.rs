//! What programs write.

use serde::{Deserialize, Serialize};

use crate::event::Timestamp;

/// What every reader must check before the rest: `skep.log/1`.
pub const LOG_FORMAT: &str = "skep.log/1";

/// A line that a task wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct LogLine {
    pub at: Timestamp,
    /// `shop_api.2`, or the first letters of the task's id where it has no number.
    pub task: String,
    /// The machine it runs on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    pub stream: Stream,
    /// Without the end of line; characters that would steer a terminal are replaced.
    pub text: String,
}

/// Where a program wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    Stdout,
    Stderr,
}
