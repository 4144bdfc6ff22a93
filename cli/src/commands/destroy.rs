//! `skep destroy`

use std::time::Duration;

use clap::Args;
use skep_engine::drive::look;
use skep_schema::plan::Plan;

use super::apply::{Form, finish, perform, timeout};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::{Heading, terminal};
use crate::session::{Answer, Session, confirm};

const EXAMPLES: &str = "\
Examples:
  skep destroy -e dev           show what would go, ask for the stack's name, remove it
  skep destroy -e dev --yes     without asking";

/// Remove everything of the stack; volumes and their data stay
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Do not ask
    #[arg(short = 'y', long)]
    yes: bool,
    /// How long one node may take
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = timeout)]
    timeout: Duration,
    /// The form of the report
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let plan = session.plan()?;
    let nothing = Plan::empty(&plan.project, plan.environment.as_deref());
    let target = session.connect(&nothing)?;
    let seen = target
        .runtime
        .block_on(look(target.provider.as_ref(), &nothing))?;
    let heading = Heading {
        stack: plan.stack.clone(),
        against: session.cluster_name(&seen.inventory.cluster),
        next: None,
    };
    eprint!("{}", terminal(&seen.changes, &heading, session.err));
    if seen.changes.is_empty() && seen.inventory.superseded.is_empty() {
        return Ok(Exit::Done);
    }
    super::apply::refuse_blocked(&seen.changes)?;
    if !options.yes {
        let question = format!("Remove all of {}? Volumes stay.", plan.stack);
        confirm(&question, &Answer::Name(&plan.stack), "skep destroy --yes")?;
    }
    let report = perform(&session, &target, &nothing, options.timeout)?;
    finish(options.output, &report)
}
