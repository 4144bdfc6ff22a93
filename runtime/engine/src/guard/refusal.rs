//! Why changes are not applied, in words that whoever hands them on can finish.

use skep_schema::api::stack::{Refused, Rule, Term};

/// What is refused, by which rule, and what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub rule: Rule,
    pub message: String,
    help: Box<Help>,
}

/// Advice, with the consent that would do in its midst: a command line and an API spell it in their
/// own ways.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Help {
    before: String,
    term: Option<Term>,
    after: String,
}

impl Refusal {
    pub(super) fn new(rule: Rule, message: impl Into<String>) -> Self {
        Self {
            rule,
            message: message.into(),
            help: Box::default(),
        }
    }

    /// With advice that needs no consent.
    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.before = help.into();
        self.help.term = None;
        self.help.after.clear();
        self
    }

    /// With advice that ends in what may be consented to.
    #[must_use]
    pub(super) fn unless(mut self, before: impl Into<String>, term: Term) -> Self {
        self.help.before = before.into();
        self.help.term = Some(term);
        self
    }

    /// What is said after the consent.
    #[must_use]
    pub(super) fn then(mut self, after: impl Into<String>) -> Self {
        self.help.after = after.into();
        self
    }

    /// What somebody may consent to so that this rule holds no more.
    pub fn term(&self) -> Option<&Term> {
        self.help.term.as_ref()
    }

    /// As an API says it.
    pub fn told(&self) -> Refused {
        Refused {
            rule: self.rule,
            message: self.message.clone(),
            help: self.advice(ToString::to_string),
            unless: self.term().cloned(),
        }
    }

    /// What to do about it, if anything can be said; `spell` writes the consent.
    pub fn advice(&self, spell: impl Fn(&Term) -> String) -> Option<String> {
        let Help {
            before,
            term,
            after,
        } = &*self.help;
        let term = term.as_ref().map(spell).unwrap_or_default();
        let advice = format!("{before}{term}{after}");
        (!advice.is_empty()).then_some(advice)
    }
}
