//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use crate::commands::{
    apply, check, compile, completions, destroy, diff, doctor, drift, explain, export, fmt, graph,
    history, import, init, insert, lock, lsp, man, migrate, plan, remove, rename, rollback, schema,
    set, show, splice, status, test, unset,
};
use crate::complete;
use crate::output::paint::Colour;

const EXAMPLES: &str = "\
Examples:
  skep init shop                     a small project to start from
  skep check                         what is wrong, in all environments
  skep plan --target model           what an apply would do, without any Docker
  skep plan -e prod                  the same against the swarm
  skep apply -e prod                 show it, ask, do it, wait, tell the truth
  skep plan --base main -o markdown  what this branch changes, for a pull request
  skep test                          the project's own tests, without any Docker
  skep lock                          what tags and modules are today, kept in skep.lock

Exit codes: docs/exit-codes.md. Every diagnostic: skep explain CODE.";

/// See what a change does to a Docker Swarm before it does it, and apply only that.
#[derive(Debug, Parser)]
#[command(name = "skep", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of all commands")]
pub(crate) struct Global {
    /// The project's folder, or one inside it
    #[arg(
        short = 'C',
        long = "dir",
        value_name = "DIR",
        default_value = ".",
        global = true
    )]
    pub(crate) dir: PathBuf,
    /// The environment
    #[arg(
        short = 'e',
        long,
        value_name = "NAME",
        env = "SKEP_ENVIRONMENT",
        add = ArgValueCompleter::new(complete::environments),
        global = true
    )]
    pub(crate) environment: Option<String>,
    /// A parameter's value; may be repeated
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE", value_parser = param, global = true)]
    pub(crate) params: Vec<(String, String)>,
    /// Where plans come true
    #[arg(
        long,
        value_enum,
        value_name = "TARGET",
        default_value_t,
        env = "SKEP_TARGET",
        global = true
    )]
    pub(crate) target: Target,
    /// The engine to speak to, as in `DOCKER_HOST`
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) host: Option<String>,
    /// The docker context to use
    #[arg(long, value_name = "NAME", conflicts_with = "host", global = true)]
    pub(crate) context: Option<String>,
    /// The file of the model swarm [default: .skep/model.json in the project]
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) model_file: Option<PathBuf>,
    /// When to colour
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, global = true)]
    pub(crate) color: Colour,
    /// How progress is shown
    #[arg(
        long,
        value_enum,
        value_name = "HOW",
        default_value_t,
        env = "SKEP_PROGRESS",
        global = true
    )]
    pub(crate) progress: Progress,
}

/// Where plans come true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// A Docker Swarm
    #[default]
    Swarm,
    /// A swarm in a file, for trying things out
    Model,
}

impl Target {
    /// Milliseconds between two looks at a node: each look moves the model's own clock on.
    pub(crate) const fn poll(self) -> u64 {
        match self {
            Target::Swarm => 500,
            Target::Model => 20,
        }
    }
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// Live on a terminal, lines elsewhere
    #[default]
    Auto,
    /// Live
    Tty,
    /// A line for each change of state
    Plain,
    /// An object for each event, on standard error
    Json,
    /// Nothing
    Quiet,
}

fn param(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("write NAME=VALUE".to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(check::Options),
    Fmt(fmt::Options),
    Migrate(migrate::Options),
    Explain(explain::Options),
    Compile(compile::Options),
    Plan(plan::Options),
    Diff(diff::Options),
    Apply(apply::Options),
    Status(status::Options),
    Drift(drift::Options),
    Doctor(doctor::Options),
    History(history::Options),
    Show(show::Options),
    Rollback(rollback::Options),
    Destroy(destroy::Options),
    Graph(graph::Options),
    Init(init::Options),
    Import(import::Options),
    Export(export::Options),
    Lock(lock::Options),
    Test(test::Options),
    Set(set::Options),
    Unset(unset::Options),
    Insert(insert::Options),
    Remove(remove::Options),
    Rename(rename::Options),
    Splice(splice::Options),
    Schema(schema::Options),
    Lsp(lsp::Options),
    Completions(completions::Options),
    Man(man::Options),
    /// Print the version
    Version,
}
