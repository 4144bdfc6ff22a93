//! Refusals in the words of a command line: an exit code, and flags where something can be consented to.

use skep_engine::guard::Refusal;
use skep_schema::api::stack::{Rule, Term};

use crate::exit::Exit;
use crate::failure::Failure;

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let failure = Self::new(exit(refusal.rule), refusal.message.as_str());
        match (refusal.rule, refusal.advice(flag)) {
            (Rule::Stale, _) => failure.help("plan again: skep plan --out FILE"),
            (_, Some(advice)) => failure.help(advice),
            (_, None) => failure,
        }
    }
}

const fn exit(rule: Rule) -> Exit {
    match rule {
        Rule::Taken
        | Rule::Contested
        | Rule::Nodes
        | Rule::Blocked
        | Rule::Concern
        | Rule::Overtaken
        | Rule::Drift => Exit::Denied,
        Rule::Unvalued | Rule::Gone => Exit::Failed,
        Rule::Deletes | Rule::FailedBefore => Exit::Unconfirmed,
        Rule::Stale => Exit::Stale,
    }
}

/// `--allow-deletes 7`
fn flag(term: &Term) -> String {
    let value = term.value().map(|value| format!(" {value}"));
    format!("--{}{}", term.word(), value.unwrap_or_default())
}
