//! `skep graph`

use clap::{Args, ValueEnum};
use clap_complete::engine::ArgValueCompleter;
use skep_compiler::graph::View;
use skep_schema::address::Address;

use crate::args::Global;
use crate::complete;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Session, print};

const EXAMPLES: &str = "\
Examples:
  skep graph                               what needs what
  skep graph -o svg > graph.svg            a picture
  skep graph --impact config.api-toml      what a change of this node reaches";

/// Show what depends on what
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The form of the graph
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
    /// Only this node and what depends on it
    #[arg(long, value_name = "ADDRESS", add = ArgValueCompleter::new(complete::addresses))]
    impact: Option<Address>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Lines for a terminal
    #[default]
    Tree,
    /// Graphviz
    Dot,
    Mermaid,
    Svg,
    /// skep.graph/1
    Json,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let graph = session.compile()?.graph;
    if let Some(address) = options.impact.as_ref().filter(|a| !graph.contains(a)) {
        return Err(
            Failure::new(Exit::Failed, format!("the project has no `{address}`"))
                .help("`skep graph` lists all addresses"),
        );
    }
    let view = options.impact.clone().map_or(View::Whole, View::Impact);
    print(&match options.output {
        Form::Tree => graph.tree(&view),
        Form::Dot => graph.dot(&view),
        Form::Mermaid => graph.mermaid(&view),
        Form::Svg => graph.svg(&view),
        Form::Json => graph.json(&view),
    })?;
    Ok(Exit::Done)
}
