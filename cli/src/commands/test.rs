//! `skep test`

mod snapshot;

use clap::{Args, ValueEnum};
use skep_compiler::Compiled;
use skep_compiler::edit::Written;
use skep_compiler::expect;
use skep_schema::diagnostic::{Diagnostic, Place};
use skep_schema::span::Sources;
use skep_schema::spec::Test;
use skep_schema::test::{TestOutcome, TestReport, TestResult};

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{diagnostics, tests};
use crate::session::{Session, print, to_json};

use snapshot::Snapshot;

const EXAMPLES: &str = "\
Examples:
  skep test                      all tests of the project, in all environments they name
  skep test -e prod              those that look at prod
  skep test replicated           those with `replicated` in their name
  skep test --update             write the snapshots anew, then review them with git diff
  skep test -o junit > test.xml  for a pipeline

In the spec:
  test \"prod is replicated\" {
      environment prod
      expect service.api replicas at-least=2
      expect \"service.*\" limits.memory exists=#true
      snapshot
  }

docs/testing-plans.md has the rest.";

/// Run the project's own tests of its plan, without any Docker
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Options {
    /// Parts of names; all tests without one
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Write the snapshots anew instead of comparing with them
    #[arg(long)]
    update: bool,
    /// Name the tests, and run none
    #[arg(long, conflicts_with = "update")]
    list: bool,
    /// The form of the results
    #[arg(short = 'o', long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
}

/// The forms of `-o` for test results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A line each, failures with the source around them
    #[default]
    Human,
    /// skep.tests/1
    Json,
    /// `JUnit` XML, as pipelines read it
    Junit,
}

/// A test in one of its environments.
struct Trial<'t> {
    test: &'t Test,
    environment: Option<String>,
}

/// What came of one, with what is needed to show it.
struct Tried {
    result: TestResult,
    failures: Vec<Diagnostic>,
    sources: Sources,
}

pub(crate) fn run(global: &Global, options: &Options) -> Result<Exit, Failure> {
    let session = Session::open(global)?;
    let (_, checked) = session.project.check(session.inputs())?;
    session.show(&checked.diagnostics, &checked.sources)?;
    let mut inputs = session.inputs();
    inputs.allow_unset_params = true;
    let (_, compiled) = session.project.load(inputs)?;
    let trials = trials(&compiled, options, global);
    if trials.is_empty() {
        return none(&compiled, options);
    }
    if options.list {
        return list(&trials, &compiled.sources);
    }
    let mut results = Vec::new();
    for trial in &trials {
        let tried = trial.run(&session, options.update)?;
        if options.output == Form::Human {
            eprint!("{}", shown(&tried, &session));
        }
        results.push(tried.result);
    }
    let mut report = TestReport::new(&compiled.spec.project, results);
    if options.names.is_empty() && global.environment.is_none() {
        let wanted = trials
            .iter()
            .filter(|trial| snapshot::is_wanted(trial.test));
        report.stale = snapshot::stale(&session, &report, wanted.count())?;
        snapshot::clear(&session, &report.stale, options.update)?;
    }
    match options.output {
        Form::Human => {}
        Form::Json => print(&to_json(&report))?,
        Form::Junit => print(&tests::junit(&report))?,
    }
    eprintln!("{}", tests::summary(&report));
    Ok(if report.failed == 0 {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn trials<'c>(compiled: &'c Compiled, options: &Options, global: &Global) -> Vec<Trial<'c>> {
    let named = |test: &&Test| {
        let name = &test.name.value.0;
        options.names.is_empty() || options.names.iter().any(|part| name.contains(part))
    };
    let all = compiled.spec.tests.iter().filter(named).flat_map(|test| {
        let environments = expect::environments(test, &compiled.environments);
        environments
            .into_iter()
            .map(move |environment| Trial { test, environment })
    });
    all.filter(|trial| global.environment.is_none() || trial.environment == global.environment)
        .collect()
}

/// There is nothing to run: no mistake, unless some test was asked for.
fn none(compiled: &Compiled, options: &Options) -> Result<Exit, Failure> {
    let names: Vec<&str> = compiled
        .spec
        .tests
        .iter()
        .map(|test| test.name.value.0.as_str())
        .collect();
    if names.is_empty() && options.names.is_empty() {
        eprintln!("there are no tests: `skep test --help` shows how one is written");
        return Ok(Exit::Done);
    }
    let failure = Failure::new(Exit::Failed, "no test fits what was asked for");
    Err(failure.help("`skep test --list` names all tests with their environments"))
}

fn list(trials: &[Trial<'_>], sources: &Sources) -> Result<Exit, Failure> {
    for trial in trials {
        let result = trial.result(sources);
        let (title, file, line) = (result.title(), &result.file, result.line);
        print(&format!("{title}  {file}:{line}\n"))?;
    }
    Ok(Exit::Done)
}

fn shown(tried: &Tried, session: &Session<'_>) -> String {
    let diagnostics = diagnostics::human(&tried.failures, &tried.sources, session.err);
    tests::human(&tried.result, &diagnostics, session.err)
}

impl Trial<'_> {
    fn run(&self, session: &Session<'_>, update: bool) -> Result<Tried, Failure> {
        let environment = self.environment.as_deref();
        let inputs = expect::inputs(self.test, environment, &session.inputs());
        let (set, compiled) = session.project.load(inputs)?;
        let written = Written::of(&set);
        let mut failures = expect::failures(self.test, &compiled, &written);
        let mut result = self.result(&compiled.sources);
        if let Some(plan) = compiled
            .plan
            .as_ref()
            .filter(|_| snapshot::is_wanted(self.test))
        {
            let file = snapshot::file(self.test, plan);
            match snapshot::compare(session, self.test, &file, plan, update)? {
                Snapshot::Same => {}
                Snapshot::Updated => result.outcome = TestOutcome::Updated,
                Snapshot::Other(failure, changes) => {
                    failures.push(*failure);
                    result.changes = changes;
                }
            }
            result.snapshot = Some(file);
        }
        if !failures.is_empty() {
            result.outcome = TestOutcome::Failed;
        }
        result.failures = failures
            .iter()
            .map(|d| d.locate(&compiled.sources))
            .collect();
        Ok(Tried {
            result,
            failures,
            sources: compiled.sources,
        })
    }

    /// The result of a test with which nothing is wrong so far.
    fn result(&self, sources: &Sources) -> TestResult {
        let place = Place::of(self.test.name.span, sources);
        TestResult {
            name: self.test.name.value.0.clone(),
            environment: self.environment.clone(),
            file: place.file,
            line: place.start.line,
            outcome: TestOutcome::Passed,
            failures: Vec::new(),
            snapshot: None,
            changes: None,
        }
    }
}
