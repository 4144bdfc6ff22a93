//! `skep fmt`

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use skep_compiler::source::File;
use skep_compiler::{format, syntax};
use skep_project::difference;
use skep_schema::span::Sources;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::diagnostics::{concise, human};
use crate::session::{Session, print};

const EXAMPLES: &str = "\
Examples:
  skep fmt                 format all spec files of the project
  skep fmt --check         name those that would change, exit 1 if any
  skep fmt --diff app.kdl  show what would change
  skep fmt - < app.kdl     from standard input to standard output";

/// Format spec files
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Files; all of the project without one, standard input for `-`
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; exit 1 if something would change
    #[arg(long)]
    check: bool,
    /// Change nothing; show what would change
    #[arg(long)]
    diff: bool,
}

/// What came of one file.
enum Formatted {
    Same,
    Changed(String),
    /// It has mistakes of syntax and stays as it is; they are shown.
    Broken(String),
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    if options.files.iter().any(|f| f.as_os_str() == "-") {
        return from_standard_input();
    }
    let session = Session::open(global)?;
    let files = if options.files.is_empty() {
        spec_files(&session)?
    } else {
        options.files.iter().map(|f| global.dir.join(f)).collect()
    };
    let mut exit = Exit::Done;
    for path in &files {
        let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?;
        match formatted(path, &text, &session) {
            Formatted::Same => {}
            Formatted::Broken(report) => {
                eprint!("{report}");
                exit = Exit::Failed;
            }
            Formatted::Changed(new) if options.diff => {
                print(&difference(&path.display().to_string(), &text, &new))?;
            }
            Formatted::Changed(_) if options.check => eprintln!("would format {}", path.display()),
            Formatted::Changed(new) => {
                std::fs::write(path, new).map_err(|e| Failure::file(path, &e))?;
                eprintln!("formatted {}", path.display());
                continue;
            }
        }
        if (options.check || options.diff)
            && !matches!(formatted(path, &text, &session), Formatted::Same)
        {
            exit = Exit::Failed;
        }
    }
    Ok(exit)
}

/// Every spec file that a compile of the project reads.
pub(crate) fn spec_files(session: &Session<'_>) -> Result<Vec<PathBuf>, Failure> {
    let (set, _) = session.project.load(session.inputs())?;
    let specs = set
        .files
        .iter()
        .filter(|(path, file)| path.ends_with(".kdl") && matches!(file, File::Bytes(_)))
        .filter(|(path, _)| set.is_own(path));
    Ok(specs
        .map(|(path, _)| session.project.root().join(path))
        .collect())
}

fn formatted(path: &Path, text: &str, session: &Session<'_>) -> Formatted {
    let mut sources = Sources::default();
    let file = sources.add(path.display().to_string(), text);
    let parsed = syntax::parse(file, text.into());
    if !parsed.diagnostics.is_empty() {
        return Formatted::Broken(human(&parsed.diagnostics, &sources, session.err));
    }
    let new = format::format(&parsed.document);
    if new == text {
        Formatted::Same
    } else {
        Formatted::Changed(new)
    }
}

fn from_standard_input() -> Result<Exit, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|e| Failure::new(Exit::Failed, format!("standard input: {e}")))?;
    let mut sources = Sources::default();
    let file = sources.add("<stdin>", text.as_str());
    let parsed = syntax::parse(file, text.as_str().into());
    if !parsed.diagnostics.is_empty() {
        eprint!("{}", concise(&parsed.diagnostics, &sources));
        return Ok(Exit::Failed);
    }
    print(&format::format(&parsed.document))?;
    Ok(Exit::Done)
}
