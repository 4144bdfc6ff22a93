//! `skep export`

mod compose;
mod kubernetes;
mod write;

use clap::{Args, Subcommand};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;

/// Say the plan in the words of another tool
#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    to: To,
}

#[derive(Debug, Subcommand)]
enum To {
    Compose(compose::Options),
    Kubernetes(kubernetes::Options),
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    match &options.to {
        To::Compose(options) => compose::run(global, options),
        To::Kubernetes(options) => kubernetes::run(global, options),
    }
}
