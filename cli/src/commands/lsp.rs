//! `skep lsp`

mod live;

use clap::Args;
use skep_lsp::{Connection, Ended, Host, serve};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::{Heading, markdown};

const EXAMPLES: &str = "\
Editors start it, and speak the language server protocol with it on its standard input and output.
With --server, or SKEP_SERVER, it shows how services stand in the swarm, as that daemon tells it.
Setting it up: docs/editors.md.";

/// Serve an editor: mistakes, completion, hover, renames, formatting
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Speak over standard input and output, as is done without it; some editors say so
    #[arg(long)]
    stdio: bool,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let Options { stdio: _ } = options;
    let live = live::follow(global)?;
    let (connection, threads) = Connection::stdio();
    let host = Host {
        version: env!("CARGO_PKG_VERSION"),
        markdown: |changes, stack, against| {
            let heading = Heading {
                stack: stack.to_owned(),
                against: against.to_owned(),
                next: None,
            };
            markdown(changes, &heading, usize::MAX)
        },
    };
    let ended = serve(&connection, host, live)
        .map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    // The threads end when nobody can send any more.
    drop(connection);
    let written = threads.join();
    match (ended, written) {
        (Ended::Orderly, Ok(())) => Ok(Exit::Done),
        (Ended::Orderly, Err(error)) => Err(Failure::new(Exit::Failed, error.to_string())),
        (Ended::Abruptly, _) => Ok(Exit::Failed),
    }
}
