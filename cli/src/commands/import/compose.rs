//! `skep import compose`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use skep_compose::{Imported, Request};
use skep_schema::diagnostic::Severity;
use skep_schema::import::Grade;

use super::files::{Files, gather};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::diagnostics::concise;
use crate::output::import;
use crate::session::print;

const EXAMPLES: &str = "\
Examples:
  skep import compose stack.yml --stack shop             the project on standard output
  skep import compose stack.yml --stack shop --out shop  a folder with skep.kdl and the files it needs
  skep import compose stack.yml prod.yml                 several files, the later over the earlier
  skep import compose stack.yml --report                 what became of every key
  skep import compose stack.yml --adopt --out shop       with the lines that take a running stack over
  skep import compose stack.yml --routes                 labels for Traefik and Caddy as routes

Nothing of the source files is changed, and no secret of theirs is written out. What a key became is
exact, approximated or dropped; --strict exits 1 where anything is not exact. See docs/importing.md.";

/// Compose and stack files
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Compose files, the later laid over the earlier
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The stack's name, as it was given to `docker stack deploy`
    #[arg(long, value_name = "NAME")]
    stack: Option<String>,
    /// The folder to write the project to
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// A file of variables, instead of the `.env` beside the first file
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// A profile whose services belong to the project; may be repeated
    #[arg(long, value_name = "PROFILE")]
    profile: Vec<String>,
    /// Add the lines with which a first apply takes the running stack over
    #[arg(long)]
    adopt: bool,
    /// Turn labels for proxies into routes
    #[arg(long)]
    routes: bool,
    /// Show what became of every key
    #[arg(long)]
    report: bool,
    /// The form of the result
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
    /// Fail where anything is not exact
    #[arg(long)]
    strict: bool,
}

impl Options {
    /// A project in a folder, with all else as it is without flags.
    pub(crate) fn into_folder(files: Vec<PathBuf>, stack: Option<String>, out: PathBuf) -> Self {
        Self {
            files,
            stack,
            out: Some(out),
            env_file: None,
            profile: Vec::new(),
            adopt: false,
            routes: false,
            report: false,
            output: Form::default(),
            strict: false,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The project's text
    #[default]
    Kdl,
    /// The report, with the project's text in it
    Json,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let paths: Vec<PathBuf> = options
        .files
        .iter()
        .map(|file| global.dir.join(file))
        .collect();
    let (files, compose) = Files::beside(&paths)?;
    let env_file = options.env_file.as_ref().map(|file| global.dir.join(file));
    let request = Request {
        stack: options.stack.clone(),
        fallback: files.folder_name(),
        compose,
        variables: files.variables(env_file.as_deref())?,
        profiles: options.profile.iter().cloned().collect(),
        adopt: options.adopt,
        routes: options.routes,
        ..Request::default()
    };
    let imported = gather(&files, request)?;
    if imported.report.refusals.is_empty()
        && let Some(out) = &options.out
    {
        write(&global.dir.join(out), &files, &imported)?;
    }
    tell(options, &imported)
}

fn tell(options: &Options, imported: &Imported) -> Result<Exit, Failure> {
    let report = &imported.report;
    match options.output {
        Form::Json => print(&import::json(report))?,
        Form::Kdl if options.report => print(&import::table(report))?,
        Form::Kdl if options.out.is_none() => print(&imported.text)?,
        Form::Kdl => {}
    }
    if !options.report {
        eprint!("{}", import::remarks(report));
    }
    let errors = imported
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error);
    let errors: Vec<_> = errors.cloned().collect();
    eprint!("{}", concise(&errors, &imported.compiled));
    eprintln!("{}", import::summary(report));
    let inexact = report.findings.iter().any(|one| one.grade != Grade::Exact);
    let fails = !report.refusals.is_empty() || !errors.is_empty() || options.strict && inexact;
    Ok(if fails { Exit::Failed } else { Exit::Done })
}

/// Writes the project, and copies of the files it refers to, where they are not there yet.
fn write(out: &Path, files: &Files, imported: &Imported) -> Result<(), Failure> {
    let project = out.join(skep_compiler::source::ROOT);
    if project.exists() {
        return Err(Failure::new(
            Exit::Failed,
            format!("{} is already there", project.display()),
        )
        .help("choose another folder with --out, or take the file away"));
    }
    for (path, from) in &imported.report.copies {
        let (from, to) = (files.at(from), out.join(path));
        let same = match (from.canonicalize(), to.canonicalize()) {
            (Ok(from), Ok(to)) => from == to,
            (_, _) => false,
        };
        if same {
            continue;
        }
        if to.exists() {
            return Err(
                Failure::new(Exit::Failed, format!("{} is already there", to.display()))
                    .help("choose another folder with --out"),
            );
        }
        let folder = to.parent().unwrap_or(out);
        std::fs::create_dir_all(folder).map_err(|e| Failure::file(folder, &e))?;
        std::fs::copy(&from, &to).map_err(|e| Failure::file(&from, &e))?;
    }
    std::fs::create_dir_all(out).map_err(|e| Failure::file(out, &e))?;
    std::fs::write(&project, &imported.text).map_err(|e| Failure::file(&project, &e))?;
    eprintln!("wrote {}", project.display());
    Ok(())
}
