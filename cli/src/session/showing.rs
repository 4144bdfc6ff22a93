//! Options of every command that shows changes.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use skep_schema::change::ChangeSet;

use super::{Session, print, to_json};
use crate::failure::Failure;
use crate::output::changes::{BUDGET, Heading, LEAST, markdown, terminal, widget};

/// How changes are shown.
#[derive(Debug, Args)]
pub(crate) struct Showing {
    /// The form of the changes
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
    /// Bytes that `-o markdown` and `--summary` have at most; what does not fit is counted
    #[arg(long, value_name = "BYTES", default_value_t = BUDGET, value_parser = budget)]
    budget: usize,
    /// Append the changes as markdown to a file, such as `$GITHUB_STEP_SUMMARY`
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
}

/// The forms of `-o` for changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Grouped by risk
    #[default]
    Human,
    /// skep.changes/1
    Json,
    /// For a pull request
    Markdown,
    /// Counts for the widget of GitLab's merge requests
    GitlabTf,
}

fn budget(text: &str) -> Result<usize, String> {
    let bytes: usize = text.parse().map_err(|_| "write a number of bytes")?;
    if bytes < LEAST {
        return Err(format!("{LEAST} is the least that says anything"));
    }
    Ok(bytes)
}

impl Showing {
    /// Shows changes on standard output: they are what was asked for.
    pub(crate) fn show(
        &self,
        session: &Session<'_>,
        changes: &ChangeSet,
        heading: &Heading,
    ) -> Result<(), Failure> {
        if let Some(file) = &self.summary {
            append(file, &markdown(changes, heading, self.budget))?;
        }
        match self.output {
            Form::Human => print(&terminal(changes, heading, session.out)),
            Form::Json => print(&to_json(changes)),
            Form::Markdown => print(&markdown(changes, heading, self.budget)),
            Form::GitlabTf => print(&to_json(&widget(&changes.summary))),
        }
    }
}

fn append(file: &Path, text: &str) -> Result<(), Failure> {
    let opened = OpenOptions::new().append(true).create(true).open(file);
    let written = opened.and_then(|mut open| open.write_all(text.as_bytes()));
    written.map_err(|e| Failure::file(file, &e))
}
