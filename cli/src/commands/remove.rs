//! `skep remove`

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use skep_compiler::edit;
use skep_schema::address::Address;

use crate::args::Global;
use crate::complete;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{EditManner, Session, choose};

const EXAMPLES: &str = "\
Examples:
  skep remove service.cache          its declaration; refused while something refers to it
  skep remove service.cache -e dev   asks whether from dev alone, or from all";

/// Take a node out of the project's files; what runs is up to the next apply
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The node, such as service.cache
    #[arg(add = ArgValueCompleter::new(complete::addresses))]
    address: Address,
    #[command(flatten)]
    manner: EditManner,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let (set, written) = session.written()?;
    let sites = edit::remove(&written, &options.address)?;
    let splices = choose(sites, &options.manner)?;
    session.edit(&set, &splices, &options.manner)
}
