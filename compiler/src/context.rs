//! What all phases share: the sources, what was found wrong, and what was missed.

mod root;

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::diagnostic::{Code, Diagnostic, Label};
use skep_schema::lang::Decoder;
use skep_schema::module::ModuleName;
use skep_schema::span::{FileId, Sources, Span};

use crate::lock::Lock;
use crate::neighbour::Interface;
use crate::source::{File, Inputs, SourceSet, Wanted};
pub(crate) use root::Root;

/// Handed from phase to phase.
#[derive(Clone, Debug)]
pub(crate) struct Context<'a> {
    set: &'a SourceSet,
    inputs: &'a Inputs,
    /// Every text a span may point into.
    pub(crate) sources: Sources,
    /// Diagnostics of all phases; typed values are read through this.
    pub(crate) decoder: Decoder,
    pub(crate) wanted: BTreeSet<Wanted>,
    /// What tags mean, where the project has a lock file that can be read.
    pub(crate) lock: Option<Lock>,
    /// The modules that imports lead to, as far as these could be followed.
    pub(crate) modules: BTreeSet<ModuleName>,
    /// What other projects let this one see, by the names they are imported under.
    pub(crate) neighbours: BTreeMap<String, Interface>,
    /// Where the texts that are not the project's own came from: what they name is looked for there.
    pub(crate) roots: BTreeMap<FileId, Root>,
    /// The names of nodes in which a value is unknown or was wrong: what is said of such a node as a
    /// whole may come from that.
    pub(crate) partial: BTreeSet<Span>,
    /// Whether a file or an import could not be had, which has been reported: what else is not
    /// there may stand in it.
    pub(crate) files_missing: bool,
    /// Whether nodes may be missing for that or another reason that was reported.
    pub(crate) nodes_missing: bool,
}

impl<'a> Context<'a> {
    pub(crate) fn new(set: &'a SourceSet) -> Self {
        Self {
            set,
            inputs: &set.inputs,
            sources: Sources::default(),
            decoder: Decoder::default(),
            wanted: BTreeSet::new(),
            lock: None,
            modules: BTreeSet::new(),
            neighbours: BTreeMap::new(),
            roots: BTreeMap::new(),
            partial: BTreeSet::new(),
            files_missing: false,
            nodes_missing: false,
        }
    }

    /// The same sources as they are now, for other inputs.
    pub(crate) fn with_inputs(&self, inputs: &'a Inputs) -> Self {
        Self {
            inputs,
            ..self.clone()
        }
    }

    pub(crate) const fn inputs(&self) -> &'a Inputs {
        self.inputs
    }

    /// Points at the uses of components in all that was reported since there were `from` of them.
    pub(crate) fn used_at(&mut self, from: usize, uses: &[Span]) {
        for diagnostic in &mut self.decoder.diagnostics[from..] {
            let known = |span: &Span| diagnostic.secondary.iter().any(|label| label.span == *span);
            let new: Vec<Span> = uses
                .iter()
                .rev()
                .filter(|span| !known(span))
                .copied()
                .collect();
            let labels = new.into_iter().map(|span| Label {
                span,
                text: "used here".to_owned(),
            });
            diagnostic.secondary.extend(labels);
        }
    }

    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.decoder.report(diagnostic);
    }

    /// Reports that something is not declared, unless it may stand in a file that is missing.
    pub(crate) fn report_absence(&mut self, diagnostic: Diagnostic) {
        if !self.files_missing {
            self.report(diagnostic);
        }
    }

    /// The bytes of a file named at `span`: of the project, or of the module in which that stands.
    pub(crate) fn read(&mut self, path: &str, span: Span) -> Option<&'a [u8]> {
        self.read_in(&self.root_of(span), path, span)
    }

    /// The bytes of a project file named at `span`; wanted, or reported, when they are not there.
    fn read_own(&mut self, path: &str, span: Span) -> Option<&'a [u8]> {
        match self.set.files.get(path) {
            Some(File::Bytes(bytes)) => Some(bytes),
            Some(File::Absent) => {
                let place = if path.starts_with("../") {
                    ""
                } else {
                    " in the project"
                };
                let message = format!("there is no file `{path}`{place}");
                self.report(
                    Diagnostic::new(Code::NoSuchFile, span, message)
                        .help("paths are relative to the folder of skep.kdl"),
                );
                None
            }
            Some(File::Unreadable(why)) => {
                self.report(Diagnostic::new(
                    Code::NoSuchFile,
                    span,
                    format!("`{path}` cannot be read: {why}"),
                ));
                None
            }
            None => {
                self.wanted.insert(Wanted::File(path.to_owned()));
                None
            }
        }
    }

    /// The files that match a pattern of `include`; nothing while they are still wanted.
    fn glob_own(&mut self, pattern: &str) -> Option<&'a [String]> {
        let found = self.set.globs.get(pattern);
        if found.is_none() {
            self.wanted.insert(Wanted::Glob(pattern.to_owned()));
        }
        found.map(Vec::as_slice)
    }
}
