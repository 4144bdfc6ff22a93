//! A patch of a node that is tried out on the spec as a stack's source has it. Nothing is written unless
//! that is asked for, and then only into folders.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use skep_compiler::Compiled;
use skep_compiler::edit::{Refusal, Wish, Written, merge, unknown, wishes};
use skep_compiler::source::{Inputs, SourceSet};
use skep_project::{Draft, Mirror, Project, ProjectError};
use skep_schema::address::Address;
use skep_schema::diagnostic::Located;
use skep_schema::module::CommitId;
use skep_schema::plan::Plan;

use super::directory::project_in;
use super::git::copy_of;
use super::{SourceError, Wanted, whole};
use crate::settings::{Source, Stack};

/// What somebody wants to be another way.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) address: Address,
    /// A JSON merge patch.
    pub(crate) patch: Value,
    /// Which of several places, as `FILE:LINE`.
    pub(crate) at: Option<String>,
}

/// Why there is no attempt.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttemptError {
    #[error("its plan is compiled elsewhere")]
    Pushed,
    #[error("the project is in a repository, which is not written to")]
    Committed,
    #[error("nothing of its repository is here yet")]
    Unfetched,
    #[error("the project has no `{0}`")]
    NoNode(Address),
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("the project would be wrong")]
    Faults(Vec<Located>),
    /// Somebody else was faster.
    #[error("{0}")]
    Changed(String),
    #[error(transparent)]
    Source(SourceError),
}

impl From<ProjectError> for AttemptError {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::Changed { .. } => Self::Changed(whole(&error)),
            error => Self::Source(error.into()),
        }
    }
}

impl From<SourceError> for AttemptError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Wrong(found) => Self::Faults(found),
            SourceError::Unreadable(_)
            | SourceError::Empty
            | SourceError::OtherStack { .. }
            | SourceError::NoProject(_)
            | SourceError::GaveUp(_) => Self::Source(error),
        }
    }
}

/// A patch that was tried out, and is right.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// What the patched project comes to.
    pub(crate) plan: Arc<Plan>,
    draft: Draft,
    spec: Spec,
}

impl Attempt {
    /// Compiles what the patch would make of a stack's project. This takes as long as a compile.
    pub(crate) fn of(
        stack: &Stack,
        name: &str,
        state: &Path,
        asked: &Asked,
    ) -> Result<Self, AttemptError> {
        let spec = Spec::of(&stack.source, name, state)?;
        let wanted = Wanted::of(stack, name);
        let (before, _) = spec.load(wanted.inputs.clone())?;
        let after = patched(&before, asked)?;
        let draft = spec.draft(&before, &after, wanted.inputs.clone())?;
        if !draft.errors.is_empty() {
            let errors = draft.errors.iter();
            let located = errors.map(|error| error.locate(&draft.sources));
            return Err(AttemptError::Faults(located.collect()));
        }
        let plan = wanted.plan(spec.compile(after)?)?;
        Ok(Self { plan, draft, spec })
    }

    /// Unified diffs of the files that change.
    pub(crate) fn differences(&self) -> BTreeMap<String, String> {
        self.draft.differences()
    }

    /// Writes the files, each whole or not at all, if they are still what they were.
    pub(crate) fn write(&self) -> Result<(), AttemptError> {
        match &self.spec {
            Spec::Folder(project) => Ok(project.write_draft(&self.draft)?),
            Spec::Commit(..) => Err(AttemptError::Committed),
        }
    }
}

fn patched(before: &SourceSet, asked: &Asked) -> Result<SourceSet, AttemptError> {
    let wishes = wishes(&asked.address, &asked.patch)?;
    let written = Written::of(before);
    if written.node(&asked.address).is_none() {
        return Err(AttemptError::NoNode(asked.address.clone()));
    }
    let unknown = |wish: &Wish| unknown(&written, &wish.of);
    let faults: Vec<Located> = wishes
        .iter()
        .filter_map(unknown)
        .map(|found| found.locate(&written.sources))
        .collect();
    if !faults.is_empty() {
        return Err(AttemptError::Faults(faults));
    }
    Ok(merge(before, &wishes, asked.at.as_deref())?)
}

/// A project as its source has it.
#[derive(Debug)]
enum Spec {
    /// In a folder.
    Folder(Project),
    /// At the commit that was fetched last.
    Commit(Mirror, CommitId),
}

impl Spec {
    fn of(source: &Source, stack: &str, state: &Path) -> Result<Self, AttemptError> {
        match source {
            Source::Directory(folder) => Ok(Self::Folder(project_in(folder)?)),
            Source::Git(git) => {
                let found = Mirror::found(&copy_of(stack, state), git.module.clone())?;
                let mirror = found.ok_or(AttemptError::Unfetched)?;
                let commit = mirror.followed()?.ok_or(AttemptError::Unfetched)?;
                Ok(Self::Commit(mirror, commit))
            }
            Source::Pushed => Err(AttemptError::Pushed),
        }
    }

    fn load(&self, inputs: Inputs) -> Result<(SourceSet, Compiled), ProjectError> {
        match self {
            Self::Folder(project) => project.load(inputs),
            Self::Commit(mirror, commit) => mirror.load(commit, inputs),
        }
    }

    fn draft(
        &self,
        before: &SourceSet,
        after: &SourceSet,
        inputs: Inputs,
    ) -> Result<Draft, ProjectError> {
        match self {
            Self::Folder(project) => project.draft(before, after, inputs),
            Self::Commit(mirror, commit) => mirror.draft(commit, before, after, inputs),
        }
    }

    fn compile(&self, set: SourceSet) -> Result<Compiled, ProjectError> {
        let compiled = match self {
            Self::Folder(project) => project.compile_again(set),
            Self::Commit(mirror, commit) => mirror.compile_again(commit, set),
        };
        Ok(compiled?.1)
    }
}
