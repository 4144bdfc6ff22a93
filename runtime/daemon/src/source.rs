//! Where the plan of a stack comes from.
//!
//! A source brings a whole plan or says why it has none. It never brings part of one: what cannot be
//! read, is wrong, declares nothing or is another project is an error, and the last good plan stays.

pub(crate) mod attempt;
mod directory;
mod ears;
mod git;

use std::error::Error as _;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use skep_compiler::Compiled;
use skep_compiler::source::Inputs;
use skep_engine::reconcile;
use skep_project::ProjectError;
use skep_schema::diagnostic::{Code, Located, Severity};
use skep_schema::event::Timestamp;
use skep_schema::module::CommitId;
use skep_schema::plan::Plan;
use tokio::sync::Notify;

use crate::main_loop::About;
use crate::settings::{Source, Stack};
use crate::stack::Voice;

/// What a stack shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Desired {
    pub(crate) plan: Arc<Plan>,
    pub(crate) origin: Origin,
}

/// Where a plan came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The folder, or the repository and what in it is followed.
    pub(crate) what: String,
    pub(crate) revision: Option<CommitId>,
    /// The commit that was followed before, where this one is not built on it.
    pub(crate) instead: Option<CommitId>,
    pub(crate) at: Timestamp,
}

/// Why a source brings no plan.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("{}", whole(.0))]
    Unreadable(#[from] ProjectError),
    #[error("the project has {} {}: {}", .0.len(), mistakes(.0.len()), shown(.0))]
    Wrong(Vec<Located>),
    #[error("the project declares nothing; `skep destroy` takes a stack away")]
    Empty,
    #[error("it brings {found}, and this is {wanted}")]
    OtherStack { found: String, wanted: String },
    #[error("there is no skep.kdl in {0}")]
    NoProject(String),
    /// A bug of the compiler's.
    #[error("the compiler gave up: {0}")]
    GaveUp(String),
}

impl SourceError {
    /// Whether another look may have another outcome though nothing was written.
    const fn may_pass(&self) -> bool {
        match self {
            Self::Unreadable(_) | Self::GaveUp(_) => true,
            Self::Wrong(_) | Self::Empty | Self::OtherStack { .. } | Self::NoProject(_) => false,
        }
    }
}

/// Mistakes that are shown in one line.
const SHOWN: usize = 3;

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            what,
            revision,
            instead,
            at: _,
        } = self;
        f.write_str(what)?;
        if let Some(revision) = revision {
            write!(f, " at {revision}")?;
        }
        if let Some(instead) = instead {
            write!(f, ", which rewrites {}", instead.short())?;
        }
        Ok(())
    }
}

/// Follows a stack's source for ever, and tells of every plan it brings and of each reason why it brings
/// none. Whoever knows that it has changed says so by `poke`. Pushed plans come by the API.
pub(crate) async fn follow(stack: Stack, state: &Path, voice: Voice, poke: Arc<Notify>) {
    let wanted = Wanted::of(&stack, &voice.stack);
    match stack.source {
        Source::Directory(folder) => directory::follow(folder, wanted, voice, &poke).await,
        Source::Git(source) => git::follow(source, state, wanted, voice, &poke).await,
        Source::Pushed => {}
    }
}

async fn tell(voice: &Voice, outcome: Result<Desired, SourceError>) {
    let desired = outcome.map(|desired| reconcile::Desired {
        plan: desired.plan,
        origin: desired.origin.to_string(),
    });
    let desired = desired.map_err(|error| error.to_string());
    voice.say(About::Desired(desired)).await;
}

/// What a source has to bring.
#[derive(Clone, Debug)]
struct Wanted {
    /// The name of the stack.
    stack: String,
    inputs: Inputs,
}

impl Wanted {
    fn of(stack: &Stack, name: &str) -> Self {
        Self {
            stack: name.to_owned(),
            inputs: Inputs {
                environment: stack.environment.clone(),
                params: stack.params.clone(),
                ..Inputs::default()
            },
        }
    }

    /// The plan of a compile that may be believed.
    fn plan(&self, compiled: Compiled) -> Result<Arc<Plan>, SourceError> {
        let is_error = |severity| severity == Severity::Error;
        let wrong = compiled.diagnostics.iter().filter(|d| is_error(d.severity));
        let wrong: Vec<Located> = wrong.map(|d| d.locate(&compiled.sources)).collect();
        let plan = match compiled.plan {
            Some(plan) if wrong.is_empty() => plan,
            Some(_) | None => return Err(SourceError::Wrong(wrong)),
        };
        if plan.stack != self.stack {
            return Err(SourceError::OtherStack {
                found: plan.stack,
                wanted: self.stack.clone(),
            });
        }
        if plan.nodes.is_empty() {
            return Err(SourceError::Empty);
        }
        Ok(Arc::new(plan))
    }
}

/// Whether a module is missing that the lock file pins, so that it only has to be fetched.
fn lacks_modules(compiled: &Compiled) -> bool {
    let mut codes = compiled.diagnostics.iter().map(|d| d.code);
    codes.any(|code| code == Code::ModuleAway)
}

/// An error with all that it comes down to.
fn whole(error: &ProjectError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

const fn mistakes(count: usize) -> &'static str {
    if count == 1 { "mistake" } else { "mistakes" }
}

fn shown(wrong: &[Located]) -> String {
    let lines = wrong.iter().take(SHOWN).map(|one| {
        let Located {
            file,
            line,
            code,
            message,
            ..
        } = one;
        format!("{file}:{line}: {code}: {message}")
    });
    let mut lines: Vec<String> = lines.collect();
    if wrong.len() > SHOWN {
        lines.push(format!("and {} more", wrong.len() - SHOWN));
    }
    lines.join("; ")
}

#[cfg(test)]
mod tests;
