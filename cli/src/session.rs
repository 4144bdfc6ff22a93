//! What commands share: the project, its compile, and the target.

mod base;
mod confirm;
mod edit;
mod guard;
mod manner;
mod offer;
mod perform;
mod policy;
mod refuse;
mod showing;
mod target;

use std::io::Write;

use skep_compiler::Compiled;
use skep_compiler::source::Inputs;
use skep_engine::journal::Journal;
use skep_project::{ComposeFiles, Project};
use skep_schema::diagnostic::{Code, Diagnostic, Severity};
use skep_schema::plan::Plan;
use skep_schema::span::Sources;
use skep_schema::spec::Spec;

use crate::args::Global;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::diagnostics::{concise, human};
use crate::output::paint::Paint;

pub(crate) use base::{Number, Saved, read_saved};
pub(crate) use confirm::{Answer, confirm};
pub(crate) use edit::{EditManner, choose};
pub(crate) use guard::Guarded;
pub(crate) use manner::{Consent, Form, Manner};
pub(crate) use offer::{Offer, finish};
pub(crate) use perform::{holding, now};
pub(crate) use showing::Showing;
pub(crate) use skep_providers::holder::is_gone;
pub(crate) use target::{Connection, event_loop};

/// A project opened for one command.
pub(crate) struct Session<'a> {
    pub(crate) global: &'a Global,
    pub(crate) project: Project,
    /// For what goes to standard output.
    pub(crate) out: Paint,
    /// For what goes to standard error.
    pub(crate) err: Paint,
}

impl<'a> Session<'a> {
    pub(crate) fn open(global: &'a Global) -> Result<Self, Failure> {
        Ok(Self {
            global,
            project: project(global)?,
            out: Paint::choose(global.color, &std::io::stdout()),
            err: Paint::choose(global.color, &std::io::stderr()),
        })
    }

    pub(crate) fn inputs(&self) -> Inputs {
        Inputs {
            environment: self.global.environment.clone(),
            params: self.global.params.iter().cloned().collect(),
            ..Inputs::default()
        }
    }

    /// Compiles, and shows what is wrong. Errors end the command.
    pub(crate) fn compile(&self) -> Result<Compiled, Failure> {
        let (_, compiled) = self.project.load(self.inputs())?;
        self.show(&compiled.diagnostics, &compiled.sources)?;
        eprint!("{}", concise(&of_compose(&compiled), &compiled.sources));
        Ok(compiled)
    }

    /// Compiles and hands out the plan.
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        Ok(self.plan_and_spec()?.0)
    }

    /// Compiles and hands out the plan, with the spec that it was made from.
    pub(crate) fn plan_and_spec(&self) -> Result<(Plan, Spec), Failure> {
        let Compiled { plan, spec, .. } = self.compile()?;
        let plan =
            plan.ok_or_else(|| Failure::new(Exit::Bug, "a compile without errors made no plan"))?;
        Ok((plan, spec))
    }

    /// The stack without anything in it: enough to ask a target about it, even where the spec is
    /// broken.
    pub(crate) fn stack(&self) -> Result<Plan, Failure> {
        let (_, compiled) = self.project.load(self.inputs())?;
        let spec = &compiled.spec;
        if spec.project.is_empty() {
            self.show(&compiled.diagnostics, &compiled.sources)?;
            return Err(Failure::new(Exit::Failed, "the project has no name"));
        }
        Ok(Plan::empty(&spec.project, spec.environment.as_deref()))
    }

    /// All that is left of what was applied.
    pub(crate) fn journal(&self) -> Result<Journal, Failure> {
        let target = self.connect(&self.stack()?)?;
        let home = target.home.as_ref();
        Ok(target.runtime.block_on(Journal::read(home))?)
    }

    /// Errors are shown and end the command; warnings belong to `check`.
    pub(crate) fn show(
        &self,
        diagnostics: &[Diagnostic],
        sources: &Sources,
    ) -> Result<(), Failure> {
        let errors: Vec<Diagnostic> = diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error)
            .cloned()
            .collect();
        if errors.is_empty() {
            return Ok(());
        }
        eprint!("{}", human(&errors, sources, self.err));
        let count = crate::output::changes::count(errors.len() as u64, "error");
        Err(Failure::new(
            Exit::Failed,
            format!("{count} in the project, so there is no plan"),
        )
        .help("`skep check` shows all of it, `skep explain CODE` says more"))
    }
}

/// The project that a command is about.
fn project(global: &Global) -> Result<Project, Failure> {
    if global.compose.is_empty() {
        return Ok(Project::find(&global.dir)?);
    }
    let files = global.compose.iter().map(|file| global.dir.join(file));
    Ok(Project::of_compose(&ComposeFiles {
        files: files.collect(),
        stack: global.stack.clone(),
        profiles: global.profile.iter().cloned().collect(),
        env_file: global.env_file.as_ref().map(|file| global.dir.join(file)),
    })?)
}

/// What of compose files is not quite in the plan: it shows with every plan, since nobody reads the KDL.
fn of_compose(compiled: &Compiled) -> Vec<Diagnostic> {
    let all = compiled.diagnostics.iter();
    let told = all.filter(|d| matches!(d.code, Code::NotInSwarm | Code::NearCompose));
    told.cloned().collect()
}

/// Writes data to standard output; a closed pipe ends quietly.
#[expect(
    clippy::disallowed_methods,
    reason = "nobody reads on: there is nothing left to do or to say"
)]
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(Failure::new(
            Exit::Failed,
            format!("standard output: {error}"),
        )),
    }
}

/// A value as JSON with a final line end.
pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("schema types are plain data");
    text.push('\n');
    text
}
