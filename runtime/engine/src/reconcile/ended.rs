//! How a look or an apply ended.

use std::sync::Arc;

use skep_schema::api::stack::{Approval, Cause, LastApply, Mark, Sent, StackEvent, StackState};
use skep_schema::event::{ApplyReport, Outcome, Timestamp};
use skep_schema::plan::Plan;

use super::{Phase, Reconcile, Seen};
use crate::perform::{Done, PerformError};
use crate::provider::ProviderError;

impl Reconcile {
    pub(super) fn on_looked(&mut self, result: Result<Box<Seen>, ProviderError>, now: Timestamp) {
        let Phase::Looking { plan, causes } = std::mem::replace(&mut self.phase, Phase::Idle)
        else {
            return;
        };
        match result {
            Err(error) => {
                self.causes.restore(causes);
                self.target_lost(&error);
            }
            Ok(_) if !self.holds.is_empty() || !self.is_desired(&plan) => {
                self.causes.restore(causes);
            }
            Ok(seen) => {
                self.target_found(now);
                self.due.looked(self.policy.every);
                self.decide(*seen, &causes, now);
            }
        }
    }

    fn is_desired(&self, plan: &Arc<Plan>) -> bool {
        let desired = self.desired.as_ref();
        desired.is_some_and(|desired| Arc::ptr_eq(desired, plan))
    }

    fn target_lost(&mut self, error: &ProviderError) {
        self.due.missed();
        let message = error.to_string();
        let lost = self.shown.target_trouble.replace(message.clone());
        if lost.is_none() {
            self.tell(StackEvent::TargetLost { message });
        }
    }

    fn target_found(&mut self, now: Timestamp) {
        self.shown.looked = Some(now);
        if self.shown.target_trouble.take().is_some() {
            self.tell(StackEvent::TargetFound);
        }
    }

    pub(super) fn on_applied(&mut self, result: Result<Done, PerformError>, now: Timestamp) {
        let Phase::Applying { approval } = std::mem::replace(&mut self.phase, Phase::Idle) else {
            return;
        };
        let sent = self.memory.sent.take();
        match result {
            Ok(done) => {
                self.use_up(approval.as_deref(), &done.report);
                self.on_done(done, sent, now);
            }
            Err(error) => self.on_not_done(&error, now),
        }
        if let Some(by) = self.holds.first().copied() {
            self.stand(StackState::Held { by }, now);
        }
        self.trigger(Cause::Applied, now);
    }

    /// Forgets an approval that has had its effect, unless what it is for was cut short, or somebody has given
    /// another one meanwhile.
    fn use_up(&mut self, used: Option<&Approval>, report: &ApplyReport) {
        if !report.is_cut_short() && self.memory.approval.as_deref() == used {
            self.memory.approval = None;
        }
    }

    fn on_done(&mut self, done: Done, sent: Option<Sent>, now: Timestamp) {
        let Done {
            report,
            revision,
            failed,
        } = done;
        self.retry = None;
        // The source may have brought another plan meanwhile.
        let is_wanted = sent
            .as_ref()
            .is_none_or(|sent| self.shown.plan.as_ref() == Some(&sent.plan));
        // What is wrong with its own form stays wrong: that is left to people.
        let is_spoiled = !failed.is_empty();
        match revision {
            Some(revision) => {
                let plan = sent.map(|sent| sent.plan);
                self.memory.known = Some(Mark { revision, plan });
                self.memory.overtaken = None;
                self.memory.failed.clear();
            }
            // History does not tell that it failed, so this has to.
            None => self.memory.failed = failed,
        }
        self.keep();
        let state = if report.outcome == Outcome::Done {
            self.due.forgive();
            self.shown.changes = None;
            if is_wanted {
                StackState::InSync
            } else {
                StackState::Unknown
            }
        } else if report.is_cut_short() {
            StackState::Unknown
        } else {
            let again = (!is_spoiled).then(|| self.due.failed());
            StackState::Failed { again }
        };
        let last = LastApply {
            at: now,
            outcome: report.outcome,
            revision,
        };
        self.shown.last = Some(last.clone());
        self.stand(state, now);
        self.tell(StackEvent::Applied { last });
    }

    /// Nothing was written, so an approval is as good as before.
    fn on_not_done(&mut self, error: &PerformError, now: Timestamp) {
        self.keep();
        match error {
            PerformError::Target(error) => self.target_lost(error),
            PerformError::Locked(_) | PerformError::Refused(_) => self.due.stood_back(),
        }
        self.stand(StackState::Unknown, now);
        let message = error.to_string();
        self.tell(StackEvent::NotApplied { message });
    }
}
