//! A plan in the words of other tools, and what of it they have no words for.

mod compose;
mod finding;
mod keys;
mod kubernetes;
mod text;
pub mod yaml;

use std::collections::BTreeMap;

use skep_schema::export::{EXPORT_FORMAT, ExportReport};
use skep_schema::import::Finding;
use skep_schema::plan::{Content, Plan};

pub use compose::{STACK_FILE, compose};
pub use kubernetes::{MANIFEST, kubernetes};

/// Files that stand for a plan. The same plan gives the same bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// By their path in the folder of the export.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What is not exact, in order of node and property.
    pub findings: Vec<Finding>,
}

impl Exported {
    pub fn report(&self, plan: &Plan) -> ExportReport {
        let files = self.files.iter();
        ExportReport {
            format: EXPORT_FORMAT.to_owned(),
            stack: plan.stack.clone(),
            files: files
                .map(|(path, bytes)| (path.clone(), Content::of(bytes)))
                .collect(),
            findings: self.findings.clone(),
        }
    }
}
