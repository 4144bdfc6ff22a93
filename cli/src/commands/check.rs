//! `skep check`

mod fix;
mod watch;

use std::collections::BTreeSet;
use std::mem::ManuallyDrop;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use skep_compiler::mend::Reach;
use skep_compiler::{Checked, Memory};
use skep_schema::diagnostic::{Code, Diagnostic, Severity};

use crate::args::Global;
use crate::complete;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::changes::count;
use crate::output::diagnostics::{Form, View, render};
use crate::session::{Session, print};

const EXAMPLES: &str = "\
Examples:
  skep check                        the base and every environment
  skep check -e prod                one environment
  skep check --deny warnings        fail on warnings as well
  skep check --fix                  mend what can be mended without asking
  skep check --fix --diff           show that first
  skep check --watch                again whenever a file changes
  skep check -o sarif > skep.sarif  for code scanning
  skep check -o github              annotations of a pull request
  skep explain SK3001               what a code means";

/// Find mistakes, without a network
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The form of the diagnostics
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
    /// Annotate the files first that differ from this git revision [default: the base the pipeline names]
    #[arg(long, value_name = "REV", add = ArgValueCompleter::new(complete::revisions))]
    changed_since: Option<String>,
    /// Fail on `warnings`, or on one code; may be repeated
    #[arg(long, value_name = "warnings|CODE", value_parser = deny, add = ArgValueCompleter::new(complete::codes))]
    deny: Vec<Deny>,
    /// Make the fixes that are always right, then check again
    #[arg(long)]
    fix: bool,
    /// Make those that are probably right as well
    #[arg(long, requires = "fix")]
    unsafe_fixes: bool,
    /// Write nothing; show what the fixes would change, exit 1 if anything
    #[arg(long, visible_alias = "dry-run", requires = "fix")]
    diff: bool,
    /// Check again whenever a file changes, until interrupted
    #[arg(long, conflicts_with = "fix")]
    watch: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deny {
    Warnings,
    Code(Code),
}

fn deny(text: &str) -> Result<Deny, String> {
    if text == "warnings" {
        return Ok(Deny::Warnings);
    }
    Code::parse(text)
        .map(Deny::Code)
        .ok_or_else(|| format!("`{text}` is neither `warnings` nor a code"))
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    if options.watch {
        return watch::run(&session, options);
    }
    // The end of the process frees it.
    let mut memory = ManuallyDrop::new(Memory::default());
    let sources = session.project.sources(session.inputs())?;
    let (set, checked) = session.project.check_with(&mut memory, sources)?;
    if options.fix && options.diff {
        return fix::show(&session, &set, checked, options.reach());
    }
    let checked = if options.fix {
        fix::make(&session, &set, checked, options.reach())?
    } else {
        checked
    };
    tell(&session, options, &checked)
}

fn tell(session: &Session<'_>, options: &Options, checked: &Checked) -> Result<Exit, Failure> {
    let all = &checked.diagnostics;
    let paint = if options.output.is_data() {
        session.out
    } else {
        session.err
    };
    let view = view(session, options)?;
    let fails = |d: &Diagnostic| options.fails(d);
    let text = render(options.output, checked, &view, paint, &fails);
    if options.output.is_data() {
        print(&text)?;
    } else {
        eprint!("{text}");
    }
    eprintln!("{}", summary(checked));
    let fails = all.iter().any(fails);
    Ok(if fails { Exit::Failed } else { Exit::Done })
}

/// How a pipeline sees the project. A base that was named has to be there; one that the pipeline
/// offers is no more than a help, since its clone may not have it.
fn view(session: &Session<'_>, options: &Options) -> Result<View, Failure> {
    let project = &session.project;
    let changed = match (&options.changed_since, options.output) {
        (Some(revision), _) => project.changed_since(revision)?,
        (None, Form::Github) => offered_base()
            .and_then(|revision| project.changed_since(&revision).ok())
            .unwrap_or_default(),
        (None, _) => BTreeSet::new(),
    };
    Ok(View {
        prefix: project.prefix(),
        changed,
    })
}

/// The branch that a pull request is meant for, as GitHub and Forgejo name it.
fn offered_base() -> Option<String> {
    let base = std::env::var("GITHUB_BASE_REF").ok()?;
    (!base.is_empty()).then(|| format!("origin/{base}"))
}

impl Options {
    /// Whether the check fails for its sake.
    fn fails(&self, diagnostic: &Diagnostic) -> bool {
        diagnostic.severity == Severity::Error || self.deny.iter().any(|r| r.covers(diagnostic))
    }

    const fn reach(&self) -> Reach {
        if self.unsafe_fixes {
            Reach::Likely
        } else {
            Reach::Safe
        }
    }
}

impl Deny {
    fn covers(self, diagnostic: &Diagnostic) -> bool {
        match self {
            Deny::Warnings => diagnostic.severity == Severity::Warning,
            Deny::Code(code) => diagnostic.code == code,
        }
    }
}

fn summary(checked: &Checked) -> String {
    let all = &checked.diagnostics;
    let silenced: usize = checked.allowed.iter().map(|a| a.silenced.len()).sum();
    let allowed = if silenced == 0 {
        String::new()
    } else {
        format!(", {silenced} allowed")
    };
    let of = |severity| all.iter().filter(|d| d.severity == severity).count() as u64;
    let found = match (of(Severity::Error), of(Severity::Warning)) {
        (0, 0) => "nothing is wrong".to_owned(),
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    };
    format!(
        "checked {}, {}: {found}{allowed}",
        count(checked.files as u64, "file"),
        count(checked.nodes as u64, "node")
    )
}
