//! `skep diff`

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use skep_schema::change::ChangeSet;

use crate::args::Global;
use crate::complete;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::Heading;
use crate::session::{Session, Showing};

const EXAMPLES: &str = "\
Examples:
  skep diff old.json new.json      two plans that `skep compile -o json` wrote
  skep diff main HEAD              two git revisions of this project
  skep diff r6 r7                  two revisions that were applied; `skep history` lists them
  skep diff v1.4 plan.json -o markdown";

/// Compare two plans, git revisions or revisions of the target
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// A plan file, a revision such as r7, or a git revision
    #[arg(add = ArgValueCompleter::new(complete::revisions))]
    before: String,
    /// A plan file, a revision such as r7, or a git revision
    #[arg(add = ArgValueCompleter::new(complete::revisions))]
    after: String,
    #[command(flatten)]
    showing: Showing,
    /// Exit 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let before = session.base(&options.before)?;
    let after = session.base(&options.after)?;
    let changes = ChangeSet::between(&before.plan, &after.plan);
    let heading = Heading {
        stack: after.plan.stack,
        against: format!("{} to {}", before.name, after.name),
        next: None,
    };
    options.showing.show(&session, &changes, &heading)?;
    Ok(if options.detailed_exitcode && !changes.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    })
}
