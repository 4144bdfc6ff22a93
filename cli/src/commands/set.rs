//! `skep set`

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
  skep set service.api.replicas 3              where it is written, or where it belongs
  skep set service.api.limits.memory 1GiB
  skep set service.api.env.LOG debug -e prod   asks whether for prod alone, or for all
  skep set service.api.image registry.example.com/api:2 --dry-run
  skep set service.api.replicas 3 -o json      with the command that undoes it

Comments and layout stay as they are. docs/editing.md has the rest.";

/// Set a property of a node, where it is written
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The property, such as service.api.replicas
    #[arg(value_name = "ADDRESS.PROPERTY", add = ArgValueCompleter::new(complete::properties))]
    property: Property,
    /// Its value; several for a list
    #[arg(required = true, value_name = "VALUE", allow_negative_numbers = true)]
    values: Vec<String>,
    #[command(flatten)]
    manner: EditManner,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let (set, written) = session.written()?;
    let sites = edit::set(&written, &options.property, &options.values)?;
    let splices = choose(sites, &options.manner)?;
    session.edit(&set, &splices, &options.manner)
}
