//! What all phases share: the sources, what was found wrong, and what was missed.

use std::collections::BTreeSet;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::Decoder;
use skep_schema::span::{Sources, Span};

use crate::source::{File, Inputs, SourceSet, Wanted};

/// Handed from phase to phase.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    set: &'a SourceSet,
    /// Every text a span may point into.
    pub(crate) sources: Sources,
    /// Diagnostics of all phases; typed values are read through this.
    pub(crate) decoder: Decoder,
    pub(crate) wanted: BTreeSet<Wanted>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(set: &'a SourceSet) -> Self {
        Self { set, sources: Sources::default(), decoder: Decoder::default(), wanted: BTreeSet::new() }
    }

    pub(crate) fn inputs(&self) -> &'a Inputs {
        &self.set.inputs
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.decoder.report(diagnostic);
    }

    /// The bytes of a project file named at `span`; wanted, or reported, when they are not there.
    pub(crate) fn read(&mut self, path: &str, span: Span) -> Option<&'a [u8]> {
        match self.set.files.get(path) {
            Some(File::Bytes(bytes)) => Some(bytes),
            Some(File::Absent) => {
                let message = format!("there is no file `{path}` in the project");
                self.report(
                    Diagnostic::new(Code::NoSuchFile, span, message)
                        .help("paths are relative to the folder of skep.kdl"),
                );
                None
            }
            Some(File::Unreadable(why)) => {
                self.report(Diagnostic::new(Code::NoSuchFile, span, format!("`{path}` cannot be read: {why}")));
                None
            }
            None => {
                self.wanted.insert(Wanted::File(path.to_owned()));
                None
            }
        }
    }

    /// The files that match a pattern of `include`; nothing while they are still wanted.
    pub(crate) fn glob(&mut self, pattern: &str) -> Option<&'a [String]> {
        let found = self.set.globs.get(pattern);
        if found.is_none() {
            self.wanted.insert(Wanted::Glob(pattern.to_owned()));
        }
        found.map(Vec::as_slice)
    }
}
