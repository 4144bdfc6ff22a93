//! Compose and stack files in, a project in KDL out, with what became of every key.
//!
//! The phases, in the order in which they always run:
//!
//! 1. `yaml`: texts become trees with places, without aliases.
//! 2. `variables`: each `$X` becomes a letter of its own, which a text can hold like any other.
//! 3. `load`: included files, several files, and services that extend others become one tree.
//! 4. `project`, `service`: keys become nodes of KDL; what cannot be said is found and told.
//! 5. `settle`: the compiler reads the project; what it refuses becomes a comment.
//!
//! Nothing here reads a file: what is missing is named in [`Imported::wanted`], and whoever has the
//! disk reads it and imports again, as with [`skep_compiler::compile`].
mod cx;
mod derived;
mod kdl;
mod load;
mod names;
mod path;
mod project;
mod routes;
mod secret;
mod service;
mod settle;
mod variables;
mod words;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use skep_compiler::source::{Derived, File, Hidden};
use skep_schema::diagnostic::Diagnostic;
use skep_schema::import::ImportReport;
use skep_schema::span::{Sources, Span};

/// What is to be imported. Paths are relative to the project, which is the folder of the first file;
/// they may lead out of it, and may be absolute.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The stack's name; without one the file's own `name`, or else `fallback`.
    pub stack: Option<String>,
    /// The name of a stack that is named nowhere.
    pub fallback: String,
    /// Compose files, each laid over the ones before it.
    pub compose: Vec<String>,
    /// All that was read so far.
    pub files: BTreeMap<String, File>,
    /// Variables with a value, from `.env` or another file.
    pub variables: BTreeMap<String, String>,
    pub profiles: BTreeSet<String>,
    /// Add the lines that take a running stack over.
    pub adopt: bool,
    /// Turn labels for proxies into routes.
    pub routes: bool,
    pub purpose: Purpose,
}

/// What the text is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Purpose {
    /// A person keeps it: what the compiler refuses becomes a comment.
    #[default]
    Keep,
    /// It is compiled in the place of the files, as a whole project. Binds begin at this folder, as
    /// docker has it.
    Project { folder: Option<String> },
    /// It is compiled in the place of the files, as part of the project that the request names.
    Part,
}

impl Purpose {
    /// Whether the files stay what people read and edit.
    const fn is_source(&self) -> bool {
        match self {
            Self::Keep => false,
            Self::Project { .. } | Self::Part => true,
        }
    }
}

/// A project made of compose files, as far as they could be read.
#[derive(Debug)]
pub struct Imported {
    /// The text of `skep.kdl`; empty as long as something is wanted, and where the files are refused.
    pub text: String,
    /// For each line of the text, where in the YAML it comes from.
    pub lines: Vec<Option<Span>>,
    /// Every text that the lines and the report may point into.
    pub sources: Sources,
    pub report: ImportReport,
    /// The report's findings that are not exact, and its refusals, with their places in the sources.
    pub said: Vec<Diagnostic>,
    /// Values that stand in the files in clear, by the variable that brings each when a plan is applied.
    pub values: BTreeMap<String, Hidden>,
    /// Where such values stand.
    pub in_clear: Vec<Span>,
    /// What the compiler says of the text, in order of place.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into.
    pub compiled: Sources,
    /// Files that have to be read before the result means anything.
    pub wanted: BTreeSet<String>,
}

/// Imports compose files. Never fails: what is wrong is in the report.
#[must_use]
pub fn import(request: &Request) -> Imported {
    project::import(request)
}

/// Makes the spec that stands for compose files where a project is compiled; the paths it still wants
/// where it is not finished.
///
/// # Errors
/// These files have to be read first.
pub fn derive(request: &Request) -> Result<Derived, BTreeSet<String>> {
    let imported = import(request);
    if imported.wanted.is_empty() {
        Ok(derived::derived(request, imported))
    } else {
        Err(imported.wanted)
    }
}

/// The variables of a file such as `.env`, in docker's reading: `KEY=value` lines, quotes around
/// values, comments behind `#`.
#[must_use]
pub fn variables(text: &str) -> BTreeMap<String, String> {
    load::variables(text)
}
