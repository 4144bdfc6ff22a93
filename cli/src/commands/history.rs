//! `skep history`

use clap::{Args, ValueEnum};
use skep_engine::journal::Journal;
use skep_schema::event::Outcome;
use skep_schema::report::{HISTORY_FORMAT, HistoryReport};
use skep_schema::revision::{Entry, Purpose};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::time::date;
use crate::session::{Session, print, to_json};

const EXAMPLES: &str = "\
Examples:
  skep history -e prod          what was applied, by whom, and how it ended
  skep show r7                  one of them
  skep diff r6 r7               what changed between two
  skep rollback r6              back to one

The history is kept in the swarm itself. Losing it loses no more than what it tells.";

/// List what was applied to the target, newest first
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The form of the list
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A line for each revision
    #[default]
    Human,
    /// skep.history/1
    Json,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let journal = session.journal()?;
    match options.output {
        Form::Json => {
            print(&to_json(&HistoryReport {
                format: HISTORY_FORMAT.to_owned(),
                revisions: journal.entries().iter().rev().cloned().collect(),
            }))?;
        }
        Form::Human if journal.entries().is_empty() => eprintln!("nothing was applied yet"),
        Form::Human => print(&lines(&journal))?,
    }
    for number in journal.unreadable() {
        eprintln!("warning: r{number} cannot be read: a newer skep, or somebody else, wrote it");
    }
    Ok(Exit::Done)
}

fn lines(journal: &Journal) -> String {
    let newest_first = journal.entries().iter().rev();
    let rows: Vec<[String; 5]> = newest_first.map(row).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    let line = |row: &[String; 5]| {
        let padded = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}  "));
        format!("{}{}\n", padded.collect::<String>(), row[4])
    };
    rows.iter().map(line).collect()
}

fn row(entry: &Entry) -> [String; 5] {
    let revision = &entry.revision;
    let summary = &revision.summary;
    let purpose = match revision.purpose {
        Purpose::Apply => String::new(),
        Purpose::Rollback(to) => format!("back to r{to}, "),
        Purpose::Destroy => "destroy, ".to_owned(),
    };
    [
        format!("r{}", revision.number),
        date(revision.begun),
        ending(entry).to_owned(),
        revision.by.clone(),
        format!(
            "{purpose}{} created, {} changed, {} deleted",
            summary.create,
            summary.update + summary.update_no_restart + summary.replace,
            summary.delete
        ),
    ]
}

/// How it ended, in a word or two.
pub(crate) fn ending(entry: &Entry) -> &'static str {
    match entry.ending.as_ref().map(|ending| ending.outcome) {
        None => "no end",
        Some(Outcome::Done) => "done",
        Some(Outcome::Failed) => "failed",
        Some(Outcome::Partial) => "partly",
        Some(Outcome::RolledBack) => "rolled back",
        Some(Outcome::TimedOut) => "timed out",
        Some(Outcome::Cancelled) => "cancelled",
    }
}
