//! What an export does not say as the plan means it.

use std::collections::BTreeSet;

use skep_schema::address::Address;
use skep_schema::import::{Finding, Grade};
use skep_schema::plan::{Plan, PlanNode};

/// Collects findings, each once.
#[derive(Debug, Default)]
pub(super) struct Findings {
    found: BTreeSet<Finding>,
}

/// A node, as the one that findings are about.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'p> {
    pub(super) address: &'p Address,
    pub(super) node: &'p PlanNode,
}

impl Findings {
    /// Something near to the property stands in the export.
    pub(super) fn near(&mut self, about: About<'_>, property: &str, reason: &str, next: &str) {
        self.add(about, property, Grade::Approximated, reason, next);
    }

    /// Nothing of the property stands in the export.
    pub(super) fn dropped(&mut self, about: About<'_>, property: &str, reason: &str, next: &str) {
        self.add(about, property, Grade::Dropped, reason, next);
    }

    /// Of the plan as a whole.
    pub(super) fn of_plan(&mut self, plan: &Plan, property: &str, reason: &str, next: &str) {
        self.found.insert(Finding {
            file: String::new(),
            line: 0,
            key: format!("{}.{property}", plan.stack),
            grade: Grade::Dropped,
            reason: reason.to_owned(),
            next: next.to_owned(),
        });
    }

    fn add(&mut self, about: About<'_>, property: &str, grade: Grade, reason: &str, next: &str) {
        let origin = &about.node.origin;
        let key = if property.is_empty() {
            about.address.to_string()
        } else {
            format!("{}.{property}", about.address)
        };
        self.found.insert(Finding {
            file: origin.file.clone(),
            line: origin.line,
            key,
            grade,
            reason: reason.to_owned(),
            next: next.to_owned(),
        });
    }

    /// All of them, in order of place.
    pub(super) fn all(self) -> Vec<Finding> {
        self.found.into_iter().collect()
    }
}
