//! Why a command could not do its work: what happened, what to do, and the exit code.

use std::fmt;

use skep_engine::provider::ProviderError;
use skep_project::ProjectError;
use skep_providers::model::StoreError;

use crate::exit::Exit;

/// What to do about a swarm that cannot decide.
const LEADERLESS: &str = "start the managers that are missing, or mend the network between them; what runs goes on \
     meanwhile. If they are lost for good, `docker swarm init --force-new-cluster` on one that is left";

/// Shown as `error: ..` and `help: ..`.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            help: None,
        }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// An error with all that it comes down to.
    pub(crate) fn of(exit: Exit, error: &dyn std::error::Error) -> Self {
        Self::new(exit, chain(error))
    }

    /// A file that could not be read or written.
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Exit::Failed, format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        self.help
            .as_ref()
            .map_or(Ok(()), |help| write!(f, "\n help: {help}"))
    }
}

impl From<ProjectError> for Failure {
    fn from(error: ProjectError) -> Self {
        let (exit, help) = match &error {
            ProjectError::Unfetched { .. } => (
                Exit::Unreachable,
                "git asks nobody for a login: private repositories are asked by ssh, with its keys",
            ),
            ProjectError::Slow { .. } => (Exit::Unreachable, ""),
            ProjectError::CommitGone { .. } => (
                Exit::Failed,
                "find out why its history was rewritten; `skep lock --update` takes what is there now",
            ),
            ProjectError::OtherContent { .. } => (
                Exit::Failed,
                "restore the line of skep.lock, or take it out to pin the module anew",
            ),
            ProjectError::RepositoryTooLarge { .. } => (
                Exit::Failed,
                "copy the folder that is wanted into the project, and import it as ./FOLDER",
            ),
            ProjectError::None { .. }
            | ProjectError::Unreadable { .. }
            | ProjectError::Unwritable { .. }
            | ProjectError::Changed { .. }
            | ProjectError::TooManyFiles { .. }
            | ProjectError::NoGit(_)
            | ProjectError::NoRepository { .. }
            | ProjectError::NoRevision { .. }
            | ProjectError::Git { .. }
            | ProjectError::NoCache
            | ProjectError::NoSuchRev { .. }
            | ProjectError::ModuleTooLarge { .. } => (Exit::Failed, ""),
        };
        Self {
            exit,
            message: chain(&error),
            help: (!help.is_empty()).then(|| help.to_owned()),
        }
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let exit = match &error {
            ProviderError::Unreachable { .. } | ProviderError::Leaderless { .. } => {
                Exit::Unreachable
            }
            ProviderError::Conflict { .. } => Exit::Stale,
            ProviderError::Rejected { .. } => Exit::Failed,
            ProviderError::Denied { .. } => Exit::Denied,
        };
        let failure = Self::new(exit, chain(&error));
        match error {
            ProviderError::Unreachable { .. } => {
                failure.help("to try things out without Docker: --target model")
            }
            ProviderError::Leaderless { .. } => failure.help(LEADERLESS),
            ProviderError::Conflict { .. }
            | ProviderError::Rejected { .. }
            | ProviderError::Denied { .. } => failure,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Exit::Unreachable, chain(&error))
    }
}

/// An error and what caused it, once each.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
