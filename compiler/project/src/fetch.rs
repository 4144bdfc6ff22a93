//! Modules from where they are kept: the only part of Skep's reading that uses the network, and only
//! when `skep lock` asks for it.

use std::path::PathBuf;

use skep_schema::module::{CommitId, ModuleName, Pin, Tree};

use crate::cache::{Cache, MAX_MODULE};
use crate::error::ProjectError;
use crate::git::{self, BlobKind};
use crate::online::{Limits, run};

/// The most files a module may have.
const MAX_FILES: usize = 2_000;

/// How a fetched name is called in the repository that is made for it.
const FETCHED: &str = "refs/skep/asked";

/// A module as it was fetched, and kept on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub pin: Pin,
    /// What the name means now, where that is not what was pinned.
    pub moved: Option<CommitId>,
}

/// Which state of a module is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// What its name means now.
    Now,
    /// A commit, of which another folder is pinned.
    Commit(&'a CommitId),
    /// What the lock file says, and nothing else.
    Pinned(&'a Pin),
}

/// Fetches a module and keeps it on this machine. This uses the network; nothing else here does.
///
/// # Errors
/// The repository cannot be asked, or does not have it, or what it has is not what was pinned.
pub fn fetch(name: &ModuleName, asked: Asked<'_>) -> Result<Fetched, ProjectError> {
    let cache = Cache::of_user().ok_or(ProjectError::NoCache)?;
    let repository = Repository::make(cache.unique("fetch")?)?;
    let now = repository.fetch(name, name.rev());
    let wanted = match asked {
        Asked::Now => None,
        Asked::Commit(commit) => Some(commit),
        Asked::Pinned(pin) => Some(&pin.commit),
    };
    let (commit, moved) = match (now, wanted) {
        (Ok(now), Some(commit)) if now != *commit => {
            (repository.pinned(name, commit, Some(&now))?, Some(now))
        }
        (Ok(now), Some(_) | None) => (now, None),
        // The tag may be gone while its commit is still there.
        (Err(ProjectError::NoSuchRev { .. }), Some(commit)) => {
            (repository.pinned(name, commit, None)?, None)
        }
        (Err(error), Some(_) | None) => return Err(error),
    };
    let digest = cache.put(&repository.tree(name, &commit)?)?;
    match asked {
        Asked::Pinned(pin) if pin.digest != digest => Err(ProjectError::OtherContent {
            module: name.to_string(),
            commit: commit.short().to_owned(),
        }),
        Asked::Now | Asked::Commit(_) | Asked::Pinned(_) => Ok(Fetched {
            pin: Pin { commit, digest },
            moved,
        }),
    }
}

/// A bare repository that is gone with this value.
struct Repository {
    folder: PathBuf,
}

impl Drop for Repository {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

impl Repository {
    fn make(folder: PathBuf) -> Result<Self, ProjectError> {
        std::fs::create_dir(&folder).map_err(|source| ProjectError::Unwritable {
            path: folder.clone(),
            source,
        })?;
        let made = Self { folder };
        let args = ["init", "--quiet", "--bare", "--template=", "."];
        match git::run(&made.folder, &args, 0)? {
            Ok(_) => Ok(made),
            Err(said) => Err(ProjectError::NoRepository {
                root: made.folder.clone(),
                said,
            }),
        }
    }

    /// Fetches one commit, by a name or its id, with nothing of its history.
    fn fetch(&self, name: &ModuleName, rev: &str) -> Result<CommitId, ProjectError> {
        let spec = format!("+{rev}:{FETCHED}");
        let args = [
            "fetch",
            "--quiet",
            "--depth=1",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--end-of-options",
            name.repository(),
            &spec,
        ];
        run(&self.folder, &args, name, Limits::OF_A_FETCH)?.map_err(|said| {
            let module = name.to_string();
            if said.contains("couldn't find remote ref") || said.contains("not our ref") {
                ProjectError::NoSuchRev { module }
            } else {
                ProjectError::Unfetched { module, said }
            }
        })?;
        let asked = format!("{FETCHED}^{{commit}}");
        let id = git::run(&self.folder, &["rev-parse", "--verify", &asked], 100)?;
        let id = id.ok().and_then(|id| String::from_utf8(id).ok());
        id.and_then(|id| CommitId::parse(id.trim()))
            .ok_or_else(|| ProjectError::NoSuchRev {
                module: name.to_string(),
            })
    }

    /// Fetches the very commit that was pinned.
    fn pinned(
        &self,
        name: &ModuleName,
        commit: &CommitId,
        now: Option<&CommitId>,
    ) -> Result<CommitId, ProjectError> {
        match self.fetch(name, commit.as_str()) {
            Err(ProjectError::NoSuchRev { module } | ProjectError::Unfetched { module, .. }) => {
                Err(ProjectError::CommitGone {
                    module,
                    commit: commit.short().to_owned(),
                    now: now.map_or("gone as well".to_owned(), |now| {
                        format!("{} now", now.short())
                    }),
                })
            }
            other => other,
        }
    }

    /// The files of a commit's folder. Links, submodules and hidden files are left out.
    fn tree(&self, name: &ModuleName, commit: &CommitId) -> Result<Tree, ProjectError> {
        let folder = match name.folder() {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let hidden = |path: &str| path.split('/').any(|part| part.starts_with('.'));
        let listed = git::list(&self.folder, commit.as_str())?;
        let blobs = listed.iter().filter_map(|(path, blob)| {
            let path = path.strip_prefix(&folder)?;
            (blob.kind == BlobKind::File && !hidden(path)).then_some((path, blob))
        });
        let blobs: Vec<_> = blobs.collect();
        let size: u64 = blobs.iter().map(|(_, blob)| blob.size).sum();
        if blobs.len() > MAX_FILES || size > MAX_MODULE / 2 {
            return Err(ProjectError::ModuleTooLarge {
                module: name.to_string(),
                files: MAX_FILES,
                mib: MAX_MODULE >> 21,
            });
        }
        let mut tree = Tree::default();
        for (path, blob) in blobs {
            let bytes = git::blob(&self.folder, commit.as_str(), blob)?;
            tree.files.insert(path.to_owned(), bytes.into());
        }
        Ok(tree)
    }
}
