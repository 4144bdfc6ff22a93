//! `skep rename`

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use skep_compiler::edit::{self, Object};
use skep_schema::address::Address;

use crate::args::Global;
use crate::complete;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{EditManner, Session};

const EXAMPLES: &str = "\
Examples:
  skep rename service.api service.web          with all that names it; nothing restarts
  skep rename service.api service.web --diff   show it, write nothing
  skep rename volume.data volume.files --new   where nothing was applied yet";

/// Give a node another name, wherever it is named; its object stays
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The node, such as service.api
    #[arg(add = ArgValueCompleter::new(complete::addresses))]
    from: Address,
    /// Its new address, of the same kind
    to: Address,
    /// Write no `moved` line: the next apply makes another object
    #[arg(long)]
    new: bool,
    #[command(flatten)]
    manner: EditManner,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let Options {
        from,
        to,
        new,
        manner,
    } = options;
    if from.kind != to.kind || from.part.is_some() || to.part.is_some() {
        let message = format!("`{from}` cannot become `{to}`");
        return Err(Failure::new(Exit::Usage, message).help("a node keeps its kind"));
    }
    let session = Session::open(global)?;
    let (set, written) = session.written()?;
    let object = if *new { Object::New } else { Object::Kept };
    let splices = edit::rename(&written, from, &to.name, object)?;
    session.edit(&set, &splices, manner)
}
