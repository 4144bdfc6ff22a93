//! What a plan became in the words of another tool.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::import::Finding;
use crate::plan::Content;

/// What every reader must check before the rest: `skep.export/1`.
pub const EXPORT_FORMAT: &str = "skep.export/1";

/// The files that stand for a plan, and what of it they do not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExportReport {
    /// Always [`EXPORT_FORMAT`].
    #[cfg_attr(test, schemars(extend("const" = EXPORT_FORMAT)))]
    pub format: String,
    /// `shop` or `shop@prod`.
    pub stack: String,
    /// By their path in the folder of the export.
    pub files: BTreeMap<String, Content>,
    /// What is not exact, by node and property; what is not named here is exact.
    pub findings: Vec<Finding>,
}
