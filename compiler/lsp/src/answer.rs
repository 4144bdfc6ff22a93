//! One answer for each request.

mod edit;
mod look;
mod preview;
mod text;
mod write;

use gen_lsp_types::Request as Spoken;
use lsp_server::{ErrorCode, Request};
use serde_json::Value;

use crate::server::Server;

/// Why a request gets no result.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: String,
}

impl Refusal {
    /// What was asked for cannot be done; the editor shows the text.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            code: ErrorCode::RequestFailed,
            message: message.into(),
        }
    }
}

/// What a request is answered with.
type Of<R> = <R as Spoken>::Result;

/// The same where the answer can be a refusal.
type Answer<R> = Result<Of<R>, Refusal>;

/// Reads the parameters of a request and writes its result.
fn with<R: Spoken>(
    server: &mut Server<'_>,
    params: &Value,
    answer: impl FnOnce(&mut Server<'_>, &R::Params) -> Of<R>,
) -> Result<Value, Refusal> {
    unless_refused::<R>(server, params, |server, params| Ok(answer(server, params)))
}

fn unless_refused<R: Spoken>(
    server: &mut Server<'_>,
    params: &Value,
    answer: impl FnOnce(&mut Server<'_>, &R::Params) -> Answer<R>,
) -> Result<Value, Refusal> {
    let params = serde_json::from_value(params.clone()).map_err(|error| Refusal {
        code: ErrorCode::InvalidParams,
        message: error.to_string(),
    })?;
    let result = answer(server, &params)?;
    Ok(serde_json::to_value(result).expect("the protocol's types are plain data"))
}

pub(crate) fn answer(server: &mut Server<'_>, request: &Request) -> Result<Value, Refusal> {
    use gen_lsp_types as lsp;
    let to = &request.params;
    match request.method.as_str() {
        "textDocument/diagnostic" => {
            with::<lsp::DocumentDiagnosticRequest>(server, to, text::diagnostics)
        }
        "workspace/diagnostic" => {
            with::<lsp::WorkspaceDiagnosticRequest>(server, to, text::all_diagnostics)
        }
        "textDocument/formatting" => {
            with::<lsp::DocumentFormattingRequest>(server, to, text::formatting)
        }
        "textDocument/rangeFormatting" => {
            with::<lsp::DocumentRangeFormattingRequest>(server, to, text::range_formatting)
        }
        "textDocument/onTypeFormatting" => {
            with::<lsp::DocumentOnTypeFormattingRequest>(server, to, text::type_formatting)
        }
        "textDocument/documentSymbol" => {
            with::<lsp::DocumentSymbolRequest>(server, to, text::symbols)
        }
        "textDocument/foldingRange" => with::<lsp::FoldingRangeRequest>(server, to, text::folds),
        "textDocument/selectionRange" => {
            with::<lsp::SelectionRangeRequest>(server, to, text::selections)
        }
        "textDocument/definition" => with::<lsp::DefinitionRequest>(server, to, look::definition),
        "textDocument/references" => with::<lsp::ReferencesRequest>(server, to, look::references),
        "textDocument/documentHighlight" => {
            with::<lsp::DocumentHighlightRequest>(server, to, look::highlights)
        }
        "workspace/symbol" => with::<lsp::WorkspaceSymbolRequest>(server, to, look::symbols),
        "textDocument/completion" => with::<lsp::CompletionRequest>(server, to, write::completion),
        "completionItem/resolve" => {
            with::<lsp::CompletionResolveRequest>(server, to, write::resolve)
        }
        "textDocument/hover" => with::<lsp::HoverRequest>(server, to, write::hover),
        "textDocument/inlayHint" => with::<lsp::InlayHintRequest>(server, to, write::hints),
        "textDocument/codeLens" => with::<lsp::CodeLensRequest>(server, to, write::lenses),
        "textDocument/codeAction" => with::<lsp::CodeActionRequest>(server, to, edit::actions),
        "textDocument/prepareRename" => {
            with::<lsp::PrepareRenameRequest>(server, to, edit::prepare_rename)
        }
        "textDocument/rename" => unless_refused::<lsp::RenameRequest>(server, to, edit::rename),
        preview::METHOD => preview::preview(server, to),
        other => Err(Refusal {
            code: ErrorCode::MethodNotFound,
            message: format!("there is no request `{other}`"),
        }),
    }
}
