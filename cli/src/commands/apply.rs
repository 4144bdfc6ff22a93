//! `skep apply`

use std::path::{Path, PathBuf};

use clap::Args;
use skep_engine::drive::Look;
use skep_engine::journal::Journal;
use skep_schema::change::ChangeSet;
use skep_schema::event::ApplyReport;
use skep_schema::plan::Plan;
use skep_schema::revision::Purpose;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::{Heading, terminal};
use crate::output::report;
use crate::session::{
    Answer, Consent, Form, Manner, Saved, Session, Work, confirm, nothing, print, read_saved,
    refuse, to_json,
};

const EXAMPLES: &str = "\
Examples:
  skep apply -e prod              show the changes, ask, apply, wait
  skep apply --yes                without asking, for pipelines
  skep apply changes.json         exactly what `skep plan --out` kept; refused when it is stale
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
    let allow = |seen: &Look, journal: &Journal| {
        refuse::taken(seen)?;
        refuse::blocked(&seen.changes)?;
        refuse::unknown(&seen.changes, &target)?;
        refuse::deletes(seen, &options.consent)?;
        approved
            .iter()
            .try_for_each(|agreed| refuse::stale(agreed, seen))?;
        refuse::failed_before(&journal.entries, &seen.changes, &options.consent)
    };
    let (seen, journal) = target.look(&plan)?;
    allow(&seen, &journal)?;
    let heading = Heading {
        stack: plan.stack.clone(),
        against: session.cluster_name(&seen.inventory.cluster),
        next: None,
    };
    if approved.is_none() || !options.manner.yes {
        eprint!("{}", terminal(&seen.changes, &heading, session.err));
    }
    if seen.changes.is_empty() {
        return finish(options.manner.output, &nothing(&seen.changes));
    }
    if !options.manner.yes {
        let question = format!("Apply these changes to {}?", plan.stack);
        confirm(&question, &Answer::Yes, "skep apply --yes")?;
    }
    let work = Work {
        plan: &plan,
        purpose: Purpose::Apply,
        origin: None,
        allow: &allow,
    };
    finish(
        options.manner.output,
        &session.perform(&target, &options.manner, &work)?,
    )
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
        Saved::Plan(plan) => Ok((plan, None)),
        Saved::Changes(changes) => Ok((session.plan()?, Some(changes))),
    }
}

/// Shows how it ended, and turns that into the exit code.
pub(crate) fn finish(form: Form, report: &ApplyReport) -> Result<Exit, Failure> {
    eprint!("{}", report::text(report));
    if form == Form::Json {
        print(&to_json(report))?;
    }
    Ok(report.outcome.into())
}
