//! What the editor can do, and what it was told of us.

use gen_lsp_types as lsp;
use serde_json::{Value, json};

use crate::position::Encoding;

/// What matters of the editor's abilities.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) encoding: Encoding,
    /// It asks for diagnostics, so that they are not sent unasked.
    pub(crate) pulls: bool,
    pub(crate) refreshes: bool,
    pub(crate) refreshes_lenses: bool,
    pub(crate) snippets: bool,
    /// It takes documentation of what could be written when that is looked at.
    pub(crate) document_changes: bool,
    pub(crate) watches: bool,
    pub(crate) progress: bool,
    pub(crate) related: bool,
    pub(crate) nested_symbols: bool,
    /// The environment in which hints are given and plans compared.
    pub(crate) environment: Option<String>,
}

impl Client {
    pub(crate) fn of(params: &lsp::InitializeParams, raw: &Value) -> Self {
        let can = |path: &str| raw.pointer(path).is_some_and(|value| value == &json!(true));
        let has = |path: &str| raw.pointer(path).is_some_and(|value| !value.is_null());
        let options = params.initialization_options.as_ref();
        Self {
            encoding: encoding(params),
            pulls: has("/capabilities/textDocument/diagnostic"),
            refreshes: can("/capabilities/workspace/diagnostics/refreshSupport"),
            refreshes_lenses: can("/capabilities/workspace/codeLens/refreshSupport"),
            snippets: can("/capabilities/textDocument/completion/completionItem/snippetSupport"),
            document_changes: can("/capabilities/workspace/workspaceEdit/documentChanges"),
            watches: can("/capabilities/workspace/didChangeWatchedFiles/dynamicRegistration"),
            progress: can("/capabilities/window/workDoneProgress"),
            related: can("/capabilities/textDocument/publishDiagnostics/relatedInformation")
                || has("/capabilities/textDocument/diagnostic"),
            nested_symbols: can(
                "/capabilities/textDocument/documentSymbol/hierarchicalDocumentSymbolSupport",
            ),
            environment: options.and_then(environment),
        }
    }
}

/// The environment that settings name, as `{ "environment": "prod" }` or inside `skep`.
pub(crate) fn environment(settings: &Value) -> Option<String> {
    let own = settings.get("skep").unwrap_or(settings);
    let name = own.get("environment")?.as_str()?;
    (!name.is_empty()).then(|| name.to_owned())
}

/// What both sides can count, bytes before all; without a word it is UTF-16.
fn encoding(params: &lsp::InitializeParams) -> Encoding {
    let general = params.capabilities.general.as_ref();
    let offered = general.and_then(|general| general.position_encodings.as_deref());
    let offered = offered.unwrap_or_default();
    [
        (lsp::PositionEncodingKind::UTF8, Encoding::Utf8),
        (lsp::PositionEncodingKind::UTF32, Encoding::Utf32),
    ]
    .into_iter()
    .find(|(kind, _)| offered.contains(kind))
    .map_or(Encoding::Utf16, |(_, encoding)| encoding)
}

/// What we can do, in the form of the answer to `initialize`.
pub(crate) fn introduction(client: &Client, version: &str) -> Value {
    let encoding = match client.encoding {
        Encoding::Utf8 => "utf-8",
        Encoding::Utf16 => "utf-16",
        Encoding::Utf32 => "utf-32",
    };
    let mut capabilities = json!({
        "positionEncoding": encoding,
        "textDocumentSync": { "openClose": true, "change": 2, "save": true },
        "completionProvider": {
            "triggerCharacters": ["=", "\"", "{", ".", ")"],
            "resolveProvider": true,
        },
        "hoverProvider": true,
        "definitionProvider": true,
        "referencesProvider": true,
        "documentHighlightProvider": true,
        "documentSymbolProvider": true,
        "workspaceSymbolProvider": true,
        "codeActionProvider": {
            "codeActionKinds": ["quickfix", "refactor.extract", "source.fixAll.skep"],
        },
        "codeLensProvider": {},
        "documentFormattingProvider": true,
        "documentRangeFormattingProvider": true,
        "documentOnTypeFormattingProvider": { "firstTriggerCharacter": "}" },
        "renameProvider": { "prepareProvider": true },
        "foldingRangeProvider": true,
        "selectionRangeProvider": true,
        "inlayHintProvider": true,
        "workspace": {
            "workspaceFolders": { "supported": true, "changeNotifications": true },
        },
        "experimental": { "planPreview": true },
    });
    if client.pulls {
        capabilities["diagnosticProvider"] = json!({
            "identifier": "skep",
            "interFileDependencies": true,
            "workspaceDiagnostics": true,
        });
    }
    json!({
        "capabilities": capabilities,
        "serverInfo": { "name": "skep", "version": version },
    })
}
