//! `skep migrate`

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use skep_compiler::syntax::{Migrated, migrate};
use skep_schema::diagnostic::Diagnostic;
use skep_schema::span::Sources;

use super::fmt::spec_files;
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::count;
use crate::output::diagnostics::human;
use crate::output::paint::Paint;
use crate::session::{Session, print};
use skep_project::difference;

const EXAMPLES: &str = "\
Examples:
  skep migrate                       show what would change in the project's files
  skep migrate --write               change them
  skep migrate old/*.kdl --write     any files, also outside a project
  skep migrate - < old.kdl           from standard input to standard output

Only what KDL 2 spells otherwise is replaced: true, false and null, raw strings, strings over several
lines, `\\/`, and names that need quotes now. Comments and layout stay. Without --write it exits 1 if
something would change; a file that is neither KDL 1 nor KDL 2 stays as it is, and is told.";

/// Rewrite KDL 1 files in KDL 2
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Files; all of the project without one, standard input for `-`
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write the files instead of showing what would change
    #[arg(long, conflicts_with = "diff")]
    write: bool,
    /// Change nothing; show what would change (the default)
    #[arg(long, visible_alias = "dry-run")]
    diff: bool,
}

/// How many files came out how.
#[derive(Default)]
struct Tally {
    changed: u64,
    already: u64,
    broken: u64,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let paint = Paint::choose(global.color, &std::io::stderr());
    if options.files.iter().any(|file| file.as_os_str() == "-") {
        return from_standard_input(paint);
    }
    let files = if options.files.is_empty() {
        spec_files(&Session::open(global)?)?
    } else {
        options
            .files
            .iter()
            .map(|file| global.dir.join(file))
            .collect()
    };
    let mut tally = Tally::default();
    for path in &files {
        one(path, options.write, paint, &mut tally)?;
    }
    eprintln!("{}", tally.told(options.write));
    let fails = tally.broken > 0 || tally.changed > 0 && !options.write;
    Ok(if fails { Exit::Failed } else { Exit::Done })
}

fn one(path: &Path, write: bool, paint: Paint, tally: &mut Tally) -> Result<(), Failure> {
    let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, &e))?;
    let mut sources = Sources::default();
    let file = sources.add(path.display().to_string(), text.as_str());
    match migrate(file, &text) {
        Migrated::Already => tally.already += 1,
        Migrated::Changed(new) if write => {
            std::fs::write(path, new).map_err(|e| Failure::file(path, &e))?;
            eprintln!("migrated {}", path.display());
            tally.changed += 1;
        }
        Migrated::Changed(new) => {
            print(&difference(&path.display().to_string(), &text, &new))?;
            tally.changed += 1;
        }
        Migrated::Broken(left) => {
            eprint!("{}", human(&left, &sources, paint));
            eprintln!(
                "left alone, since it would still not be KDL 2: {}",
                path.display()
            );
            tally.broken += 1;
        }
    }
    Ok(())
}

impl Tally {
    fn told(&self, write: bool) -> String {
        let Self {
            changed,
            already,
            broken,
        } = *self;
        let done = if write { "migrated" } else { "would migrate" };
        let mut parts = vec![format!("{done} {}", count(changed, "file"))];
        if already > 0 {
            parts.push(format!("{already} KDL 2 already"));
        }
        if broken > 0 {
            parts.push(format!("{broken} left alone"));
        }
        parts.join(", ")
    }
}

fn from_standard_input(paint: Paint) -> Result<Exit, Failure> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|e| Failure::new(Exit::Failed, format!("standard input: {e}")))?;
    let mut sources = Sources::default();
    let file = sources.add("<stdin>", text.as_str());
    let left: Vec<Diagnostic> = match migrate(file, &text) {
        Migrated::Already => {
            eprintln!("KDL 2 already");
            print(&text)?;
            Vec::new()
        }
        Migrated::Changed(new) => {
            print(&new)?;
            Vec::new()
        }
        Migrated::Broken(left) => left,
    };
    eprint!("{}", human(&left, &sources, paint));
    Ok(if left.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}
