//! A repository that is followed: a bare copy of one of its branches, kept on this machine.
//!
//! Asking is cheap and fetching happens only when something moved. A name means a branch before it means
//! a tag, so that nobody who may push tags alone can put one in a branch's place.

use std::path::{Path, PathBuf};

use skep_compiler::Compiled;
use skep_compiler::source::{Inputs, SourceSet};
use skep_schema::module::{CommitId, ModuleName};

use crate::error::ProjectError;
use crate::files::Files;
use crate::git::{self, Revision};
use crate::online::{self, Limits};
use crate::{Draft, Place};

/// How what was fetched is called in the copy.
const FOLLOWED: &str = "refs/skep/followed";

/// A copy with more than this is thrown away and made anew, in bytes: git is never let tidy up by itself.
const LARGE: u64 = Limits::OF_A_FETCH.size() / 2;

/// A bare copy of what is followed in a repository.
#[derive(Clone, Debug)]
pub struct Mirror {
    folder: PathBuf,
    name: ModuleName,
}

/// How a commit came after another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// It is built on it.
    Ahead,
    /// It is not: history was rewritten.
    Rewritten,
    /// The other one is not in the copy, which holds no more history than it needs.
    Unknown,
}

impl Mirror {
    /// The copy in a folder, which is made where there is none.
    ///
    /// # Errors
    /// The folder cannot be made, or there is no git.
    pub fn open(folder: &Path, name: ModuleName) -> Result<Self, ProjectError> {
        let mirror = Self {
            folder: folder.to_owned(),
            name,
        };
        if !mirror.is_whole()? || online::size(folder) > LARGE {
            mirror.begin()?;
        }
        Ok(mirror)
    }

    /// The copy in a folder as it is; nothing where there is none yet. It is left alone whatever it is.
    ///
    /// # Errors
    /// There is no git.
    pub fn found(folder: &Path, name: ModuleName) -> Result<Option<Self>, ProjectError> {
        let mirror = Self {
            folder: folder.to_owned(),
            name,
        };
        Ok(mirror.is_whole()?.then_some(mirror))
    }

    /// What is followed.
    pub const fn name(&self) -> &ModuleName {
        &self.name
    }

    /// Forgets everything, so that the next fetch begins anew: for a copy that cannot be read.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn begin(&self) -> Result<(), ProjectError> {
        let unwritable = |source| ProjectError::Unwritable {
            path: self.folder.clone(),
            source,
        };
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(unwritable(error));
            }
            Ok(()) | Err(_) => {}
        }
        std::fs::create_dir_all(&self.folder).map_err(unwritable)?;
        let args = ["init", "--quiet", "--bare", "--template=", "."];
        let made = git::run(&self.folder, &args, 0)?;
        made.map(drop).map_err(|said| ProjectError::NoRepository {
            root: self.folder.clone(),
            said,
        })
    }

    /// Whether the folder is a repository by itself, and not part of one around it.
    fn is_whole(&self) -> Result<bool, ProjectError> {
        if !self.folder.join("HEAD").is_file() {
            return Ok(false);
        }
        let told = git::run(&self.folder, &["rev-parse", "--git-dir"], 100)?;
        Ok(told.is_ok_and(|folder| folder.trim_ascii() == b"."))
    }

    /// The commit that is followed now, by asking its repository. Nothing is fetched.
    ///
    /// # Errors
    /// It cannot be asked, or has no such branch, tag or commit any more.
    pub fn ask(&self) -> Result<CommitId, ProjectError> {
        if let Some(commit) = CommitId::parse(self.name.rev()) {
            return Ok(commit);
        }
        Ok(self.find()?.1)
    }

    /// The whole name of what is followed in its repository, and what it means.
    fn find(&self) -> Result<(String, CommitId), ProjectError> {
        let rev = self.name.rev();
        let [branch, tag] = [format!("refs/heads/{rev}"), format!("refs/tags/{rev}")];
        let peeled = format!("{tag}^{{}}");
        let args = [
            "ls-remote",
            "--quiet",
            "--end-of-options",
            self.name.repository(),
        ];
        let args = [&args[..], &[&branch, &tag, &peeled]].concat();
        let told = online::run(&self.folder, &args, &self.name, Limits::OF_A_QUESTION)?;
        let told = told.map_err(|said| self.unfetched(said))?;
        let told = String::from_utf8_lossy(&told);
        let named = |wanted: &str| {
            let mut lines = told.lines().filter_map(|line| line.split_once('\t'));
            let (id, _) = lines.find(|(_, name)| *name == wanted)?;
            CommitId::parse(id)
        };
        let found = named(&branch).map(|id| (branch.clone(), id));
        let found = found.or_else(|| {
            let id = named(&peeled).or_else(|| named(&tag))?;
            Some((tag.clone(), id))
        });
        found.ok_or_else(|| ProjectError::NoSuchRev {
            module: self.name.to_string(),
        })
    }

    /// Fetches what is followed. The commit may be a later one than an [`Mirror::ask`] before it told.
    ///
    /// # Errors
    /// It cannot be fetched within the limits of time and size, or is not there any more.
    pub fn fetch(&self) -> Result<CommitId, ProjectError> {
        let rev = match CommitId::parse(self.name.rev()) {
            Some(commit) => commit.to_string(),
            None => self.find()?.0,
        };
        let refspec = format!("+{rev}:{FOLLOWED}");
        // History grows from what was fetched first, and tells whether it is rewritten.
        let first = self.followed()?.is_none();
        let mut args = vec!["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"];
        args.extend(first.then_some("--depth=1"));
        args.extend(["--no-write-fetch-head", "--end-of-options"]);
        args.extend([self.name.repository(), &refspec]);
        let fetched = online::run(&self.folder, &args, &self.name, Limits::OF_A_FETCH)?;
        fetched.map_err(|said| self.unfetched(said))?;
        self.followed()?.ok_or_else(|| ProjectError::NoSuchRev {
            module: self.name.to_string(),
        })
    }

    /// What was fetched last, if anything was.
    ///
    /// # Errors
    /// There is no git.
    pub fn followed(&self) -> Result<Option<CommitId>, ProjectError> {
        let asked = format!("{FOLLOWED}^{{commit}}");
        let id = git::run(
            &self.folder,
            &["rev-parse", "--verify", "--quiet", &asked],
            100,
        )?;
        let id = id.ok().and_then(|id| String::from_utf8(id).ok());
        Ok(id.and_then(|id| CommitId::parse(id.trim())))
    }

    fn unfetched(&self, said: String) -> ProjectError {
        ProjectError::Unfetched {
            module: self.name.to_string(),
            said,
        }
    }

    /// How one commit came after another.
    ///
    /// # Errors
    /// There is no git.
    pub fn since(&self, before: &CommitId, now: &CommitId) -> Result<Since, ProjectError> {
        let (before, now) = (before.as_str(), now.as_str());
        let there = format!("{before}^{{commit}}");
        if git::run(&self.folder, &["cat-file", "-e", &there], 0)?.is_err() {
            return Ok(Since::Unknown);
        }
        let words = ["merge-base", "--is-ancestor", before, now];
        Ok(match git::run(&self.folder, &words, 0)? {
            Ok(_) => Since::Ahead,
            Err(_) => Since::Rewritten,
        })
    }

    /// Compiles the project as it is at a commit that was fetched.
    ///
    /// # Errors
    /// The copy cannot be read.
    pub fn compile(&self, commit: &CommitId, inputs: Inputs) -> Result<Compiled, ProjectError> {
        Ok(self.load(commit, inputs)?.1)
    }

    /// Reads and compiles the project as it is at a commit that was fetched.
    ///
    /// # Errors
    /// The copy cannot be read.
    pub fn load(
        &self,
        commit: &CommitId,
        inputs: Inputs,
    ) -> Result<(SourceSet, Compiled), ProjectError> {
        self.at(commit)?.compile(inputs)
    }

    /// Compiles sources of a commit that were read before and changed since.
    ///
    /// # Errors
    /// The copy cannot be read.
    pub fn compile_again(
        &self,
        commit: &CommitId,
        set: SourceSet,
    ) -> Result<(SourceSet, Compiled), ProjectError> {
        self.at(commit)?.compile_set(set)
    }

    /// As [`crate::Project::draft`], for the files of a commit.
    ///
    /// # Errors
    /// The copy cannot be read.
    pub fn draft(
        &self,
        commit: &CommitId,
        before: &SourceSet,
        after: &SourceSet,
        inputs: Inputs,
    ) -> Result<Draft, ProjectError> {
        self.at(commit)?.draft(before, after, inputs)
    }

    /// Fetches what the lock file of a commit pins and this machine lacks. Whether that was anything.
    ///
    /// # Errors
    /// It cannot be fetched, or is not what was pinned.
    pub fn fetch_pinned(&self, commit: &CommitId, inputs: Inputs) -> Result<bool, ProjectError> {
        let place = self.at(commit)?;
        place.fetch_pinned(place.start(inputs)?)
    }

    fn at(&self, commit: &CommitId) -> Result<Place<'static>, ProjectError> {
        let folder = self.name.folder();
        let revision = Revision::in_bare(&self.folder, commit.as_str(), folder)?;
        Ok(Place {
            files: Files::Revision(revision),
            compose: None,
        })
    }
}
