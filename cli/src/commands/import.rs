//! `skep import`

pub(crate) mod compose;
mod files;
mod swarm;

use clap::{Args, Subcommand};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;

/// Make a project of what others wrote
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    Compose(compose::Options),
    Swarm(swarm::Options),
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    match &options.from {
        From::Compose(options) => compose::run(global, options),
        From::Swarm(options) => swarm::run(global, options),
    }
}
