//! How the daemon says no.

use serde::{Deserialize, Serialize};

use super::audit::RequestId;
use crate::diagnostic::Located;

/// What every reader must check before the rest: `skep.refusal/1`.
pub const REFUSAL_FORMAT: &str = "skep.refusal/1";

/// Why there is no other answer. The status of the answer says which kind of no it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Refusal {
    /// Always [`REFUSAL_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = REFUSAL_FORMAT)))]
    pub format: String,
    /// A lowercase sentence without a full stop.
    pub error: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What is wrong with what a patch would make of a project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Located>,
    /// The places of which a patch has to name one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<PatchPlace>,
    /// What the audit and the log know the request by.
    pub request: RequestId,
}

/// A place in a project's files where a patch could be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PatchPlace {
    /// `FILE:LINE`.
    pub at: String,
    /// What it means to write it there: `in the environment prod`.
    pub text: String,
}
