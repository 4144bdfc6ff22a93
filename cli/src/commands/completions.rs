//! `skep completions`

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::print;

const EXAMPLES: &str = "\
Examples:
  skep completions bash > /etc/bash_completion.d/skep
  skep completions zsh  > ~/.zfunc/_skep
  skep completions fish > ~/.config/fish/completions/skep.fish";

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    shell: Shell,
}

pub(crate) fn run(options: &Options) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Cli::command(), "skep", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
