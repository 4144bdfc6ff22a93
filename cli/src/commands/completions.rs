//! `skep completions`

use clap::{Args, ValueEnum};
use clap_complete::env::Shells;

use crate::complete::ASKED_BY;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::print;

const EXAMPLES: &str = "\
Examples:
  skep completions bash > /etc/bash_completion.d/skep
  skep completions zsh  > ~/.zfunc/_skep
  skep completions fish > ~/.config/fish/completions/skep.fish

The script asks skep itself while you type: for addresses of the project at hand, their values,
environments, git revisions and codes. It needs no engine and runs nothing of the project's.";

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    shell: Shell,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Elvish,
    Powershell,
}

impl Shell {
    const fn name(self) -> &'static str {
        match self {
            Shell::Bash => "bash",
            Shell::Zsh => "zsh",
            Shell::Fish => "fish",
            Shell::Elvish => "elvish",
            Shell::Powershell => "powershell",
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<Exit, Failure> {
    let name = options.shell.name();
    let shells = Shells::builtins();
    let completer = shells
        .completer(name)
        .ok_or_else(|| Failure::new(Exit::Bug, format!("no completions are known for {name}")))?;
    let mut script = Vec::new();
    completer
        .write_registration(ASKED_BY, "skep", "skep", "skep", &mut script)
        .map_err(|error| Failure::new(Exit::Bug, format!("the script: {error}")))?;
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
