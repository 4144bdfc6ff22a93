//! Why a project could not be read.

use std::io;
use std::path::{Path, PathBuf};

/// What to do next is in each text.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    #[error("there is no skep.kdl in {} or above; `skep init` writes one", start.display())]
    None { start: PathBuf },
    #[error("cannot read {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot write {}", path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("somebody else changed {} in the meantime; run it again", path.display())]
    Changed { path: PathBuf },
    #[error("`{pattern}` looks at more than {limit} files; name a folder in it")]
    TooManyFiles { pattern: String, limit: usize },
    #[error("cannot run git, which is needed to read a revision")]
    NoGit(#[source] io::Error),
    #[error("{} is in no git repository that can be read: {said}", root.display())]
    NoRepository { root: PathBuf, said: String },
    #[error("there is no revision `{revision}`: {said}")]
    NoRevision { revision: String, said: String },
    #[error("git cannot read revision {commit}: {said}")]
    Git { commit: String, said: String },
    #[error("there is no place to keep modules in: set HOME or XDG_CACHE_HOME")]
    NoCache,
    #[error("`{module}` is not there: the repository has no such tag, branch or commit")]
    NoSuchRev { module: String },
    #[error("`{module}` cannot be fetched: {said}")]
    Unfetched { module: String, said: String },
    #[error("`{module}` was not fetched within {seconds} seconds")]
    Slow { module: String, seconds: u64 },
    #[error("the repository of `{module}` is larger than {mib} MiB")]
    RepositoryTooLarge { module: String, mib: u64 },
    #[error(
        "`{module}` was commit {commit}, which its repository does not give any more; its name is {now}"
    )]
    CommitGone {
        module: String,
        commit: String,
        now: String,
    },
    #[error("`{module}` is not what skep.lock says: other files in commit {commit}")]
    OtherContent { module: String, commit: String },
    #[error("`{module}` has more than {files} files or {mib} MiB; name a folder of it with `path`")]
    ModuleTooLarge {
        module: String,
        files: usize,
        mib: u64,
    },
}

impl ProjectError {
    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            source,
        }
    }
}
