//! What an edit of a project's files was.

use serde::{Deserialize, Serialize};

/// What every reader must check before the rest: `skep.edit/1`.
pub const EDIT_FORMAT: &str = "skep.edit/1";

/// An edit, and the command that takes it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EditReport {
    /// Always [`EDIT_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = EDIT_FORMAT)))]
    pub format: String,
    /// Nothing is written with `--dry-run`.
    pub written: bool,
    pub replaced: Vec<Replaced>,
    /// Program and arguments; the files are then what they were, byte by byte.
    pub undo: Vec<String>,
}

/// Bytes of a file as it was, and what stands there instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Replaced {
    pub file: String,
    /// From 1.
    pub line: u32,
    pub start: usize,
    pub end: usize,
    pub text: String,
}
