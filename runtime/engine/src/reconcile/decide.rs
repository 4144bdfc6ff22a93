//! What follows from a look.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_schema::address::Address;
use skep_schema::api::stack::{
    ApplyPolicy, Consent, DriftPolicy, Hold, Overtaken, Pending, Refused, Rule, Sent, StackEvent,
    StackState, Wait,
};
use skep_schema::digest::DigestText;
use skep_schema::event::{Outcome, Timestamp};
use skep_schema::plan::Plan;

use super::causes::Causes;
use super::due::Why;
use super::{Effect, Errand, Phase, Reconcile, Seen};
use crate::drive::Look;
use crate::guard::{self, Refusal, Scope, Wish};
use crate::journal::Journal;

/// What is done about what was seen.
enum Verdict {
    Go(Box<Errand>, Box<Look>),
    Stay(StackState, Option<Refusal>),
}

impl Verdict {
    const fn wait(waits_for: Wait) -> Self {
        Self::Stay(StackState::Changes { waits_for }, None)
    }
}

impl Reconcile {
    pub(super) fn decide(&mut self, seen: Seen, causes: &Causes, now: Timestamp) {
        let Seen {
            look,
            journal,
            missing,
        } = seen;
        let Some(plan) = self.desired.clone() else {
            return;
        };
        let place = self.effects.len();
        self.watch_health(&look);
        self.watch_drift(&look);
        let pending = Pending {
            id: look.changes.id.clone(),
            summary: look.changes.summary.clone(),
        };
        self.shown.changes = (!look.changes.is_empty()).then_some(pending);
        self.changes = Some(look.changes.clone());
        let overtaken = self.catch_up(&journal, &plan);
        self.review(&look);
        let before = self.shown.state.clone();
        match self.verdict(look, &journal, &missing, overtaken, &plan, now) {
            Verdict::Go(errand, look) => self.go(errand, &look, &journal, causes, now),
            Verdict::Stay(state, refusal) => self.stay(state, refusal.map(|r| r.told()), now),
        }
        if causes.are_worth_a_word() || before != self.shown.state {
            let looked = StackEvent::Looked {
                causes: causes.list().to_vec(),
                more: causes.more(),
            };
            self.effects.insert(place, Effect::Tell(looked));
        }
    }

    fn watch_drift(&mut self, look: &Look) {
        let nodes = guard::drifted(&look.changes.changes);
        if nodes == self.shown.drift {
            return;
        }
        self.shown.drift.clone_from(&nodes);
        self.tell(if nodes.is_empty() {
            StackEvent::DriftOver
        } else {
            StackEvent::Drift { nodes }
        });
    }

    /// Finds out who had the last word, and why it was not us.
    ///
    /// A revision is ours when it was made here, or wants the very plan that is to be. After somebody
    /// else's, another plan than the one that the source had when it was seen says that the source
    /// had time to follow, so then it counts again.
    fn catch_up(&mut self, journal: &Journal, plan: &Plan) -> Option<Refusal> {
        let last = guard::last_word(journal);
        let before = (self.memory.known.clone(), self.memory.overtaken.clone());
        if self.was_sent(journal) || self.was_followed(journal) {
            self.memory.known.clone_from(&last);
        }
        if let Some(theirs) = self.memory.overtaken.take_if(|o| o.plan != plan.digest) {
            self.memory.known = theirs.last;
        }
        let known = self.memory.known.as_ref();
        let refusal = guard::overtaken(journal, known, &plan.digest).err();
        if refusal.is_none() {
            self.memory.known = last;
            self.memory.overtaken = None;
        } else {
            self.memory.overtaken = Some(Overtaken {
                last,
                plan: plan.digest.clone(),
            });
        }
        if before != (self.memory.known.clone(), self.memory.overtaken.clone()) {
            self.keep();
        }
        refusal
    }

    /// Whether the newest revision wanted what our own source wanted, which moved on after that: whoever
    /// applied it, such as the daemon that was active before, did what we would have done.
    fn was_followed(&self, journal: &Journal) -> bool {
        journal.get(journal.newest()).is_some_and(|entry| {
            let revision = &entry.revision;
            let was_wanted = |(plan, until): &(DigestText, Timestamp)| {
                *plan == revision.plan.digest && revision.begun < *until
            };
            self.replaced.iter().any(was_wanted)
        })
    }

    /// Whether the newest revision is one that was begun here, and whose end nobody reported.
    fn was_sent(&self, journal: &Journal) -> bool {
        let newest = journal.newest();
        let sent = self.memory.sent.as_ref();
        let entry = journal.get(newest);
        sent.zip(entry).is_some_and(|(sent, entry)| {
            sent.revision == newest && entry.revision.plan.digest == sent.plan
        })
    }

    /// Drops an approval that is of no use any more: all of it is done, or it is for something else.
    fn review(&mut self, look: &Look) {
        let Some(approval) = &self.memory.approval else {
            return;
        };
        let void = guard::stale(&approval.changes, look).err();
        if void.is_none() && !look.changes.is_empty() {
            return;
        }
        let who = approval.who.clone();
        self.memory.approval = None;
        self.keep();
        if let Some(refusal) = void {
            let message = refusal.message;
            self.tell(StackEvent::ApprovalVoid { who, message });
        }
    }

    /// The rules in their order: who may act at all, what is left to people, what is refused, when.
    fn verdict(
        &mut self,
        look: Look,
        journal: &Journal,
        missing: &BTreeMap<Address, String>,
        overtaken: Option<Refusal>,
        plan: &Arc<Plan>,
        now: Timestamp,
    ) -> Verdict {
        if look.changes.is_empty() {
            return Verdict::Stay(as_written(&look, journal), None);
        }
        let errand = self.errand(journal, plan);
        if let Some(state) = self.left_to_people(&look, overtaken.is_some()) {
            let refusal = self.first_asked(&state, &errand, &look, journal, missing);
            return Verdict::Stay(state, overtaken.or(refusal));
        }
        let look = match errand.scope.of(look) {
            Ok(look) => look,
            Err(refusal) => {
                let waits_for = Wait::Approval;
                return Verdict::Stay(StackState::Changes { waits_for }, Some(refusal));
            }
        };
        if let Err(refusal) = self.refused(&errand, &look, journal, missing) {
            return Verdict::Stay(refused(&refusal), Some(refusal));
        }
        match self.not_now(now) {
            Some(verdict) => verdict,
            None => Verdict::Go(Box::new(errand), Box::new(look)),
        }
    }

    fn left_to_people(&self, look: &Look, overtaken: bool) -> Option<StackState> {
        let is_approved = self.memory.approval.is_some();
        let left = self.policy.drift == DriftPolicy::Report
            && look.changes.changes.len() == self.shown.drift.len();
        let waits = |waits_for| StackState::Changes { waits_for };
        let by = Hold::Overtaken;
        match self.policy.apply {
            ApplyPolicy::Auto | ApplyPolicy::Approve if is_approved => None,
            ApplyPolicy::Auto | ApplyPolicy::Approve if overtaken => Some(StackState::Held { by }),
            ApplyPolicy::Auto | ApplyPolicy::Approve | ApplyPolicy::Report if left => {
                Some(StackState::Drifted)
            }
            ApplyPolicy::Report => Some(waits(Wait::Report)),
            ApplyPolicy::Approve => Some(waits(Wait::Approval)),
            ApplyPolicy::Auto => None,
        }
    }

    /// What whoever approves has to consent to, so that nobody has to approve twice.
    fn first_asked(
        &self,
        state: &StackState,
        errand: &Errand,
        look: &Look,
        journal: &Journal,
        missing: &BTreeMap<Address, String>,
    ) -> Option<Refusal> {
        let waits_for = Wait::Approval;
        let is_asked = *state == StackState::Changes { waits_for };
        let refused = is_asked.then(|| self.refused(errand, look, journal, missing));
        refused.and_then(Result::err)
    }

    fn errand(&self, journal: &Journal, plan: &Arc<Plan>) -> Errand {
        let approval = self.memory.approval.as_ref();
        let mut consent = approval.map_or_else(Consent::default, |a| a.consent.clone());
        consent.retry |= self.retry.is_some();
        let is_whole = approval.is_some() || self.policy.drift == DriftPolicy::Revert;
        let who = approval.map(|approval| approval.who.clone());
        Errand {
            plan: Arc::clone(plan),
            scope: if is_whole { Scope::All } else { Scope::Spec },
            by: who.or_else(|| self.retry.clone()),
            consent,
            agreed: approval.map(|approval| approval.changes.clone()),
            known: guard::last_word(journal),
        }
    }

    fn refused(
        &self,
        errand: &Errand,
        look: &Look,
        journal: &Journal,
        missing: &BTreeMap<Address, String>,
    ) -> Result<(), Refusal> {
        let consent = &errand.consent;
        let wish = Wish { consent, missing };
        guard::apply(look, journal, wish, errand.agreed.as_ref())?;
        guard::failed_lately(&self.memory.failed, &look.changes, consent)
    }

    /// What is right and has to wait.
    fn not_now(&mut self, now: Timestamp) -> Option<Verdict> {
        if let Some(again) = self.due.again() {
            return Some(match again.why {
                Why::Failed => {
                    let again = Some(again.at);
                    Verdict::Stay(StackState::Failed { again }, None)
                }
                Why::Turn => Verdict::wait(Wait::Turn { until: again.at }),
            });
        }
        let opening = (self.policy.window)(now);
        (!opening.open).then(|| {
            let opens = opening.until;
            self.due.window(opens);
            Verdict::wait(Wait::Window { opens })
        })
    }

    fn go(
        &mut self,
        errand: Box<Errand>,
        look: &Look,
        journal: &Journal,
        causes: &Causes,
        now: Timestamp,
    ) {
        self.memory.sent = Some(Sent {
            revision: journal.next(),
            plan: errand.plan.digest.clone(),
        });
        let approval = self.memory.approval.clone();
        self.phase = Phase::Applying { approval };
        self.keep();
        self.shown.refused = None;
        self.stand(StackState::Applying, now);
        self.tell(StackEvent::Applying {
            id: look.changes.id.clone(),
            summary: look.changes.summary.clone(),
            causes: causes.list().to_vec(),
            by: errand.by.clone(),
        });
        self.effects.push(Effect::Apply(errand));
    }

    fn stay(&mut self, state: StackState, refused: Option<Refused>, now: Timestamp) {
        if self.shown.refused != refused {
            self.shown.refused.clone_from(&refused);
            if let Some(refused) = refused {
                self.tell(match refused.rule {
                    Rule::Overtaken => StackEvent::Overtaken {
                        message: refused.message,
                    },
                    Rule::Taken
                    | Rule::Contested
                    | Rule::Nodes
                    | Rule::Blocked
                    | Rule::Concern
                    | Rule::Unvalued
                    | Rule::Deletes
                    | Rule::Stale
                    | Rule::FailedBefore
                    | Rule::Gone
                    | Rule::Drift => StackEvent::Refused { refused },
                });
            }
        }
        if !still_comes(&state) {
            self.retry = None;
        }
        self.stand(state, now);
    }
}

/// All is written as it shall be. Where the last apply did not say that it worked, and it still does
/// not, it failed.
fn as_written(look: &Look, journal: &Journal) -> StackState {
    let last = journal.last().and_then(|entry| entry.ending.as_ref());
    let ended_ill = last.is_some_and(|ending| ending.outcome != Outcome::Done);
    if ended_ill && !look.unsettled().is_empty() {
        StackState::Failed { again: None }
    } else {
        StackState::InSync
    }
}

/// Whether what somebody asked for is yet to be done; else the word has had its effect.
const fn still_comes(state: &StackState) -> bool {
    match state {
        StackState::Changes { waits_for } => match waits_for {
            Wait::Window { .. } | Wait::Turn { .. } => true,
            Wait::Approval | Wait::Report | Wait::Source | Wait::Consent => false,
        },
        StackState::Unknown | StackState::Applying | StackState::Held { .. } => true,
        StackState::InSync | StackState::Drifted | StackState::Failed { .. } => false,
    }
}

/// Who can do something about a refusal.
fn refused(refusal: &Refusal) -> StackState {
    if refusal.rule == Rule::FailedBefore {
        return StackState::Failed { again: None };
    }
    let waits_for = if refusal.term().is_some() {
        Wait::Consent
    } else {
        Wait::Source
    };
    StackState::Changes { waits_for }
}
