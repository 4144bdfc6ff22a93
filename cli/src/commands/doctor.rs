//! `skep doctor`

mod checks;
mod daemon;
mod facts;
mod gather;

use clap::{Args, ValueEnum};
use skep_schema::doctor::{DOCTOR_FORMAT, DoctorReport, Health};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::output::paint::Paint;
use crate::session::{print, to_json};

const EXAMPLES: &str = "\
Examples:
  skep doctor -e prod            the project, its tools and secrets, the engine, the swarm, the stack
  skep doctor --target model     the same without Docker
  skep doctor -o json            the same for scripts
  skep doctor --server https://skep.example.com:7443
                                 a daemon and its stacks, as far as you may see them

It writes nothing. Sources of secrets are read, and no value is shown. Exit 1 when something fails.";

/// Look for what would keep an apply from working, and say what to do about it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// The form of the findings
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A line for each, and what to do
    #[default]
    Human,
    /// skep.doctor/1
    Json,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let (stack, findings) = if global.server.is_some() {
        (None, daemon::findings(global)?)
    } else {
        let facts = gather::facts(global)?;
        let findings = checks::all(&facts);
        (facts.spec.and_then(|spec| spec.stack), findings)
    };
    let report = DoctorReport {
        format: DOCTOR_FORMAT.to_owned(),
        stack,
        findings,
    };
    let paint = Paint::choose(global.color, &std::io::stdout());
    print(&match options.output {
        Form::Json => to_json(&report),
        Form::Human => output::doctor::human(&report, paint),
    })?;
    let fails = report.findings.iter().any(|f| f.state == Health::Fail);
    Ok(if fails { Exit::Failed } else { Exit::Done })
}
