//! `skep export kubernetes`

use clap::Args;
use skep_compiler::export::{MANIFEST, kubernetes};

use super::write::{Common, finish};
use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

const EXAMPLES: &str = "\
Examples:
  skep export kubernetes -e prod             the manifests on standard output
  skep export kubernetes -e prod --out k8s   kubernetes.yaml in the folder
  skep export kubernetes --report            what kubernetes cannot say, by node and property
  kubectl apply -f k8s

What is not exact is approximated or dropped; --strict exits 1 where anything is not exact, and writes
nothing. No value of a secret is in the file: the report has the commands that make them. See
docs/exporting.md.";

/// Manifests for `kubectl apply`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let (plan, spec) = Session::open(global)?.plan_and_spec()?;
    let exported = kubernetes(&plan, &spec);
    finish(global, &options.common, &plan, &exported, MANIFEST)
}
