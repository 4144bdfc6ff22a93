//! `skep status`

use clap::{Args, ValueEnum};
use skep_engine::drive::{Look, look};
use skep_schema::address::Address;
use skep_schema::change::Change;
use skep_schema::inventory::{Cluster, Observed, Readiness};
use skep_schema::place::{Concern, Lacking};
use skep_schema::plan::{Mode, Target};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::report;
use crate::session::{Session, print, to_json};

const EXAMPLES: &str = "\
Examples:
  skep status                   what runs, and whether it is what the spec says
  skep status -o json           the same for scripts
  skep status --exit-code       exit 1 when something is not as it should be";

/// Show what runs against what the spec says
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The form of the answer
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
    /// Exit 1 when a node is missing, differs or does not work
    #[arg(long)]
    exit_code: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A line for each node
    #[default]
    Human,
    /// skep.status/1
    Json,
}

/// The answer as data.
#[derive(Debug, serde::Serialize)]
struct Status<'a> {
    format: &'static str,
    stack: &'a str,
    cluster: &'a Cluster,
    nodes: Vec<Row<'a>>,
    /// What would keep an apply from getting anywhere.
    #[serde(skip_serializing_if = "<[Concern]>::is_empty")]
    concerns: &'a [Concern],
}

#[derive(Debug, serde::Serialize)]
struct Row<'a> {
    address: &'a Address,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    /// `in-sync`, or the action a plan would show.
    sync: &'static str,
    /// Nothing for what is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    readiness: Option<&'a Readiness>,
    /// It is a service that ends.
    #[serde(skip)]
    once: bool,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let plan = session.plan()?;
    let target = session.connect(&plan)?;
    let seen = target.runtime.block_on(look(target.home.as_ref(), &plan))?;
    let rows = rows(&seen);
    let fine = rows.iter().all(|r| {
        r.sync == "in-sync" && matches!(r.readiness, None | Some(Readiness::Ready { .. }))
    });
    match options.output {
        Form::Json => {
            let cluster = &seen.inventory.cluster;
            print(&to_json(&Status {
                format: "skep.status/1",
                stack: &plan.stack,
                cluster,
                nodes: rows,
                concerns: &seen.changes.concerns,
            }))?;
        }
        Form::Human => print(&table(
            &plan.stack,
            &session.cluster_name(&seen.inventory.cluster),
            &rows,
            &seen.changes.concerns,
        ))?,
    }
    Ok(if options.exit_code && !fine {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// Everything wanted or there, in order of address; nodes without an object of their own left out.
fn rows(seen: &Look) -> Vec<Row<'_>> {
    let wanted = seen
        .plan
        .nodes
        .iter()
        .filter(|(_, n)| n.target == Target::Swarm)
        .map(|(a, _)| a);
    let mut addresses: Vec<&Address> = wanted.chain(seen.inventory.nodes.keys()).collect();
    addresses.sort();
    addresses.dedup();
    addresses
        .into_iter()
        .map(|address| row(seen, address))
        .collect()
}

fn row<'a>(seen: &'a Look, address: &'a Address) -> Row<'a> {
    let observed: Option<&Observed> = seen.inventory.nodes.get(address);
    let name = observed
        .and_then(|o| o.payload.physical_name())
        .or_else(|| {
            seen.plan
                .nodes
                .get(address)
                .and_then(|n| n.payload.physical_name())
        });
    Row {
        address,
        name,
        sync: seen
            .changes
            .get(address)
            .map_or("in-sync", |change: &Change| change.action.word()),
        readiness: observed.map(|o| &o.readiness),
        once: observed.is_some_and(|o| o.payload.as_service().is_ok_and(|s| s.mode == Mode::Once)),
    }
}

fn table(stack: &str, cluster: &str, rows: &[Row<'_>], concerns: &[Concern]) -> String {
    let mut out = format!(
        "{stack} on {cluster}
"
    );
    let width = rows
        .iter()
        .map(|r| r.address.to_string().chars().count())
        .max()
        .unwrap_or(0);
    for row in rows {
        let sync = if row.sync == "in-sync" {
            "as in the spec".to_owned()
        } else {
            format!("would {}", row.sync)
        };
        let line = format!(
            "  {:<width$}  {:<16}  {}",
            row.address.to_string(),
            sync,
            state(row)
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for row in rows {
        if let Some(Readiness::Failed(failure)) = row.readiness {
            out.push_str(&report::failed(row.address, failure));
        }
    }
    for concern in concerns {
        out.push_str(&format!("\n{}: {}\n", concern.address, concern.message));
        for line in Lacking::lines(&concern.machines) {
            out.push_str(&format!("  {line}\n"));
        }
        out.push_str(&format!("  help: {}\n", concern.help()));
    }
    out
}

fn state(row: &Row<'_>) -> String {
    match row.readiness {
        None => "not there".to_owned(),
        Some(Readiness::Ready { .. }) if row.once => "ran to its end".to_owned(),
        Some(Readiness::Ready {
            running: 0,
            desired: 0,
        }) => "there".to_owned(),
        Some(Readiness::Ready { running, desired }) => format!("{running}/{desired} running"),
        Some(Readiness::Progressing { detail, .. }) => detail.clone(),
        Some(Readiness::Failed(failure)) => format!("FAILED: {}", failure.message),
    }
}
