//! What people say.

use skep_schema::api::stack::{ApplyPolicy, Approval, Cause, StackEvent};
use skep_schema::event::Timestamp;

use super::Reconcile;

impl Reconcile {
    pub(super) fn on_approved(&mut self, approval: Box<Approval>, now: Timestamp) {
        let who = approval.who.clone();
        if let Some(message) = self.no_use(&approval) {
            return self.tell(StackEvent::ApprovalVoid { who, message });
        }
        let id = approval.changes.id.clone();
        self.memory.approval = Some(approval);
        self.keep();
        self.tell(StackEvent::Approved {
            who: who.clone(),
            id,
        });
        self.due.forgive();
        self.trigger(Cause::Approval { who }, now);
    }

    fn no_use(&self, approval: &Approval) -> Option<String> {
        let (of, stack) = (&approval.changes.stack, &self.shown.stack);
        if of != stack {
            return Some(format!("it is for {of}, and this is {stack}"));
        }
        (self.policy.apply == ApplyPolicy::Report)
            .then(|| "nothing is ever applied here, by `apply \"report\"`".to_owned())
    }

    pub(super) fn on_withdrawn(&mut self, who: String, now: Timestamp) {
        if self.memory.approval.take().is_none() {
            return;
        }
        self.keep();
        self.tell(StackEvent::Withdrawn { who: who.clone() });
        self.trigger(Cause::Person { who }, now);
    }

    pub(super) fn on_retry(&mut self, who: String, now: Timestamp) {
        self.retry = Some(who.clone());
        self.due.forgive();
        self.trigger(Cause::Person { who }, now);
    }
}
