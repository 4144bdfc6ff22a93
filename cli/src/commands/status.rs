//! `skep status`

mod by_daemon;
mod local;
mod screen;

use clap::{Args, ValueEnum};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::server::Server;
use crate::session::event_loop;

const EXAMPLES: &str = "\
Examples:
  skep status                   what runs, and whether it is what the spec says
  skep status -o json           the same for scripts
  skep status --exit-code       exit 1 when something is not as it should be
  skep status -w                and again every 3 s: what changed, until it is interrupted
  skep status --server unix:///run/skep/skep.sock
                                all stacks that a daemon keeps, without the project and its engine
  skep status shop@prod -w --server https://skep.example.com:7443
                                one of them, and what becomes of it as the daemon tells it

On a terminal -w draws the same place anew; elsewhere each change is a line, with -o json an object.";

/// Show what runs against what the spec says
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Only this stack, where a daemon is asked
    #[arg(value_name = "STACK", requires = "server")]
    stack: Option<String>,
    /// The form of the answer
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
    /// Exit 1 when a node is missing, differs or does not work
    #[arg(long)]
    exit_code: bool,
    /// Go on with what changes: looked for every 3 s, or as a daemon tells it
    #[arg(short = 'w', long, conflicts_with = "exit_code")]
    watch: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A line for each node, or some for each stack
    #[default]
    Human,
    /// skep.status/1; of a daemon skep.stacks/1, and then skep.stack-event/1
    Json,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    if global.server.is_none() {
        return local::run(global, options);
    }
    let server = Server::of(global)?;
    event_loop()?.block_on(by_daemon::run(&server, options))
}
