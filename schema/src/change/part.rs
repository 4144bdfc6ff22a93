//! A change set of which some nodes are left as they are.

use std::collections::BTreeSet;

use super::{ChangeSet, Summary, approval};
use crate::address::Address;

impl ChangeSet {
    /// The same without the changes of some nodes. No other change may wait for one of them.
    #[must_use]
    pub fn without(mut self, left: &BTreeSet<Address>) -> Self {
        self.changes
            .retain(|change| !left.contains(&change.address));
        for change in &mut self.changes {
            change.waits_for.retain(|address| !left.contains(address));
            change.caused_by.retain(|address| !left.contains(address));
        }
        self.concerns
            .retain(|concern| !left.contains(&concern.address));
        self.summary = Summary {
            noop: self.summary.noop,
            ..Summary::of(&self.changes, 0)
        };
        self.id = approval::id(&self.stack, &self.from, &self.to, &self.changes);
        self
    }
}
