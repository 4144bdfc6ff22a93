//! `skep unset`

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use skep_compiler::edit::{self, Property};

use crate::args::Global;
use crate::complete;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{EditManner, Session, choose};

const EXAMPLES: &str = "\
Examples:
  skep unset service.api.limits.memory     the edition or the engine decides from now on
  skep unset service.api.env.DEBUG --diff  show it, write nothing";

/// Take a property of a node away, where it is written
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The property, such as service.api.limits.memory
    #[arg(value_name = "ADDRESS.PROPERTY", add = ArgValueCompleter::new(complete::properties))]
    property: Property,
    #[command(flatten)]
    manner: EditManner,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let (set, written) = session.written()?;
    let sites = edit::unset(&written, &options.property)?;
    let splices = choose(sites, &options.manner)?;
    session.edit(&set, &splices, &options.manner)
}
