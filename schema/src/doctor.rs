//! What a look at a project, its tools and its target found.

use serde::{Deserialize, Serialize};

/// What every reader must check before the rest: `skep.doctor/1`.
pub const DOCTOR_FORMAT: &str = "skep.doctor/1";

/// How things stand before anything is planned or applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DoctorReport {
    /// Always [`DOCTOR_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = DOCTOR_FORMAT)))]
    pub format: String,
    /// Nothing where there is no project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// What is near first, then the target. What could not be looked at is not there.
    pub findings: Vec<Finding>,
}

/// What one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// What was looked at, in a word: `clock`. A word can come more than once.
    pub check: String,
    pub state: Health,
    /// A lowercase sentence without a full stop.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    Ok,
    /// An apply can work, and something deserves a look.
    Warn,
    /// An apply cannot work as it is.
    Fail,
}

impl Finding {
    pub fn ok(check: &str, message: impl Into<String>) -> Self {
        Self {
            check: check.to_owned(),
            state: Health::Ok,
            message: message.into(),
            fix: None,
        }
    }

    pub fn warn(check: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            state: Health::Warn,
            fix: Some(fix.into()),
            ..Self::ok(check, message)
        }
    }

    pub fn fail(check: &str, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            state: Health::Fail,
            ..Self::warn(check, message, fix)
        }
    }
}
