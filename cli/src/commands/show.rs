//! `skep show`

use clap::{Args, ValueEnum};
use skep_schema::change::ChangeSet;
use skep_schema::plan::Plan;
use skep_schema::revision::Entry;

use super::history::ending;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::{Heading, terminal};
use crate::output::time::date;
use crate::session::{Number, Session, print, to_json};

const EXAMPLES: &str = "\
Examples:
  skep show                     the last revision, and what it changed
  skep show r7                  revision 7
  skep show r7 -o plan          its whole plan, which `skep apply` takes";

/// Show a revision: who, when, how it ended, and what it changed
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The revision, `r7` [default: the last]
    #[arg(value_name = "REVISION")]
    revision: Option<Number>,
    /// The form of the answer
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    #[default]
    Human,
    /// All that is recorded
    Json,
    /// skep.plan/1, the plan as it was compiled
    Plan,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let journal = session.journal()?;
    let number = options.revision.map(|Number(number)| number);
    let entry = number
        .map_or_else(|| journal.last(), |n| journal.get(n))
        .ok_or_else(|| {
            Failure::new(Exit::Failed, "there is no such revision")
                .help("`skep history` lists what there is")
        })?;
    match options.output {
        Form::Json => print(&to_json(entry))?,
        Form::Plan => print(&to_json(&entry.revision.plan))?,
        Form::Human => {
            let before = journal.get(entry.revision.number.saturating_sub(1));
            print(&told(&session, entry, before))?;
        }
    }
    Ok(Exit::Done)
}

/// The revision, and how its plan differs from the one before, where that is still known.
fn told(session: &Session<'_>, entry: &Entry, before: Option<&Entry>) -> String {
    let revision = &entry.revision;
    let mut out = format!(
        "r{} of {}: {}\n  begun    {}\n  by       {}\n",
        revision.number,
        revision.plan.stack,
        ending(entry),
        date(revision.begun),
        revision.by
    );
    if let Some(ending) = &entry.ending {
        let seconds = ending.at.since(revision.begun).div_ceil(1000);
        out.push_str(&format!("  took     {seconds} s\n"));
        for address in ending.failed.keys() {
            out.push_str(&format!("  failed   {address}\n"));
        }
    }
    let plan = &revision.plan;
    let empty = Plan::empty(&plan.project, plan.environment.as_deref());
    let (base, against) = match before {
        Some(before) => (
            before.revision.bound(),
            format!("r{}", before.revision.number),
        ),
        None if revision.number == 1 => (empty, "nothing, it was the first".to_owned()),
        None => {
            out.push_str("the revision before it is not kept any more\n");
            return out;
        }
    };
    let changes = ChangeSet::between(&base, &revision.bound());
    let heading = Heading {
        stack: plan.stack.clone(),
        against,
        next: None,
    };
    out.push('\n');
    out.push_str(&terminal(&changes, &heading, session.out));
    out
}
