//! `skep splice`

use clap::Args;
use skep_compiler::edit::Splice;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{EditManner, Guarded, Session};

const EXAMPLES: &str = "\
Examples:
  skep splice skep.kdl:120..121=3          byte 120 becomes `3`
  skep set service.api.replicas 3 -o json  prints the splice that undoes it as `undo`";

/// Replace bytes of the project's files, as the undo of an edit does
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Bytes of a file, and what stands there instead; nothing after `=` takes them away
    ///
    /// With `@MARK` behind END, as an undo has it, only where the file is up to that line what it was
    #[arg(required = true, value_name = "FILE:START..END=TEXT", value_parser = splice)]
    splices: Vec<Guarded>,
    #[command(flatten)]
    manner: EditManner,
}

fn splice(text: &str) -> Result<Guarded, String> {
    let read = || {
        let (place, new) = text.split_once('=')?;
        let (file, range) = place.rsplit_once(':')?;
        let (start, end) = range.split_once("..")?;
        let (end, mark) = match end.split_once('@') {
            Some((end, mark)) => (end, Some(mark.to_owned())),
            None => (end, None),
        };
        let range = start.parse().ok()?..end.parse().ok()?;
        Some(Guarded {
            splice: Splice::new(file, range, new),
            mark,
        })
    };
    read().ok_or_else(|| "write FILE:START..END=TEXT".to_owned())
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let (set, _) = session.written()?;
    let splices = Guarded::checked(&options.splices, &set)?;
    session.edit(&set, &splices, &options.manner)
}
