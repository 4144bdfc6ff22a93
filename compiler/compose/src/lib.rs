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

use skep_compiler::source::File;
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

/// The variables of a file such as `.env`, in docker's reading: `KEY=value` lines, quotes around
/// values, comments behind `#`.
#[must_use]
pub fn variables(text: &str) -> BTreeMap<String, String> {
    load::variables(text)
}
