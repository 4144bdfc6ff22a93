//! A file as it was read: as one part, or as several of which only those are read again that change.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use skep_schema::diagnostic::Diagnostic;
use skep_schema::span::FileId;
use skep_schema::spec::STRUCTURE;

use super::words::meant;
use crate::syntax::{Document, NodeRef, Parsed, Piece, is_tidy, parse};

/// A file of the project and what is in it.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) path: String,
    pub(crate) bytes: Arc<[u8]>,
    /// In order of place. An only one has the file's own number; of several each has its own.
    pub(crate) parts: Vec<Arc<Part>>,
}

/// Files that were read before, by path.
pub(crate) type Readings = BTreeMap<String, Arc<Reading>>;

/// A run of top-level nodes, with what stands around them.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) document: Document,
    diagnostics: Vec<Diagnostic>,
    /// The numbers of the top-level nodes that shape the project, or seem to.
    shaping: Vec<u32>,
    mended: bool,
    tidy: OnceLock<bool>,
}

impl Reading {
    pub(super) fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.parts.iter().flat_map(|part| &part.diagnostics)
    }

    pub(super) fn shaping(&self) -> impl Iterator<Item = NodeRef<'_>> {
        self.parts.iter().flat_map(|part| part.shaping())
    }
}

impl Part {
    /// A file as one.
    pub(super) fn whole(file: FileId, text: Arc<str>) -> Self {
        let Parsed {
            document,
            diagnostics,
        } = parse(file, text);
        let mended = false;
        Self::of(Piece {
            document,
            diagnostics,
            mended,
        })
    }

    pub(super) fn of(piece: Piece) -> Self {
        let Piece {
            document,
            diagnostics,
            mended,
        } = piece;
        let shaping = document.roots().filter(|root| shapes(meant(*root)));
        Self {
            shaping: shaping.map(NodeRef::row).collect(),
            document,
            diagnostics,
            mended,
            tidy: OnceLock::new(),
        }
    }

    /// Whether anything in it shapes the project; otherwise it only holds nodes of the spec.
    pub(crate) fn shapes(&self) -> bool {
        !self.shaping.is_empty()
    }

    pub(super) fn shaping(&self) -> impl Iterator<Item = NodeRef<'_>> {
        self.shaping.iter().map(|row| self.document.node(*row))
    }

    pub(super) fn mistakes(&self) -> usize {
        self.diagnostics.len()
    }

    /// Whether its braces were mended by its indentation.
    pub(super) fn is_mended(&self) -> bool {
        self.mended
    }

    /// Whether braces and indentation say the same in it, so that what is mended elsewhere is too.
    pub(super) fn is_tidy(&self) -> bool {
        *self.tidy.get_or_init(|| is_tidy(&self.document))
    }
}

/// Whether a top-level node of that name shapes the project.
pub(super) fn shapes(word: &str) -> bool {
    word == "include"
        || word == "import"
        || word != "use" && STRUCTURE.iter().any(|info| info.word == word)
}
