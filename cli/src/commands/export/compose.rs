//! `skep export compose`

use clap::Args;
use skep_compiler::export::{STACK_FILE, compose};

use super::write::{Common, finish};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

const EXAMPLES: &str = "\
Examples:
  skep export compose -e prod             the stack file on standard output
  skep export compose -e prod --out out   stack.yml, and the contents of configs beside it
  skep export compose --report            what a stack file cannot say, by node and property
  docker stack deploy -c out/stack.yml shop-prod

What is not exact is approximated or dropped; --strict exits 1 where anything is not exact, and writes
nothing. No value of a secret is in the files. See docs/exporting.md.";

/// A stack file for `docker stack deploy`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let plan = Session::open(global)?.plan()?;
    finish(global, &options.common, &plan, &compose(&plan), STACK_FILE)
}
