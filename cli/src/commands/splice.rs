//! `skep splice`

use clap::Args;
use skep_compiler::edit::Splice;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{EditManner, Session};

const EXAMPLES: &str = "\
Examples:
  skep splice skep.kdl:120..121=3          byte 120 becomes `3`
  skep set service.api.replicas 3 -o json  prints the splice that undoes it as `undo`";

/// Replace bytes of the project's files, as the undo of an edit does
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Bytes of a file, and what stands there instead; nothing after `=` takes them away
    #[arg(required = true, value_name = "FILE:START..END=TEXT", value_parser = splice)]
    splices: Vec<Splice>,
    #[command(flatten)]
    manner: EditManner,
}

fn splice(text: &str) -> Result<Splice, String> {
    let read = || {
        let (place, new) = text.split_once('=')?;
        let (file, range) = place.rsplit_once(':')?;
        let (start, end) = range.split_once("..")?;
        Some(Splice::new(
            file,
            start.parse().ok()?..end.parse().ok()?,
            new,
        ))
    };
    read().ok_or_else(|| "write FILE:START..END=TEXT".to_owned())
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let (set, _) = session.written()?;
    session.edit(&set, &options.splices, &options.manner)
}
