//! What a source says is to be.

use std::sync::Arc;

use skep_schema::api::stack::{Cause, StackEvent, StackState};
use skep_schema::event::Timestamp;

use super::{Desired, Reconcile};

/// Plans that are remembered: a source rarely moves more often while somebody else acts.
const REPLACED: usize = 16;

impl Reconcile {
    pub(super) fn planned(&mut self, desired: Desired, now: Timestamp) {
        let Desired { plan, origin } = desired;
        if plan.stack != self.shown.stack {
            let message = format!("it brings {}, and this is {}", plan.stack, self.shown.stack);
            return self.source_lost(message);
        }
        if self.shown.source_trouble.take().is_some() {
            self.tell(StackEvent::SourceFound);
        }
        self.shown.origin = Some(origin.clone());
        if self.desired.as_ref().is_some_and(|old| **old == *plan) {
            return;
        }
        let digest = plan.digest.clone();
        if self.shown.plan.as_ref() != Some(&digest) {
            self.retry = None;
            self.due.forgive();
        }
        if let Some(old) = self.shown.plan.replace(digest.clone()) {
            self.replaced.push((old, now));
            let excess = self.replaced.len().saturating_sub(REPLACED);
            self.replaced.drain(..excess);
        }
        self.desired = Some(Arc::clone(&plan));
        self.tell(StackEvent::Planned {
            plan: digest,
            origin,
        });
        // What was seen was compared with another plan.
        if let StackState::InSync | StackState::Drifted = self.shown.state {
            self.stand(StackState::Unknown, now);
        }
        self.trigger(Cause::Source, now);
    }

    /// Whatever was desired stays so: a source that is broken, empty or gone deletes nothing.
    pub(super) fn source_lost(&mut self, message: String) {
        if self.shown.source_trouble.as_ref() == Some(&message) {
            return;
        }
        self.shown.source_trouble = Some(message.clone());
        self.tell(StackEvent::SourceLost { message });
    }
}
