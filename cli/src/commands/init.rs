//! `skep init`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::import::compose;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  skep init                in this folder, named after it
  skep init shop           in the new folder `shop`
  skep init shop --template minimal
  skep init shop --from compose.yml     with the services of a compose file: `skep import compose`";

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
    /// What to start from
    #[arg(long, value_enum, value_name = "TEMPLATE", default_value_t)]
    template: Template,
    /// Start from a compose file; may be repeated, the later laid over the earlier
    #[arg(long, value_name = "FILE", conflicts_with = "template")]
    from: Vec<PathBuf>,
}

/// Projects that check clean and run on the model swarm as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Template {
    /// A web service behind a gateway, with a config, a health check and parameters
    #[default]
    Web,
    /// One service that publishes a port
    Minimal,
}

impl Template {
    const fn text(self) -> &'static str {
        match self {
            Template::Web => include_str!("init/skep.kdl"),
            Template::Minimal => include_str!("init/minimal.kdl"),
        }
    }
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let folder = options
        .folder
        .as_ref()
        .map_or_else(|| global.dir.clone(), |f| global.dir.join(f));
    let exit = if options.from.is_empty() {
        from_template(&folder, options)?
    } else {
        from_compose(global, options)?
    };
    if exit == Exit::Done {
        ignore_state(&folder)?;
        eprint!("{}", next(options.folder.as_deref()));
    }
    Ok(exit)
}

/// The stack has the name of the first file's folder where none is said, as it has with docker.
fn from_compose(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let out = options.folder.clone().unwrap_or_else(|| ".".into());
    let (files, name) = (options.from.clone(), options.name.clone());
    compose::run(global, &compose::Options::into_folder(files, name, out))
}

fn from_template(folder: &Path, options: &Options) -> Result<Exit, Failure> {
    let name = match &options.name {
        Some(name) => name.clone(),
        None => name_of(folder)?,
    };
    std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
    let file = folder.join(skep_compiler::source::ROOT);
    if file.exists() {
        return Err(
            Failure::new(Exit::Failed, format!("{} is already there", file.display()))
                .help("`skep init DIR` starts a project in another folder"),
        );
    }
    std::fs::write(&file, options.template.text().replace("PROJECT", &name))
        .map_err(|e| Failure::file(&file, &e))?;
    eprintln!("wrote {}", file.display());
    Ok(Exit::Done)
}

/// What to do with a new project, in the order in which one would.
fn next(folder: Option<&Path>) -> String {
    let enter = folder.map(|folder| format!("  cd {}\n", folder.display()));
    format!(
        "next:\n{}  skep check                     mistakes, with file, line and the fix\n  \
           skep plan --target model       what an apply would do, to a swarm in a file\n  \
           skep apply --target model      do it there, without any Docker\n  \
           skep doctor                    whether all is there for an apply to the real one\n",
        enter.unwrap_or_default()
    )
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
