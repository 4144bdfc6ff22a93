//! How an apply ends, in one word and node by node.

use skep_schema::event::{APPLY_FORMAT, ApplyReport, NodeOutcome, Outcome, Timestamp};
use skep_schema::inventory::Verdict;

use super::node::{Node, Role, State};
use super::{Apply, Effect, Phase};

impl Apply {
    /// Ends the apply when nothing is under way that could still change anything.
    ///
    /// What was superseded is removed only after everything worked: until then it is what a
    /// rollback needs. Without a write there is nothing to remove, and nothing is.
    pub(super) fn close(&mut self, now: Timestamp) {
        let busy = self
            .active
            .first()
            .is_some_and(|i| self.nodes[*i].is_change());
        match self.phase {
            Phase::Applying if self.open == 0 && self.written && self.first_failure.is_none() => {
                self.phase = Phase::Collecting { since: now };
                self.effects.push(Effect::Collect);
            }
            Phase::Applying if self.open == 0 => self.finish(now),
            // A change set edited by hand may hold a cycle, in which nobody ever begins.
            Phase::Applying if self.active.is_empty() && self.ready.is_empty() => self.finish(now),
            Phase::Cancelled if !busy => self.finish(now),
            Phase::Applying | Phase::Cancelled | Phase::Collecting { .. } | Phase::Finished => {}
        }
    }

    pub(super) fn finish(&mut self, now: Timestamp) {
        let report = ApplyReport {
            format: APPLY_FORMAT.to_owned(),
            stack: self.stack.clone(),
            id: self.id.clone(),
            outcome: self.outcome(),
            millis: now.since(self.started),
            nodes: self
                .nodes
                .iter()
                .filter_map(|node| Some((node.address.clone(), self.node_outcome(node)?)))
                .collect(),
        };
        self.phase = Phase::Finished;
        self.effects.push(Effect::Finish(report));
    }

    /// The first that fits: all done; cancelled before that; rolled back; timed out; and else
    /// whether anything was written before it failed.
    fn outcome(&self) -> Outcome {
        let verdict = |wanted: Verdict| {
            self.nodes.iter().any(
                |node| matches!(&node.state, State::Failed(failure) if failure.verdict == wanted),
            )
        };
        if self.open == 0 && self.first_failure.is_none() {
            Outcome::Done
        } else if self.phase == Phase::Cancelled {
            Outcome::Cancelled
        } else if verdict(Verdict::RolledBack) {
            Outcome::RolledBack
        } else if verdict(Verdict::TimedOut) {
            Outcome::TimedOut
        } else if self.written {
            Outcome::Partial
        } else {
            Outcome::Failed
        }
    }

    /// Nothing for a node that was not written and gave no trouble.
    fn node_outcome(&self, node: &Node) -> Option<NodeOutcome> {
        match (&node.state, node.role) {
            (State::Failed(failure), _) => Some(NodeOutcome::Failed(failure.clone())),
            (_, Role::Existing | Role::Awaited) => None,
            (State::Done { millis }, Role::Change { action, .. }) => Some(NodeOutcome::Done {
                action,
                millis: *millis,
            }),
            (State::Skipped { because }, Role::Change { .. }) => Some(NodeOutcome::Skipped {
                because: self.nodes[*because].address.clone(),
            }),
            (State::Waiting, Role::Change { .. }) => Some(NodeOutcome::NotBegun),
            (
                State::Writing { .. }
                | State::Retrying { .. }
                | State::Doubted
                | State::Settling { .. },
                Role::Change { action, .. },
            ) => Some(NodeOutcome::Unsettled { action }),
        }
    }
}
