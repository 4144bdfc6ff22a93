//! What the daemon is told in its file: which stacks, from where, when, for whom.
//!
//! [`skep_schema::daemon`] declares the file and the compiler's reader reads it; here its values get the
//! form in which the daemon uses them, and what contradicts itself is refused. Files that hold secrets
//! are named, and read by those who use them.

mod channels;
mod check;
mod stack;
mod store;
mod times;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use skep_compiler::settings;
use skep_schema::api::access::{Grant, Scope};
use skep_schema::api::subject::IssuerUrl;
use skep_schema::daemon::{ApplyPolicy, DriftPolicy, MailServer, NoticeKind, Root};
use skep_schema::diagnostic::Diagnostic;
use skep_schema::module::ModuleName;
use skep_schema::span::Sources;
use skep_schema::spec::WebhookForm;

pub(crate) use times::{Schedule, Windows};

/// Everything that the daemon is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder of copies of repositories, and of the store unless that is elsewhere.
    pub(crate) state: PathBuf,
    /// The database that has the store.
    pub(crate) postgres: Option<Postgres>,
    /// How long records of the audit are kept, if not for ever.
    pub(crate) keep_audit: Option<Duration>,
    pub(crate) listen: Vec<Listen>,
    /// By their names, `shop@prod`.
    pub(crate) stacks: BTreeMap<String, Stack>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) issuers: Vec<Issuer>,
    /// By their names.
    pub(crate) channels: BTreeMap<String, Channel>,
}

/// A database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Postgres {
    /// Without a password.
    pub(crate) url: String,
    /// The file with the password.
    pub(crate) password: Option<PathBuf>,
    pub(crate) ca: Option<PathBuf>,
}

/// A place where the daemon is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Listen {
    Unix {
        path: PathBuf,
        /// Whose members may connect, beside its owner.
        group: Option<String>,
    },
    Tls {
        at: SocketAddr,
        certificate: PathBuf,
        key: PathBuf,
        /// Authorities whose certificates clients may show.
        clients: Option<PathBuf>,
        /// Names that requests may be addressed to, in lower case; never empty.
        hosts: Vec<String>,
    },
}

/// A project in one environment.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    pub(crate) project: String,
    pub(crate) environment: Option<String>,
    pub(crate) source: Source,
    pub(crate) params: BTreeMap<String, String>,
    /// Folders in which values of secrets lie, the first that has one counts.
    pub(crate) secrets: Vec<PathBuf>,
    pub(crate) apply: ApplyPolicy,
    pub(crate) drift: DriftPolicy,
    /// Between two full looks.
    pub(crate) every: Duration,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) windows: Windows,
    pub(crate) target: Target,
}

/// Where a stack's plan comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Directory(PathBuf),
    Git(GitSource),
    /// Plans that are sent by the API.
    Pushed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GitSource {
    /// The repository, the branch, tag or commit, and the project's folder.
    pub(crate) module: ModuleName,
    /// Between two times it is asked.
    pub(crate) every: Duration,
    pub(crate) webhook: Option<Webhook>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Webhook {
    pub(crate) form: WebhookForm,
    /// A secret a line.
    pub(crate) secrets: PathBuf,
}

/// Where a stack lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// As docker's own command line chooses an engine.
    Swarm {
        host: Option<String>,
        context: Option<String>,
    },
    /// A model swarm in a file.
    Model(PathBuf),
}

/// Somebody whose tokens are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issuer {
    pub(crate) url: IssuerUrl,
    pub(crate) audience: String,
    /// The claim that lists groups.
    pub(crate) groups: Option<String>,
    /// Authorities beside those of this machine.
    pub(crate) ca: Option<PathBuf>,
}

/// A way to tell people what happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Channel {
    pub(crate) way: Way,
    pub(crate) on: Vec<NoticeKind>,
    pub(crate) stacks: Vec<Scope>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Webhook {
        url: Address,
        /// A file with the secret that calls are signed with.
        secret: Option<PathBuf>,
        ca: Option<PathBuf>,
    },
    Ntfy {
        /// Server and topic.
        url: String,
        /// A file with the token to send with.
        token: Option<PathBuf>,
        ca: Option<PathBuf>,
    },
    Smtp {
        server: MailServer,
        from: String,
        /// Never empty.
        to: Vec<String>,
        login: Option<MailLogin>,
        ca: Option<PathBuf>,
    },
}

/// An address that calls go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Url(String),
    /// A file with the address, which is a secret itself.
    InFile(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MailLogin {
    pub(crate) user: String,
    /// A file with the password.
    pub(crate) password: PathBuf,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("cannot read {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Mend what the diagnostics say.
    #[error("the settings have mistakes")]
    Wrong {
        sources: Box<Sources>,
        diagnostics: Vec<Diagnostic>,
    },
}

impl Settings {
    /// Reads the daemon's file.
    ///
    /// # Errors
    /// It cannot be read, or something in it is wrong.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let unreadable = |source| SettingsError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::of(&path.display().to_string(), &text)
    }

    /// The first socket that it is listened at.
    pub fn socket(&self) -> Option<&Path> {
        self.listen.iter().find_map(|listen| match listen {
            Listen::Unix { path, .. } => Some(path.as_path()),
            Listen::Tls { .. } => None,
        })
    }

    /// The number of stacks.
    pub fn count(&self) -> u64 {
        self.stacks.len() as u64
    }

    /// The settings that a text holds, which is called `path` where mistakes are told.
    ///
    /// # Errors
    /// Something in it is wrong.
    pub fn of(path: &str, text: &str) -> Result<Self, SettingsError> {
        let read = settings::read::<Root>(path, text);
        let mut diagnostics = read.diagnostics;
        let settings = read
            .value
            .and_then(|root| check::settings(&root, &mut diagnostics));
        Diagnostic::sort(&mut diagnostics);
        settings.ok_or(SettingsError::Wrong {
            sources: Box::new(read.sources),
            diagnostics,
        })
    }
}

#[cfg(test)]
mod tests;
