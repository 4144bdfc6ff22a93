//! What people are told.

use serde::Serialize;

use crate::daemon::NoticeKind;
use crate::event::Timestamp;

/// What every reader must check before the rest: `skep.notice/1`.
pub const NOTICE_FORMAT: &str = "skep.notice/1";

/// Something that happened and that somebody wants to know. It holds no secret: its words are those of
/// events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Notice {
    pub stack: String,
    pub kind: NoticeKind,
    /// One line.
    pub title: String,
    /// More of it, in lines; may be empty.
    pub text: String,
    pub at: Timestamp,
}

/// Notices about one stack that are sent together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct NoticeMessage {
    /// Always [`NOTICE_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = NOTICE_FORMAT)))]
    pub format: String,
    pub stack: String,
    /// Oldest first; never empty.
    pub notices: Vec<Notice>,
    /// Older ones that were too many to keep.
    #[serde(skip_serializing_if = "crate::is_default")]
    pub left_out: u32,
}
