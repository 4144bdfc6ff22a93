//! `skep destroy`

use clap::Args;
use skep_engine::drive::Look;
use skep_engine::guard::{self, Scope};
use skep_engine::journal::Journal;
use skep_engine::perform::Work;
use skep_schema::revision::Purpose;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::{Heading, terminal};
use crate::session::{Answer, Consent, Manner, Session, confirm, finish};

const EXAMPLES: &str = "\
Examples:
  skep destroy -e dev           show what would go, ask for the stack's name, remove it
  skep destroy -e dev --yes     without asking";

/// Remove everything of the stack; volumes and their data stay
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    manner: Manner,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let nothing = session.stack()?;
    let target = session.connect(&nothing)?;
    let (seen, journal) = target.look(&nothing)?;
    let heading = Heading {
        stack: nothing.stack.clone(),
        against: session.cluster_name(&seen.inventory.cluster),
        next: None,
    };
    eprint!("{}", terminal(&seen.changes, &heading, session.err));
    let superseded = !seen.inventory.superseded.is_empty();
    if seen.changes.is_empty() && !superseded && journal.is_empty() {
        return Ok(Exit::Done);
    }
    let consent = options.manner.meant(&Consent::default());
    let allow = |seen: &Look, _: &Journal| guard::blocked(&seen.changes, &consent);
    allow(&seen, &journal)?;
    if !options.manner.yes {
        let question = format!("Remove all of {}? Volumes stay.", nothing.stack);
        confirm(
            &question,
            &Answer::Name(&nothing.stack),
            "skep destroy --yes",
        )?;
    }
    let work = Work {
        plan: &nothing,
        purpose: Purpose::Destroy,
        origin: None,
        scope: Scope::All,
        allow: &allow,
    };
    finish(
        options.manner.output,
        &session.perform(&target, &options.manner, &work)?,
    )
}
