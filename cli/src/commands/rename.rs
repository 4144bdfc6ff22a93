//! `skep rename`

use std::str::FromStr;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use skep_compiler::edit::{self, Object, Splice};
use skep_schema::address::{Address, NoAddress};

use crate::args::Global;
use crate::complete;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{EditManner, Session};

const EXAMPLES: &str = "\
Examples:
  skep rename service.api service.web          with all that names it; nothing restarts
  skep rename service.api service.web --diff   show it, write nothing
  skep rename volume.data volume.files --new   where nothing was applied yet
  skep rename use.cache use.sessions           a use of a component, with all that it makes";

/// Give a node, or a use of a component, another name, wherever it is named; its object stays
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The node, such as service.api, or the use, such as use.cache
    #[arg(add = ArgValueCompleter::new(complete::addresses))]
    from: Named,
    /// Its new address, of the same kind
    to: Named,
    /// Write no `moved` line: the next apply makes another object
    #[arg(long)]
    new: bool,
    #[command(flatten)]
    manner: EditManner,
}

/// What can be renamed.
#[derive(Clone, Debug)]
enum Named {
    Node(Address),
    /// `use.NAME`
    Use(String),
}

impl FromStr for Named {
    type Err = NoAddress;

    fn from_str(text: &str) -> Result<Self, NoAddress> {
        match text.strip_prefix("use.") {
            Some(name) => Ok(Self::Use(name.to_owned())),
            None => text.parse().map(Self::Node),
        }
    }
}

impl Named {
    fn text(&self) -> String {
        match self {
            Self::Node(address) => address.to_string(),
            Self::Use(name) => format!("use.{name}"),
        }
    }
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let Options {
        from,
        to,
        new,
        manner,
    } = options;
    let object = if *new { Object::New } else { Object::Kept };
    let session = Session::open(global)?;
    let (set, written) = session.written()?;
    let splices = match (from, to) {
        (Named::Node(from), Named::Node(to))
            if from.kind == to.kind && from.part.is_none() && to.part.is_none() =>
        {
            edit::rename(&written, from, &to.name, object)?
        }
        (Named::Use(from), Named::Use(to)) => {
            let place = edit::use_called(&written, from)?;
            let name = Splice::at(place, &written.sources, edit::string(to));
            edit::rename_use(&set, &written, name, object)?
        }
        (from, to) => {
            let message = format!("`{}` cannot become `{}`", from.text(), to.text());
            return Err(Failure::new(Exit::Usage, message).help("a node keeps its kind"));
        }
    };
    session.edit(&set, &splices, manner)
}
