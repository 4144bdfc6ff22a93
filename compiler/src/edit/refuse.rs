//! Why a wish is not fulfilled.

use std::fmt;

use super::Site;

/// What is in the way of an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not there, or cannot be edited; with what to do instead.
    No { message: String, help: String },
    /// It could be made in several places, each with another effect, or in one that others share.
    Several(Vec<Site>),
}

impl Refusal {
    pub(super) fn no(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::No {
            message: message.into(),
            help: help.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::No { message, .. } => f.write_str(message),
            Self::Several(sites) => {
                f.write_str(match sites.as_slice() {
                    [_] => "this changes other nodes as well:",
                    _ => "this could be written in several places:",
                })?;
                for site in sites {
                    write!(f, "\n  {}:{}  {}", site.file, site.line, site.text)?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for Refusal {}
