//! Texts as they are in the editor.

use std::sync::Arc;

use gen_lsp_types as lsp;

use crate::position::{Encoding, Lines};

/// A text that is open in the editor.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    /// As the editor writes it.
    pub(crate) uri: lsp::Uri,
    pub(crate) version: i32,
    pub(crate) text: Arc<str>,
}

impl Buffer {
    /// Makes changes one after the other: the places in each are those after the one before.
    pub(crate) fn change(
        &mut self,
        version: i32,
        changes: Vec<lsp::TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) {
        use lsp::TextDocumentContentChangeEvent as Change;
        self.version = version;
        for change in changes {
            self.text = match change {
                Change::TextDocumentContentChangePartial(part) => {
                    let at = Lines::of(&self.text, encoding).bytes(part.range);
                    let mut text = String::from(&*self.text);
                    text.replace_range(at, &part.text);
                    text.into()
                }
                Change::TextDocumentContentChangeWholeDocument(whole) => whole.text.into(),
            };
        }
    }
}
