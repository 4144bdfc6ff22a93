//! Options of every command that changes a target.

use std::time::Duration;

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;
use skep_schema::address::Address;
use skep_schema::api::stack;

use crate::complete;

/// How an apply is done.
#[derive(Clone, Debug, Args)]
pub(crate) struct Manner {
    /// Do not ask
    #[arg(short = 'y', long)]
    pub(crate) yes: bool,
    /// How long one node may take
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub(crate) timeout: Duration,
    /// How long to wait for somebody else who is applying
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub(crate) lock_timeout: Duration,
    /// Let this protected node end; may be repeated
    #[arg(long, value_name = "ADDRESS", add = ArgValueCompleter::new(complete::addresses))]
    pub(crate) unprotect: Vec<Address>,
    /// The form of the report
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    pub(crate) output: Form,
}

/// What is refused unless it is said to be meant.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Consent {
    /// Let this many nodes be deleted, where that is many or all
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) allow_deletes: u64,
    /// Try again what failed when it was last tried
    #[arg(long)]
    pub(crate) retry: bool,
    /// Apply although no node can take a task of some service: its deadline then runs
    #[arg(long)]
    pub(crate) allow_unplaced: bool,
    /// Take over what another tool deploys, which was switched off for it
    #[arg(long)]
    pub(crate) take_over: bool,
}

impl Manner {
    /// All that is said to be meant.
    pub(crate) fn meant(&self, consent: &Consent) -> stack::Consent {
        let Consent {
            allow_deletes,
            retry,
            allow_unplaced,
            take_over,
        } = *consent;
        stack::Consent {
            allow_deletes,
            retry,
            allow_unplaced,
            take_over,
            unprotect: self.unprotect.iter().cloned().collect(),
        }
    }
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Lines on standard error
    #[default]
    Human,
    /// skep.apply/1 on standard output
    Json,
}

fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<skep_schema::units::Duration>()
        .map(skep_schema::units::Duration::as_std)
        .map_err(|e| e.message)
}
