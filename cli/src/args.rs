//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use crate::commands::{
    apply, approve, check, compile, completions, destroy, diff, doctor, drift, events, explain,
    export, fmt, graph, history, import, init, insert, lock, logs, lsp, man, migrate, plan, remove,
    rename, rollback, schema, serve, set, show, splice, status, test, token, unset,
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
  skep plan -f stack.yml --stack shop  the same of a compose file as it is, without a line of KDL
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
    /// A compose file that is the project, as it is; several are laid over each other
    #[arg(short = 'f', long = "compose-file", value_name = "FILE", global = true)]
    pub(crate) compose: Vec<PathBuf>,
    /// The stack of the compose files, as for `docker stack deploy` [default: their `name`, or the folder's]
    #[arg(long, value_name = "NAME", requires = "compose", global = true)]
    pub(crate) stack: Option<String>,
    /// A profile of the compose files whose services belong to the project; may be repeated
    #[arg(long, value_name = "PROFILE", requires = "compose", global = true)]
    pub(crate) profile: Vec<String>,
    /// A file of variables for the compose files, instead of the `.env` beside the first
    #[arg(long, value_name = "FILE", requires = "compose", global = true)]
    pub(crate) env_file: Option<PathBuf>,
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
    #[arg(
        short = 'p',
        long = "param",
        value_name = "NAME=VALUE",
        value_parser = param,
        add = ArgValueCompleter::new(complete::parameters),
        global = true
    )]
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
    /// A daemon, for what is asked of one, such as `unix:///run/skep/skep.sock` or `https://host:7443`
    #[arg(long, value_name = "URL", env = "SKEP_SERVER", global = true)]
    pub(crate) server: Option<String>,
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

impl Global {
    /// The options that say which project is meant, as they have to be written again.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        if self.dir.as_os_str() != "." {
            words.push(format!("-C {}", self.dir.display()));
        }
        words.extend(
            self.compose
                .iter()
                .map(|file| format!("-f {}", file.display())),
        );
        words.extend(self.stack.iter().map(|name| format!("--stack {name}")));
        let profiles = self.profile.iter();
        words.extend(profiles.map(|name| format!("--profile {name}")));
        let env_file = self.env_file.iter();
        words.extend(env_file.map(|file| format!("--env-file {}", file.display())));
        words.extend(self.environment.iter().map(|e| format!("-e {e}")));
        let params = self.params.iter();
        words.extend(params.map(|(name, value)| format!("-p {name}={value}")));
        if self.target == Target::Model {
            words.push("--target model".to_owned());
        }
        words
    }
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
    Serve(serve::Options),
    Approve(approve::Options),
    Events(events::Options),
    Logs(logs::Options),
    Token(token::Options),
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

impl Command {
    /// The word of a command that writes KDL, or reads nothing else.
    pub(crate) const fn of_kdl(&self) -> Option<&'static str> {
        match self {
            Self::Fmt(_) => Some("fmt"),
            Self::Migrate(_) => Some("migrate"),
            Self::Init(_) => Some("init"),
            Self::Import(_) => Some("import"),
            Self::Test(_) => Some("test"),
            Self::Set(_) => Some("set"),
            Self::Unset(_) => Some("unset"),
            Self::Insert(_) => Some("insert"),
            Self::Remove(_) => Some("remove"),
            Self::Rename(_) => Some("rename"),
            Self::Splice(_) => Some("splice"),
            Self::Check(_)
            | Self::Explain(_)
            | Self::Compile(_)
            | Self::Plan(_)
            | Self::Diff(_)
            | Self::Apply(_)
            | Self::Status(_)
            | Self::Drift(_)
            | Self::Doctor(_)
            | Self::History(_)
            | Self::Show(_)
            | Self::Rollback(_)
            | Self::Destroy(_)
            | Self::Serve(_)
            | Self::Approve(_)
            | Self::Events(_)
            | Self::Logs(_)
            | Self::Token(_)
            | Self::Graph(_)
            | Self::Export(_)
            | Self::Lock(_)
            | Self::Schema(_)
            | Self::Lsp(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::Version => None,
        }
    }
}
