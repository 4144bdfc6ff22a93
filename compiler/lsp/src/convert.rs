//! Changes of files in the protocol's words.

use std::collections::BTreeMap;

use gen_lsp_types as lsp;
use skep_compiler::edit::Splice;
use skep_compiler::ide::Change;

use crate::opened::Opened;
use crate::position::Lines;
use crate::state::State;

/// Changes of one text.
pub(crate) fn text_edits(lines: &Lines<'_>, changes: Vec<Change>) -> Vec<lsp::TextEdit> {
    let edits = changes.into_iter().map(|(at, new_text)| lsp::TextEdit {
        range: lines.range(&at),
        new_text,
    });
    edits.collect()
}

/// Splices as one edit of several files; nothing where one of them is no text of the project.
pub(crate) fn workspace_edit(
    state: &State,
    project: &Opened,
    splices: &[Splice],
) -> Option<lsp::WorkspaceEdit> {
    let mut by_file: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
    for splice in splices {
        let change = (splice.start..splice.end, splice.text.clone());
        let own = by_file.entry(&splice.file).or_default();
        if !own.contains(&change) {
            own.push(change);
        }
    }
    let mut files = Vec::new();
    for (file, changes) in by_file {
        let lines = state.lines(project.text(file)?);
        let (uri, version) = state.address(&project.path_of(file));
        files.push((uri, version, text_edits(&lines, changes)));
    }
    Some(if state.client.document_changes {
        lsp::WorkspaceEdit {
            document_changes: Some(files.into_iter().map(document_change).collect()),
            ..lsp::WorkspaceEdit::default()
        }
    } else {
        let changes = files.into_iter().map(|(uri, _, edits)| (uri, edits));
        lsp::WorkspaceEdit {
            changes: Some(changes.collect()),
            ..lsp::WorkspaceEdit::default()
        }
    })
}

fn document_change(
    (uri, version, edits): (lsp::Uri, Option<i32>, Vec<lsp::TextEdit>),
) -> lsp::DocumentChange {
    lsp::DocumentChange::TextDocumentEdit(lsp::TextDocumentEdit {
        text_document: lsp::OptionalVersionedTextDocumentIdentifier {
            version,
            text_document_identifier: lsp::TextDocumentIdentifier { uri },
        },
        edits: edits.into_iter().map(lsp::Edit::TextEdit).collect(),
    })
}
