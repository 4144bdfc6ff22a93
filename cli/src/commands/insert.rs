//! `skep insert`

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
  skep insert 'volume data'                              at the end of skep.kdl
  skep insert --file data.kdl 'volume data'              at the end of another file
  skep insert --into service.api 'mount volume=data to=\"/data\"'";

/// Put nodes into the project's files
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The nodes, as KDL
    kdl: String,
    /// The node they go into
    #[arg(long, value_name = "ADDRESS", conflicts_with = "file", add = ArgValueCompleter::new(complete::addresses))]
    into: Option<Address>,
    /// The file they go to the end of
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
    #[command(flatten)]
    manner: EditManner,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let (set, written) = session.written()?;
    let site = edit::insert(
        &written,
        options.into.as_ref(),
        options.file.as_deref(),
        &options.kdl,
    )?;
    let splices = choose(vec![site], &options.manner)?;
    session.edit(&set, &splices, &options.manner)
}
