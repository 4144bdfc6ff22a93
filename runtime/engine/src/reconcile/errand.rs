//! One apply that was decided on, and the rules it is held to once the lock is ours.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep_schema::address::Address;
use skep_schema::api::stack::{Consent, Mark};
use skep_schema::change::ChangeSet;
use skep_schema::plan::Plan;

use crate::drive::Look;
use crate::guard::{self, Refusal, Scope, Wish};
use crate::journal::Journal;

/// What is to be applied, and on whose word.
#[derive(Clone, Debug)]
pub struct Errand {
    pub plan: Arc<Plan>,
    pub scope: Scope,
    /// Who asked for it; nothing where the settings do.
    pub by: Option<String>,
    pub(super) consent: Consent,
    pub(super) agreed: Option<ChangeSet>,
    /// The newest revision there was when it was decided.
    pub(super) known: Option<Mark>,
}

impl Errand {
    /// Whether it may still be done, now that nobody else can do anything.
    ///
    /// # Errors
    /// Somebody was faster, or what is seen is refused.
    pub fn allow(
        &self,
        seen: &Look,
        journal: &Journal,
        missing: &BTreeMap<Address, String>,
    ) -> Result<(), Refusal> {
        guard::overtaken(journal, self.known.as_ref(), &self.plan.digest)?;
        let consent = &self.consent;
        guard::apply(
            seen,
            journal,
            Wish { consent, missing },
            self.agreed.as_ref(),
        )
    }
}
