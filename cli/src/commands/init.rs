//! `skep init`

use std::path::{Path, PathBuf};

use clap::Args;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  skep init                in this folder, named after it
  skep init shop           in the new folder `shop`";

/// Start a project
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The folder; this one where it is left out
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// The project's name; the folder's where it is left out
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// A project that checks clean and runs on the model swarm as it is.
const SPEC: &str = include_str!("init/skep.kdl");

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let folder = options
        .folder
        .as_ref()
        .map_or_else(|| global.dir.clone(), |f| global.dir.join(f));
    let name = match &options.name {
        Some(name) => name.clone(),
        None => name_of(&folder)?,
    };
    std::fs::create_dir_all(&folder).map_err(|e| Failure::file(&folder, &e))?;
    let file = folder.join(skep_compiler::source::ROOT);
    if file.exists() {
        return Err(
            Failure::new(Exit::Failed, format!("{} is already there", file.display()))
                .help("`skep init DIR` starts a project in another folder"),
        );
    }
    std::fs::write(&file, SPEC.replace("PROJECT", &name)).map_err(|e| Failure::file(&file, &e))?;
    ignore_state(&folder)?;
    eprintln!("wrote {}", file.display());
    eprintln!("next:  skep -C {} plan --target model", folder.display());
    Ok(Exit::Done)
}

/// The folder's name as a project's name: lower case, with dashes for what cannot stand in one.
fn name_of(folder: &Path) -> Result<String, Failure> {
    std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
    let whole = folder
        .canonicalize()
        .map_err(|e| Failure::file(folder, &e))?;
    let text = whole
        .file_name()
        .map(|n| n.to_string_lossy().to_lowercase())
        .unwrap_or_default();
    let name: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    match name.trim_matches('-') {
        "" => Err(
            Failure::new(Exit::Failed, "the folder's name makes no project name")
                .help("say one: --name shop"),
        ),
        name => Ok(name.to_owned()),
    }
}

/// The model swarm's file belongs to this machine and not into git.
fn ignore_state(folder: &Path) -> Result<(), Failure> {
    let file = folder.join(".gitignore");
    if file.exists() {
        return Ok(());
    }
    std::fs::write(&file, ".skep/\n").map_err(|e| Failure::file(&file, &e))
}
