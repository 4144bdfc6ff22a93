//! `skep plan`

use std::path::PathBuf;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use skep_engine::guard;
use skep_schema::api::stack::Consent;
use skep_schema::change::ChangeSet;

use crate::args::Global;
use crate::complete;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::Heading;
use crate::session::{Session, Showing, to_json};

const EXAMPLES: &str = "\
Examples:
  skep plan -e prod                    what an apply would do to the swarm
  skep plan --target model             the same against a swarm in a file
  skep plan --out changes.json         keep it: `skep apply changes.json` does exactly this
  skep plan --base main -o markdown    compare with a git revision, without any target
  skep plan --detailed-exitcode        exit 2 when there are changes";

/// Show what an apply would do
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    showing: Showing,
    /// Keep the changes in a file that `skep apply` takes
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Compare with a git revision or a plan file; no target is asked
    #[arg(long, value_name = "REV|PLAN", conflicts_with = "out", add = ArgValueCompleter::new(complete::revisions))]
    base: Option<String>,
    /// Mean to take over what another tool deploys, which was switched off for it
    #[arg(long)]
    take_over: bool,
    /// Exit 2 when there are changes
    #[arg(long)]
    detailed_exitcode: bool,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let changes = match &options.base {
        Some(base) => offline(&session, options, base)?,
        None => online(&session, options)?,
    };
    Ok(if options.detailed_exitcode && !changes.is_empty() {
        Exit::Changes
    } else {
        Exit::Done
    })
}

fn offline(session: &Session<'_>, options: &Options, base: &str) -> Result<ChangeSet, Failure> {
    let plan = session.plan()?;
    let base = session.base(base)?;
    let changes = ChangeSet::between(&base.plan, &plan);
    let against = format!("{}; no swarm was asked", base.name);
    let heading = Heading {
        stack: plan.stack,
        against,
        next: None,
    };
    options.showing.show(session, &changes, &heading)?;
    Ok(changes)
}

fn online(session: &Session<'_>, options: &Options) -> Result<ChangeSet, Failure> {
    let plan = session.plan()?;
    let target = session.connect(&plan)?;
    let (seen, journal) = target.look(&plan)?;
    guard::taken(&seen)?;
    guard::nodes(&seen)?;
    if let Some(path) = &options.out {
        std::fs::write(path, to_json(&seen.changes)).map_err(|e| Failure::file(path, &e))?;
    }
    let heading = Heading {
        stack: plan.stack,
        against: session.cluster_name(&seen.inventory.cluster),
        next: Some(next(session.global, options)),
    };
    options.showing.show(session, &seen.changes, &heading)?;
    let consent = Consent {
        take_over: options.take_over,
        ..Consent::default()
    };
    for note in guard::notes(&seen) {
        eprintln!("{note}");
    }
    let refusals = [
        guard::contested(&seen, &consent),
        guard::blocked(&seen.changes, &consent),
        guard::concerns(&seen.changes, &consent),
        guard::deletes(&seen, &consent),
        guard::failed_before(&journal, &seen.changes, &consent),
    ];
    for refusal in refusals.into_iter().filter_map(Result::err) {
        let refusal = Failure::from(refusal);
        eprintln!("an apply refuses this as it is: {}", refusal.message);
        refusal
            .help
            .iter()
            .for_each(|help| eprintln!(" help: {help}"));
    }
    Ok(seen.changes)
}

/// The command that applies what was shown, with all that makes it the same.
fn next(global: &Global, options: &Options) -> String {
    let mut words = vec!["skep apply".to_owned()];
    words.extend(options.out.iter().map(|p| p.display().to_string()));
    words.extend(options.take_over.then(|| "--take-over".to_owned()));
    words.extend(global.words());
    words.join(" ")
}
