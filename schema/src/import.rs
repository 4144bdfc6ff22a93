//! What an import made of files that others wrote.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What every reader must check before the rest: `skep.import/1`.
pub const IMPORT_FORMAT: &str = "skep.import/1";

/// What became of every key of the files, in order of place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ImportReport {
    /// Always [`IMPORT_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = IMPORT_FORMAT)))]
    pub format: String,
    /// The project's name, which is the stack's.
    pub project: String,
    /// The text of `skep.kdl`.
    pub text: String,
    /// Files that it refers to, by their path in the project, and where they are now.
    pub copies: BTreeMap<String, String>,
    pub findings: Vec<Finding>,
    /// Variables of the files and what they became, by the variable's name.
    pub variables: Vec<ImportedVariable>,
    /// What keeps the files from being read; nothing is made then.
    pub refusals: Vec<Refusal>,
}

/// How much of a key's meaning is in the project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// All of it.
    Exact,
    /// Something near to it, which the reason names.
    Approximated,
    /// Nothing, for the reason.
    Dropped,
}

/// What became of one key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// The way to it: `services.web.deploy.replicas`.
    pub key: String,
    pub grade: Grade,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next: String,
}

/// What a variable became.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct ImportedVariable {
    pub variable: String,
    /// The address of the parameter or secret: `param.tag`, `secret.db-password`.
    pub node: String,
    /// Nobody gives it a value yet, and a plan needs one.
    pub required: bool,
}

/// Why files cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Refusal {
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
    pub message: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
}

impl Grade {
    /// `exact`
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Approximated => "approximated",
            Self::Dropped => "dropped",
        }
    }
}
