//! What all phases share: the sources, what was found wrong, and what was missed.

mod root;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skep_schema::diagnostic::{Code, Diagnostic, Label};
use skep_schema::lang::{Decoder, Node, Used, scalar_text};
use skep_schema::module::ModuleName;
use skep_schema::span::{FileId, Sources, Span};

use crate::lock::Lock;
use crate::neighbour::Interface;
use crate::source::{File, Inputs, SourceSet, Wanted};
pub(crate) use root::Root;

/// What is said of the item of an `each` that a mistake shows in.
pub(crate) const FOR_ITEM: &str = "for this item";

/// Handed from phase to phase.
#[derive(Clone, Debug)]
pub(crate) struct Context<'a> {
    set: &'a SourceSet,
    inputs: &'a Inputs,
    /// Every text a span may point into.
    pub(crate) sources: Arc<Sources>,
    /// Diagnostics of all phases; typed values are read through this.
    pub(crate) decoder: Decoder,
    pub(crate) wanted: BTreeSet<Wanted>,
    /// What tags mean, where the project has a lock file that can be read.
    pub(crate) lock: Option<Arc<Lock>>,
    /// The modules that imports lead to, as far as these could be followed.
    pub(crate) modules: BTreeSet<ModuleName>,
    /// What other projects let this one see, by the names they are imported under.
    pub(crate) neighbours: Arc<BTreeMap<String, Interface>>,
    /// Where the texts that are not the project's own came from: what they name is looked for there.
    pub(crate) roots: Arc<BTreeMap<FileId, Root>>,
    /// The names of nodes in which a value is unknown or was wrong: what is said of such a node as a
    /// whole may come from that.
    pub(crate) partial: BTreeSet<Span>,
    /// What has no value in the files that specs were made of, where no parameter can stand for it.
    unset: Vec<Diagnostic>,
    /// The uses that led to the node at hand, where one is.
    about: Vec<Used>,
    /// The nodes that components made.
    pub(crate) made: Vec<Made>,
    /// What the patches of the chosen environment are laid over.
    pub(crate) patched: Vec<Patched>,
    /// Whether a file or an import could not be had, which has been reported: what else is not
    /// there may stand in it.
    pub(crate) files_missing: bool,
    /// Whether nodes may be missing for that or another reason that was reported.
    pub(crate) nodes_missing: bool,
}

/// What was found while a part of a project was read apart from the others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    diagnostics: Vec<Diagnostic>,
    wanted: BTreeSet<Wanted>,
    partial: BTreeSet<Span>,
    made: Vec<Made>,
    patched: Vec<Patched>,
    nodes_missing: bool,
}

impl Said {
    /// Whether nothing was reported, and nothing asked for.
    pub(crate) fn is_silent(&self) -> bool {
        self.diagnostics.is_empty() && self.wanted.is_empty()
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.diagnostics.extend(other.diagnostics);
        self.wanted.extend(other.wanted);
        self.partial.extend(other.partial);
        self.made.extend(other.made);
        self.patched.extend(other.patched);
        self.nodes_missing |= other.nodes_missing;
    }
}

/// A node that a component made, and how.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) name: String,
    /// Its line in the component.
    pub(crate) line: Span,
    pub(crate) uses: Vec<Used>,
}

impl Made {
    /// Nothing for a node of the project itself.
    pub(crate) fn of(node: &Node) -> Option<Self> {
        let first = node.args.first().filter(|_| !node.uses.is_empty())?;
        Some(Self {
            name: scalar_text(&first.value)?.into(),
            line: node.span,
            uses: node.uses.clone(),
        })
    }
}

/// A patch, and one of the nodes it is laid over.
#[derive(Clone, Debug)]
pub(crate) struct Patched {
    /// The patch's line.
    pub(crate) patch: Span,
    pub(crate) name: String,
    /// The node's line.
    pub(crate) line: Span,
    pub(crate) uses: Vec<Used>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(set: &'a SourceSet) -> Self {
        Self {
            set,
            inputs: &set.inputs,
            sources: Arc::default(),
            decoder: Decoder::default(),
            wanted: BTreeSet::new(),
            lock: None,
            modules: BTreeSet::new(),
            neighbours: Arc::default(),
            roots: Arc::default(),
            partial: BTreeSet::new(),
            unset: Vec::new(),
            about: Vec::new(),
            made: Vec::new(),
            patched: Vec::new(),
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

    /// The same, with nothing said yet: for a part that is read beside others.
    pub(crate) fn apart(&self) -> Self {
        Self {
            set: self.set,
            inputs: self.inputs,
            sources: Arc::clone(&self.sources),
            decoder: Decoder::default(),
            wanted: BTreeSet::new(),
            lock: self.lock.clone(),
            modules: BTreeSet::new(),
            neighbours: Arc::clone(&self.neighbours),
            roots: Arc::clone(&self.roots),
            partial: BTreeSet::new(),
            unset: Vec::new(),
            about: Vec::new(),
            made: Vec::new(),
            patched: Vec::new(),
            files_missing: self.files_missing,
            nodes_missing: self.nodes_missing,
        }
    }

    /// What was said since it was set apart.
    pub(crate) fn said(self) -> Said {
        Said {
            diagnostics: self.decoder.diagnostics,
            wanted: self.wanted,
            partial: self.partial,
            made: self.made,
            patched: self.patched,
            nodes_missing: self.nodes_missing,
        }
    }

    /// Takes in what was said of a part.
    pub(crate) fn hear(&mut self, said: Said) {
        self.decoder.diagnostics.extend(said.diagnostics);
        self.wanted.extend(said.wanted);
        self.partial.extend(said.partial);
        self.made.extend(said.made);
        self.patched.extend(said.patched);
        self.nodes_missing |= said.nodes_missing;
    }

    /// Adds a text that diagnostics may point into.
    pub(crate) fn add_source(
        &mut self,
        path: &str,
        text: impl Into<Arc<str>> + AsRef<str>,
    ) -> FileId {
        let known = self.sources.find(path, text.as_ref());
        known.unwrap_or_else(|| Arc::make_mut(&mut self.sources).add(path, text))
    }

    pub(crate) const fn inputs(&self) -> &'a Inputs {
        self.inputs
    }

    /// Points at the uses of components, and the items they are for, in all that was reported since
    /// there were `from` of them.
    pub(crate) fn used_at(&mut self, from: usize, uses: &[Used]) {
        for diagnostic in &mut self.decoder.diagnostics[from..] {
            point_at(diagnostic, uses);
        }
    }

    /// From here on, what is reported is about a node that these uses led to.
    pub(crate) fn about(&mut self, uses: &[Used]) {
        self.about.clear();
        self.about.extend_from_slice(uses);
    }

    /// Names one more place in all that was reported since there were `from` of them.
    pub(crate) fn label(&mut self, from: usize, span: Span, text: &str) {
        for diagnostic in &mut self.decoder.diagnostics[from..] {
            label(diagnostic, span, text);
        }
    }

    pub(crate) fn report(&mut self, mut diagnostic: Diagnostic) {
        point_at(&mut diagnostic, &self.about);
        self.decoder.report(diagnostic);
    }

    /// Reports what must have a value where parameters must.
    pub(crate) fn report_unset(&mut self) {
        for said in std::mem::take(&mut self.unset) {
            self.report(said);
        }
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

/// Adds the uses that led to what a diagnostic is about, the innermost first.
pub(crate) fn point_at(diagnostic: &mut Diagnostic, uses: &[Used]) {
    for used in uses.iter().rev() {
        let item = used.item.map(|item| (item, FOR_ITEM));
        for (span, text) in item.into_iter().chain([(used.at, "used here")]) {
            label(diagnostic, span, text);
        }
    }
}

/// Names one more place, unless the diagnostic names it already.
pub(crate) fn label(diagnostic: &mut Diagnostic, span: Span, text: &str) {
    let places = diagnostic.secondary.iter().chain([&diagnostic.primary]);
    if !places.into_iter().any(|label| label.span == span) {
        diagnostic.secondary.push(Label {
            span,
            text: text.to_owned(),
        });
    }
}
