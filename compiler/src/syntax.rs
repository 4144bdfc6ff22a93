//! Reads KDL 2.0: any text in, a tree and the list of its mistakes out, in linear time and without
//! recursion.

mod bytes;
pub(crate) mod cut;
mod faults;
mod forbidden;
pub(crate) mod lex;
mod migrate;
mod number;
mod part;
mod read;
mod repair;
mod text;
mod tree;
mod view;

use std::sync::Arc;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::span::FileId;

use faults::Faults;
use read::Braces;
use tree::Tree;

pub use migrate::{Migrated, migrate};
pub(crate) use number::without_gaps;
pub(crate) use part::{Piece, Place, is_tidy, parse_part};
pub use view::{Document, Entries, EntryRef, NodeRef, Nodes, Scalar, Word};

/// Larger files are refused unread.
pub const MAX_BYTES: usize = 16 << 20;

/// Blocks nested deeper are read as if they stood on this level.
pub const MAX_DEPTH: usize = 256;

/// More mistakes than this are not told.
pub const MAX_DIAGNOSTICS: usize = 200;

/// What reading a text gives: always a document, with as much in it as could be made out.
#[derive(Clone, Debug)]
pub struct Parsed {
    pub document: Document,
    /// In order of place; empty if and only if the text is well-formed.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a file's text.
///
/// Refuses on purpose some texts that KDL takes and nobody means: a name or key that ends in `:`, a
/// bare word that ends in `,` with a value behind it, bare words in single or curly quotes,
/// `word://..`, `${..}` and `{{..}}` outside quotes, integers beyond 128 bits.
pub fn parse(file: FileId, text: Arc<str>) -> Parsed {
    parse_braced(file, text).0
}

/// The same, and how the braces are.
fn parse_braced(file: FileId, text: Arc<str>) -> (Parsed, Braces) {
    let mut outcome = read_bounded(file, &text);
    forbidden::check(&text, &mut outcome.faults);
    let document = Document {
        file,
        text,
        tree: outcome.tree,
    };
    let parsed = Parsed {
        document,
        diagnostics: outcome.faults.finish(),
    };
    (parsed, outcome.braces)
}

fn read_bounded(file: FileId, text: &str) -> read::Outcome {
    if text.len() > MAX_BYTES {
        return too_large(file);
    }
    let outcome = read::read(file, text, &[]);
    if outcome.braces != Braces::Unfit {
        return outcome;
    }
    let Some(repairs) = repair::find(text) else {
        return outcome;
    };
    let mut repaired = read::read(file, text, &repairs);
    if repaired.braces == Braces::Fit {
        repaired.braces = Braces::Mended;
    }
    repair::report(text, &repairs, &mut repaired.faults);
    repaired
}

fn too_large(file: FileId) -> read::Outcome {
    let mut faults = Faults::new(file);
    let message = format!("this file is larger than {} MiB", MAX_BYTES >> 20);
    let help = "split it, and `include` the parts";
    faults.add(Diagnostic::new(Code::FileTooLarge, faults.span(0, 0), message).help(help));
    read::Outcome {
        tree: Tree::default(),
        faults,
        braces: Braces::Fit,
    }
}
