//! `skep apply`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use skep_engine::apply::Limits;
use skep_engine::drive::{Look, Watch, drive, look};
use skep_schema::address::Address;
use skep_schema::change::{Action, Block, Change, ChangeSet};
use skep_schema::event::{ApplyReport, Timestamp};
use skep_schema::plan::Plan;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::{Heading, terminal};
use crate::output::{progress, report};
use crate::session::{Answer, Connection, Saved, Session, confirm, print, read_saved, to_json};

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

/// The forms of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Lines on standard error
    #[default]
    Human,
    /// skep.apply/1 on standard output
    Json,
}

pub(crate) fn timeout(text: &str) -> Result<Duration, String> {
    text.parse::<skep_schema::units::Duration>()
        .map(skep_schema::units::Duration::as_std)
        .map_err(|e| e.message)
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let (plan, approved) = wanted(&session, options.plan.as_deref())?;
    let target = session.connect(&plan)?;
    let seen = target
        .runtime
        .block_on(look(target.provider.as_ref(), &plan))?;
    refuse_taken(&seen)?;
    refuse_blocked(&seen.changes)?;
    refuse_unknown(&seen.changes, &target)?;
    if let Some(approved) = &approved {
        refuse_stale(approved, &seen.changes)?;
    }
    let heading = Heading {
        stack: plan.stack.clone(),
        against: session.cluster_name(&seen.inventory.cluster),
        next: None,
    };
    if seen.changes.is_empty() {
        eprint!("{}", terminal(&seen.changes, &heading, session.err));
        return finish(options.output, &nothing(&seen.changes));
    }
    if approved.is_none() || !options.yes {
        eprint!("{}", terminal(&seen.changes, &heading, session.err));
    }
    if !options.yes {
        let question = format!("Apply these changes to {}?", plan.stack);
        confirm(&question, &Answer::Yes, "skep apply --yes")?;
    }
    let report = perform(&session, &target, &plan, options.timeout)?;
    finish(options.output, &report)
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

/// Makes the key that secrets need, looks once more, and applies what is seen then.
pub(crate) fn perform(
    session: &Session<'_>,
    target: &Connection,
    plan: &Plan,
    deadline: Duration,
) -> Result<ApplyReport, Failure> {
    let provider = target.provider.as_ref();
    target.runtime.block_on(async {
        provider.prepare().await?;
        let seen = look(provider, plan).await?;
        refuse_taken(&seen)?;
        let limits = Limits {
            deadline: u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX),
            poll: session.global.target.poll(),
            ..Limits::default()
        };
        let mut show = progress::Progress::new(session.global.progress, &seen.changes, session.err);
        let mut tell = |at: Timestamp, event: &skep_schema::event::Event| show.event(at, event);
        let mut cancel = crate::signals::listen();
        let watch = Watch {
            start: now(),
            cancel: &mut cancel,
            tell: &mut tell,
        };
        Ok(drive(provider, &seen.plan, &seen.changes, limits, watch).await)
    })
}

fn now() -> Timestamp {
    Timestamp(u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0))
}

/// Shows how it ended, and turns that into the exit code.
pub(crate) fn finish(form: Form, report: &ApplyReport) -> Result<Exit, Failure> {
    eprint!("{}", report::text(report));
    if form == Form::Json {
        print(&to_json(report))?;
    }
    Ok(report.outcome.into())
}

fn nothing(changes: &ChangeSet) -> ApplyReport {
    ApplyReport {
        format: skep_schema::event::APPLY_FORMAT.to_owned(),
        stack: changes.stack.clone(),
        id: changes.id.clone(),
        outcome: skep_schema::event::Outcome::Done,
        millis: 0,
        nodes: BTreeMap::new(),
    }
}

/// Names that somebody else's objects hold.
pub(crate) fn refuse_taken(seen: &Look) -> Result<(), Failure> {
    let Some((address, taken)) = seen.taken.first() else {
        return Ok(());
    };
    let owner = taken
        .owner
        .as_deref()
        .unwrap_or("somebody without our label");
    let name = seen
        .plan
        .nodes
        .get(address)
        .and_then(|n| n.payload.physical_name())
        .unwrap_or_default();
    Err(Failure::new(
        Exit::Denied,
        format!("`{address}` wants the name `{name}`, which belongs to {owner}"),
    )
    .help("rename it with `name \"...\"`, declare it `external`, or remove the other object"))
}

/// Secrets that would have to be written, and whose values are not here: better now than half way.
fn refuse_unknown(changes: &ChangeSet, target: &Connection) -> Result<(), Failure> {
    let written = changes
        .changes
        .iter()
        .filter(|c| c.action != Action::Delete);
    let unknown: Vec<&str> = written
        .filter_map(|c| target.missing.get(&c.address))
        .map(String::as_str)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, unknown.join("\n       ")).help("nothing was written"))
}

pub(crate) fn refuse_blocked(changes: &ChangeSet) -> Result<(), Failure> {
    let blocked = changes.blocked();
    let Some(first) = blocked.first() else {
        return Ok(());
    };
    Err(match &first.because {
        Block::Protected => Failure::new(
            Exit::Denied,
            format!(
                "`{}` is protected, and would end or be replaced",
                first.address
            ),
        )
        .help("take `protect` away in the spec first, and apply that"),
        Block::SubnetHeld { subnet, holder } => Failure::new(
            Exit::Denied,
            format!(
                "`{}` wants the subnet {subnet}, which `{holder}` still has",
                first.address
            ),
        )
        .help("give it another subnet, or apply once without it"),
    })
}

/// Less than agreed is fine: something is already done. More, or other, is not.
fn refuse_stale(approved: &ChangeSet, seen: &ChangeSet) -> Result<(), Failure> {
    let agreed: BTreeMap<&Address, &Change> =
        approved.changes.iter().map(|c| (&c.address, c)).collect();
    let same = |change: &Change| {
        agreed.get(&change.address).is_some_and(|a| {
            let digest = |c: &Change| c.after.as_ref().map(|n| n.digest.clone());
            a.action == change.action && digest(a) == digest(change) && a.fields == change.fields
        })
    };
    let more: Vec<String> = seen
        .changes
        .iter()
        .filter(|c| !same(c))
        .map(|c| c.address.to_string())
        .collect();
    if approved.stack == seen.stack && more.is_empty() {
        return Ok(());
    }
    let what = if more.is_empty() {
        format!("it is for {}", approved.stack)
    } else {
        more.join(", ")
    };
    Err(Failure::new(
        Exit::Stale,
        format!("the plan is stale, it does not say what would happen now: {what}"),
    )
    .help("plan again: skep plan --out FILE"))
}
