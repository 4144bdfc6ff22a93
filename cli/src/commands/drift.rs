//! `skep drift`

use clap::{Args, ValueEnum};
use skep_engine::drive::meant;
use skep_schema::address::Segment;
use skep_schema::change::{Action, Change, Drift, FieldChange};
use skep_schema::report::DriftReport;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::{count, details, show_value};
use crate::session::{Session, print, to_json};

const EXAMPLES: &str = "\
Examples:
  skep drift -e prod                   what somebody changed since the last apply
  skep drift --detailed-exitcode       exit 2 when somebody did, for a timer
  skep drift -o json                   the same for scripts

`skep apply` undoes it. To keep it instead, write what is suggested into the spec.";

/// Show what was changed in the target by others
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The form of the answer
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
    /// Exit 2 when there is drift
    #[arg(long)]
    detailed_exitcode: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// What was meant and what is found
    #[default]
    Human,
    /// skep.drift/1
    Json,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let plan = session.plan()?;
    let target = session.connect(&plan)?;
    let (seen, journal) = target.look(&plan)?;
    let meant = meant(target.home.as_ref(), &seen, &journal);
    let drift = Drift::of(&seen.plan, &seen.inventory, &meant);
    let drifted = !drift.is_empty();
    print(&match options.output {
        Form::Json => to_json(&DriftReport::new(&plan.stack, drift)),
        Form::Human => {
            let against = session.cluster_name(&seen.inventory.cluster);
            format!("{} in {against}\n{}", plan.stack, told(&drift))
        }
    })?;
    Ok(if options.detailed_exitcode && drifted {
        Exit::Changes
    } else {
        Exit::Done
    })
}

fn told(drift: &Drift) -> String {
    if drift.is_empty() {
        return "nothing was changed outside Skep\n".to_owned();
    }
    let number = (drift.changes.len() + drift.untold.len()) as u64;
    let mut out = format!("{} changed outside Skep\n\n", count(number, "object"));
    drift
        .changes
        .iter()
        .for_each(|change| out.push_str(&one(change)));
    for address in &drift.untold {
        out.push_str(&format!(
            " ? {address}  differs from the spec; who made it differ is not known any more\n"
        ));
    }
    out.push_str("\nto undo it: skep apply\n");
    out
}

fn one(change: &Change) -> String {
    let place = change
        .before
        .as_ref()
        .map(|node| node.origin.place())
        .unwrap_or_default();
    let (sign, what) = match change.action {
        Action::Delete => ('-', "somebody removed it"),
        Action::Create | Action::Update | Action::Replace | Action::Adopt | Action::Forget => {
            ('~', "somebody changed it")
        }
    };
    let mut out = format!(" {sign} {}  {what}  {place}\n", change.address);
    for line in details(change) {
        out.push_str(&format!("     {line}\n"));
    }
    for edit in change.fields.iter().filter_map(edit) {
        out.push_str(&format!("     to keep it, in {}: {edit}\n", change.address));
    }
    out
}

/// What to write in the node so that the spec says what was found, where that is one line.
fn edit(field: &FieldChange) -> Option<String> {
    let path: Vec<&str> = field.path.iter().map(String::as_str).collect();
    let found = field
        .after
        .as_ref()
        .filter(|_| !field.secret)
        .map(show_value);
    match (path.as_slice(), found) {
        (["replicas"], Some(found)) => Some(format!("replicas={found}")),
        ([word @ ("image" | "user" | "workdir" | "hostname")], Some(found)) => {
            Some(format!("{word} {found}"))
        }
        ([word @ ("env" | "labels" | "container-labels"), key], Some(found)) => {
            Some(format!("{word} {}={found}", Segment(key)))
        }
        ([word @ ("env" | "labels" | "container-labels"), key], None) if !field.secret => {
            Some(format!("no `{key}` in `{word}`"))
        }
        _ => None,
    }
}
