//! Edits that are tried out before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use similar::TextDiff;
use skep_compiler::source::{File, Inputs, SourceSet};
use skep_compiler::{Checked, Memory};
use skep_schema::diagnostic::{Diagnostic, Severity};
use skep_schema::span::Sources;

use crate::{Place, Project, ProjectError};

/// New texts for some files of a project, and what would be wrong with them.
#[derive(Debug)]
pub struct Draft {
    /// Each file as it is, and as it would be.
    pub texts: BTreeMap<String, (String, String)>,
    /// Errors that are not there now.
    pub errors: Vec<Diagnostic>,
    /// The texts that the places of errors are in.
    pub sources: Sources,
}

impl Draft {
    /// What changes in each file, as unified diffs.
    pub fn differences(&self) -> BTreeMap<String, String> {
        let texts = self.texts.iter();
        texts
            .map(|(file, (before, after))| (file.clone(), difference(file, before, after)))
            .collect()
    }
}

/// What changes in a file, as a unified diff.
pub fn difference(name: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(name, name)
        .to_string()
}

impl Project {
    /// Checks all environments of what `after` makes of the files of `before`, which is left as it is.
    ///
    /// # Errors
    /// As for [`Project::load`].
    pub fn draft(
        &self,
        before: &SourceSet,
        after: &SourceSet,
        inputs: Inputs,
    ) -> Result<Draft, ProjectError> {
        self.place().draft(before, after, inputs)
    }

    /// Writes a draft, each file whole or not at all.
    ///
    /// # Errors
    /// Somebody else changed a file meanwhile, or it cannot be written; those before it are.
    pub fn write_draft(&self, draft: &Draft) -> Result<(), ProjectError> {
        let mut texts = draft.texts.iter();
        texts.try_for_each(|(file, (before, after))| self.rewrite(file, before, after))
    }
}

impl Place<'_> {
    /// As [`Project::draft`], for whichever state of a project.
    pub(crate) fn draft(
        &self,
        before: &SourceSet,
        after: &SourceSet,
        inputs: Inputs,
    ) -> Result<Draft, ProjectError> {
        let start = self.start(Inputs {
            environment: None,
            ..inputs
        })?;
        let (mut set, known) = self.check(&mut Memory::default(), start)?;
        let known: BTreeSet<_> = errors(&known).map(identity).collect();
        let texts = changed(before, after);
        for (file, (_, text)) in &texts {
            let bytes = File::Bytes(text.as_bytes().into());
            set.files.insert(file.clone(), bytes);
        }
        let (_, checked) = self.check(&mut Memory::default(), set)?;
        let new = errors(&checked).filter(|d| !known.contains(&identity(d)));
        Ok(Draft {
            texts,
            errors: new.cloned().collect(),
            sources: checked.sources,
        })
    }
}

fn changed(before: &SourceSet, after: &SourceSet) -> BTreeMap<String, (String, String)> {
    let files = after.files.keys();
    let differs = files.filter_map(|file| {
        let (old, new) = (before.text(file)?, after.text(file)?);
        (old != new).then(|| (file.clone(), (old.to_owned(), new.to_owned())))
    });
    differs.collect()
}

fn errors(checked: &Checked) -> impl Iterator<Item = &Diagnostic> {
    let all = checked.diagnostics.iter();
    all.filter(|d| d.severity == Severity::Error)
}

/// What an error is known by when lines have moved.
fn identity(of: &Diagnostic) -> (&'static str, String) {
    (of.code.as_str(), of.message.clone())
}
