//! `skep apply`

use std::path::{Path, PathBuf};

use clap::Args;
use skep_engine::drive::Look;
use skep_engine::guard::{self, Scope, Wish};
use skep_engine::journal::Journal;
use skep_engine::perform::Work;
use skep_schema::change::ChangeSet;
use skep_schema::plan::Plan;
use skep_schema::revision::Purpose;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Consent, Manner, Offer, Saved, Session, read_saved};

const EXAMPLES: &str = "\
Examples:
  skep apply -e prod              show the changes, ask, apply, wait
  skep apply --yes                without asking, for pipelines
  skep apply changes.json         exactly what `skep plan --out` kept; refused when it is stale
  skep apply --take-over          what another tool deployed, once that is switched off
  skep apply --target model       on a swarm in a file, to try things out";

/// Apply the project, wait until it works or not, and say so
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Changes that `skep plan --out` kept, or a plan that `skep compile -o json` wrote
    #[arg(value_name = "PLAN")]
    plan: Option<PathBuf>,
    #[command(flatten)]
    manner: Manner,
    #[command(flatten)]
    consent: Consent,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let (plan, approved) = wanted(&session, options.plan.as_deref())?;
    let target = session.connect(&plan)?;
    let consent = options.manner.meant(&options.consent);
    let wish = Wish {
        consent: &consent,
        missing: &target.missing,
    };
    let allow =
        |seen: &Look, journal: &Journal| guard::apply(seen, journal, wish, approved.as_ref());
    let (seen, journal) = target.look(&plan)?;
    allow(&seen, &journal)?;
    for note in guard::notes(&seen) {
        eprintln!("{note}");
    }
    let offer = Offer {
        against: session.cluster_name(&seen.inventory.cluster),
        question: format!("Apply these changes to {}?", plan.stack),
        instead: "skep apply --yes",
        is_known: approved.is_some() && options.manner.yes,
    };
    let work = Work {
        plan: &plan,
        purpose: Purpose::Apply,
        origin: None,
        scope: Scope::All,
        allow: &allow,
    };
    offer.carry_out(&session, &target, &options.manner, &seen, &work)
}

/// The plan to reach, and the changes somebody agreed to, where the file holds such.
fn wanted(
    session: &Session<'_>,
    file: Option<&Path>,
) -> Result<(Plan, Option<ChangeSet>), Failure> {
    let Some(path) = file else {
        return Ok((session.plan()?, None));
    };
    match read_saved(path)? {
        Saved::Plan(plan) => {
            session.hold(&plan)?;
            Ok((plan, None))
        }
        Saved::Changes(changes) => Ok((session.plan()?, Some(changes))),
    }
}
