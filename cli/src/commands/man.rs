//! `skep man`

use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory};
use clap_mangen::Man;

use crate::args::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::count;
use crate::session::print;

const EXAMPLES: &str = "\
Examples:
  skep man | man -l -                      the page of skep itself
  skep man lock images | man -l -          that of one command
  skep man --out-dir /usr/local/share/man/man1";

/// Print a manual page, or write all of them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The command; skep itself where it is left out
    #[arg(value_name = "COMMAND", conflicts_with = "out_dir")]
    command: Vec<String>,
    /// Write the pages of all commands into a folder
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
}

pub(crate) fn run(options: &Options) -> Result<Exit, Failure> {
    // Names of pages and options of all commands are filled in by building.
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    if let Some(folder) = &options.out_dir {
        write(folder, &root)?;
        return Ok(Exit::Done);
    }
    let mut found = &root;
    for word in &options.command {
        found = found.find_subcommand(word).ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!("`{}` has no command `{word}`", found.get_name()),
            )
            .help("`skep --help` lists all of them")
        })?;
    }
    print(&page(found)?)?;
    Ok(Exit::Done)
}

fn write(folder: &Path, root: &Command) -> Result<(), Failure> {
    std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
    let mut pages = 0;
    let mut open = vec![root];
    while let Some(command) = open.pop() {
        let file = folder.join(format!("{}.1", name(command)));
        std::fs::write(&file, page(command)?).map_err(|e| Failure::file(&file, &e))?;
        pages += 1;
        open.extend(command.get_subcommands().filter(|c| !c.is_hide_set()));
    }
    eprintln!("wrote {} to {}", count(pages, "page"), folder.display());
    Ok(())
}

/// `skep-lock-images`
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}

fn page(command: &Command) -> Result<String, Failure> {
    let mut text = Vec::new();
    Man::new(command.clone())
        .title(name(command).to_uppercase())
        .source(concat!("skep ", env!("CARGO_PKG_VERSION")))
        .manual("Skep")
        .render(&mut text)
        .map_err(|error| {
            Failure::new(Exit::Bug, format!("the page of {}: {error}", name(command)))
        })?;
    Ok(without_idle_breaks(&String::from_utf8_lossy(&text)))
}

/// Without breaks beside empty lines, which break by themselves: readers warn of them.
fn without_idle_breaks(page: &str) -> String {
    let alone = page.replace("\n.br\n\n.br\n", "\n.sp\n");
    alone.replace("\n\n.br\n", "\n.sp\n")
}
