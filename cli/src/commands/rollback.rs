//! `skep rollback`

use clap::Args;
use skep_engine::drive::Look;
use skep_engine::guard::{self, Scope, Wish};
use skep_engine::journal::Journal;
use skep_engine::perform::Work;
use skep_schema::revision::{Entry, Purpose};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Consent, Manner, Number, Offer, Session};

const EXAMPLES: &str = "\
Examples:
  skep rollback                 to the newest earlier revision that worked and was different
  skep rollback r7              to what revision 7 wanted; `skep history` lists them
  skep rollback r7 --yes        without asking

It is an apply like any other: shown first, only what differs is written, and it becomes a revision
itself. The specs stay as they are: the next `skep apply` goes to them again.";

/// Go back to what an earlier revision wanted
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The revision, `r7`
    #[arg(value_name = "REVISION")]
    to: Option<Number>,
    #[command(flatten)]
    manner: Manner,
    #[command(flatten)]
    consent: Consent,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let journal = session.journal()?;
    let entry = chosen(&journal, options.to)?;
    let number = entry.revision.number;
    let plan = entry.revision.bound();
    let target = session.connect(&plan)?;
    let consent = options.manner.meant(&options.consent);
    let wish = Wish {
        consent: &consent,
        missing: &target.missing,
    };
    let allow =
        |seen: &Look, journal: &Journal| guard::rollback(seen, journal, wish, &entry.revision);
    let (seen, journal) = target.look(&plan)?;
    allow(&seen, &journal)?;
    let offer = Offer {
        against: format!(
            "{}, back to r{number}",
            session.cluster_name(&seen.inventory.cluster)
        ),
        question: format!("Take {} back to r{number}?", plan.stack),
        instead: "skep rollback --yes",
        is_known: false,
    };
    let work = Work {
        plan: &plan,
        purpose: Purpose::Rollback(number),
        origin: Some(&entry.revision),
        scope: Scope::All,
        allow: &allow,
    };
    offer.carry_out(&session, &target, &options.manner, &seen, &work)
}

fn chosen(journal: &Journal, wanted: Option<Number>) -> Result<&Entry, Failure> {
    let found = match wanted {
        Some(Number(number)) => journal.get(number),
        None => journal.before_last(),
    };
    found.ok_or_else(|| {
        let message = wanted.map_or_else(
            || "no earlier revision worked and was different".to_owned(),
            |number| format!("there is no revision {number}"),
        );
        Failure::new(Exit::Failed, message).help("`skep history` lists what there is")
    })
}
