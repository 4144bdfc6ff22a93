//! Of one text: what is wrong in it, its shape, its style.

use std::ops::Range;

use gen_lsp_types as lsp;
use skep_compiler::ide::{self, Symbol};

use super::Of;
use crate::convert::text_edits;
use crate::opened::Told;
use crate::position::Lines;
use crate::server::Server;
use crate::state::State;

pub(super) fn diagnostics(
    server: &mut Server<'_>,
    params: &lsp::DocumentDiagnosticParams,
) -> Of<lsp::DocumentDiagnosticRequest> {
    let told = told(server, &params.text_document.uri).unwrap_or_default();
    let result_id = told.revision.to_string();
    if params.previous_result_id.as_ref() == Some(&result_id) {
        return lsp::RelatedUnchangedDocumentDiagnosticReport {
            unchanged_document_diagnostic_report: lsp::UnchangedDocumentDiagnosticReport {
                result_id,
            },
            ..Default::default()
        }
        .into();
    }
    lsp::RelatedFullDocumentDiagnosticReport {
        full_document_diagnostic_report: lsp::FullDocumentDiagnosticReport {
            result_id: Some(result_id),
            items: told.diagnostics,
        },
        ..Default::default()
    }
    .into()
}

fn told(server: &mut Server<'_>, uri: &lsp::Uri) -> Option<Told> {
    let page = server.state.page(uri)?;
    let (root, name) = (page.project.root().to_owned(), page.file);
    server.settle(&root);
    server.state.projects.get(&root)?.told.get(&name).cloned()
}

pub(super) fn all_diagnostics(
    server: &mut Server<'_>,
    _: &lsp::WorkspaceDiagnosticParams,
) -> Of<lsp::WorkspaceDiagnosticRequest> {
    let roots: Vec<_> = server.state.projects.keys().cloned().collect();
    for root in &roots {
        server.settle(root);
    }
    let state = &server.state;
    let items = state.projects.values().flat_map(|project| {
        project.told.iter().map(|(name, told)| {
            let (uri, version) = state.address(&project.path_of(name));
            lsp::WorkspaceDocumentDiagnosticReport::WorkspaceFullDocumentDiagnosticReport(
                lsp::WorkspaceFullDocumentDiagnosticReport {
                    uri,
                    version,
                    full_document_diagnostic_report: lsp::FullDocumentDiagnosticReport {
                        result_id: Some(told.revision.to_string()),
                        items: told.diagnostics.clone(),
                    },
                },
            )
        })
    });
    lsp::WorkspaceDiagnosticReport {
        items: items.collect(),
    }
}

/// A text with its lines; nothing for one of no project.
fn with_text<T>(
    state: &mut State,
    uri: &lsp::Uri,
    answer: impl FnOnce(&Lines<'_>, &str) -> T,
) -> Option<T> {
    let text = state.page(uri)?.text;
    Some(answer(&state.lines(&text), &text))
}

pub(super) fn formatting(
    server: &mut Server<'_>,
    params: &lsp::DocumentFormattingParams,
) -> Of<lsp::DocumentFormattingRequest> {
    let edits = |lines: &Lines<'_>, text: &str| text_edits(lines, ide::layout(text));
    with_text(&mut server.state, &params.text_document.uri, edits)
}

pub(super) fn range_formatting(
    server: &mut Server<'_>,
    params: &lsp::DocumentRangeFormattingParams,
) -> Of<lsp::DocumentRangeFormattingRequest> {
    let edits = |lines: &Lines<'_>, text: &str| {
        text_edits(lines, ide::layout_of(text, &lines.bytes(params.range)))
    };
    with_text(&mut server.state, &params.text_document.uri, edits)
}

/// When `}` closes a block, the block is laid out.
pub(super) fn type_formatting(
    server: &mut Server<'_>,
    params: &lsp::DocumentOnTypeFormattingParams,
) -> Of<lsp::DocumentOnTypeFormattingRequest> {
    let edits = |lines: &Lines<'_>, text: &str| {
        let end = lines.offset(params.position);
        let block = ide::block_before(text, end);
        let changes = block.map(|block| ide::layout_of(text, &block));
        text_edits(lines, changes.unwrap_or_default())
    };
    with_text(&mut server.state, &params.text_document.uri, edits)
}

pub(super) fn folds(
    server: &mut Server<'_>,
    params: &lsp::FoldingRangeParams,
) -> Of<lsp::FoldingRangeRequest> {
    let folds = |lines: &Lines<'_>, text: &str| {
        let all = ide::folds(&ide::tree(text)).into_iter();
        all.map(|fold| folding(lines, text, &fold)).collect()
    };
    with_text(&mut server.state, &params.text_document.uri, folds)
}

fn folding(lines: &Lines<'_>, text: &str, fold: &Range<usize>) -> lsp::FoldingRange {
    let is_comment = text[fold.clone()].starts_with("//");
    let range = lines.range(fold);
    lsp::FoldingRange {
        start_line: range.start.line,
        // The line of the closing brace stays in view.
        end_line: range.end.line - u32::from(!is_comment),
        kind: is_comment.then_some(lsp::FoldingRangeKind::Comment),
        ..lsp::FoldingRange::default()
    }
}

pub(super) fn selections(
    server: &mut Server<'_>,
    params: &lsp::SelectionRangeParams,
) -> Of<lsp::SelectionRangeRequest> {
    let all = |lines: &Lines<'_>, text: &str| {
        let tree = ide::tree(text);
        let places = params.positions.iter();
        let nested = places.map(|at| nested(lines, &ide::selection(&tree, lines.offset(*at))));
        nested.collect()
    };
    with_text(&mut server.state, &params.text_document.uri, all)
}

/// Ranges, the smallest first, each inside the next.
fn nested(lines: &Lines<'_>, ranges: &[Range<usize>]) -> lsp::SelectionRange {
    let mut outer: Option<lsp::SelectionRange> = None;
    for range in ranges.iter().rev() {
        outer = Some(lsp::SelectionRange {
            range: lines.range(range),
            parent: outer.map(Box::new),
        });
    }
    outer.unwrap_or_default()
}

pub(super) fn symbols(
    server: &mut Server<'_>,
    params: &lsp::DocumentSymbolParams,
) -> Of<lsp::DocumentSymbolRequest> {
    let uri = &params.text_document.uri;
    let nested = server.state.client.nested_symbols;
    let list = |lines: &Lines<'_>, text: &str| {
        let outline = ide::outline(&ide::tree(text));
        if nested {
            let all = outline.iter().map(|symbol| document_symbol(lines, symbol));
            lsp::DocumentSymbolResponse::DocumentSymbolList(all.collect())
        } else {
            let all = outline.iter().map(|symbol| information(lines, symbol, uri));
            lsp::DocumentSymbolResponse::SymbolInformationList(all.collect())
        }
    };
    with_text(&mut server.state, uri, list)
}

#[expect(deprecated, reason = "the type has a field that nobody should fill")]
fn document_symbol(lines: &Lines<'_>, symbol: &Symbol) -> lsp::DocumentSymbol {
    let inner = symbol.inner.iter();
    lsp::DocumentSymbol {
        name: symbol.name.clone(),
        detail: Some(symbol.word.clone()),
        kind: symbol_kind(&symbol.word),
        tags: None,
        deprecated: None,
        range: lines.range(&symbol.whole),
        selection_range: lines.range(&symbol.head),
        children: Some(inner.map(|inner| document_symbol(lines, inner)).collect()),
    }
}

#[expect(deprecated, reason = "the type has a field that nobody should fill")]
fn information(lines: &Lines<'_>, symbol: &Symbol, uri: &lsp::Uri) -> lsp::SymbolInformation {
    lsp::SymbolInformation {
        deprecated: None,
        location: lsp::Location {
            uri: uri.clone(),
            range: lines.range(&symbol.whole),
        },
        base_symbol_information: lsp::BaseSymbolInformation {
            name: symbol.name.clone(),
            kind: symbol_kind(&symbol.word),
            tags: None,
            container_name: Some(symbol.word.clone()),
        },
    }
}

/// The picture that an editor puts beside a node.
pub(super) fn symbol_kind(word: &str) -> lsp::SymbolKind {
    match word {
        "project" | "import" | "include" => lsp::SymbolKind::Module,
        "service" | "gateway" => lsp::SymbolKind::Class,
        "component" | "use" => lsp::SymbolKind::Interface,
        "route" | "match" | "to" => lsp::SymbolKind::Method,
        "flow" | "task" => lsp::SymbolKind::Function,
        "param" | "set" => lsp::SymbolKind::Variable,
        "secret" => lsp::SymbolKind::Key,
        "config" | "certificate" => lsp::SymbolKind::File,
        "environment" | "defaults" => lsp::SymbolKind::Namespace,
        "network" | "volume" | "registry" | "node" => lsp::SymbolKind::Object,
        _ => lsp::SymbolKind::Property,
    }
}
