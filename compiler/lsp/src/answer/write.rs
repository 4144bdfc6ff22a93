//! What could be written at a place, and what is to be said of it.

use std::path::Path;
use std::sync::Arc;

use gen_lsp_types as lsp;
use serde_json::json;
use skep_compiler::ide::{self, Completion, Offered, View};

use super::Of;
use crate::opened::Opened;
use crate::server::Server;
use crate::state::State;

pub(super) fn completion(
    server: &mut Server<'_>,
    params: &lsp::CompletionParams,
) -> Of<lsp::CompletionRequest> {
    let at = &params.text_document_position_params;
    completions(&mut server.state, at)
}

fn completions(
    state: &mut State,
    at: &lsp::TextDocumentPositionParams,
) -> Option<lsp::CompletionResponse> {
    let environment = state.client.environment.clone();
    let snippets = state.client.snippets;
    let encoding = state.client.encoding;
    let page = state.page(&at.text_document.uri)?;
    let lines = crate::position::Lines::of(&page.text, encoding);
    let offset = lines.offset(at.position);
    page.project.refresh();
    let (index, memory) = (page.project.known_index(), page.project.watch.memory());
    let found = ide::complete(index, memory, environment.as_deref(), &page.text, offset);
    let range = lines.range(&found.at);
    let items = found.all.iter().map(|one| item(one, range, snippets));
    Some(lsp::CompletionResponse::CompletionItemList(items.collect()))
}

fn item(one: &Completion, range: lsp::Range, snippets: bool) -> lsp::CompletionItem {
    let snippet = one.snippet.as_ref().filter(|_| snippets);
    let new_text = snippet.unwrap_or(&one.text).clone();
    lsp::CompletionItem {
        label: one.label.clone(),
        kind: Some(kind(one.sort)),
        detail: (!one.detail.is_empty()).then(|| one.detail.clone()),
        insert_text_format: snippet.map(|_| lsp::InsertTextFormat::Snippet),
        text_edit: Some(lsp::CompletionItemTextEdit::TextEdit(lsp::TextEdit {
            range,
            new_text,
        })),
        data: (!one.topic.is_empty()).then(|| json!(one.topic)),
        ..lsp::CompletionItem::default()
    }
}

const fn kind(sort: Offered) -> lsp::CompletionItemKind {
    match sort {
        Offered::Block => lsp::CompletionItemKind::Class,
        Offered::Property => lsp::CompletionItemKind::Property,
        Offered::Choice => lsp::CompletionItemKind::EnumMember,
        Offered::Reference => lsp::CompletionItemKind::Reference,
        Offered::Param => lsp::CompletionItemKind::Variable,
        Offered::Component => lsp::CompletionItemKind::Interface,
    }
}

pub(super) fn resolve(
    _: &mut Server<'_>,
    item: &lsp::CompletionItem,
) -> Of<lsp::CompletionResolveRequest> {
    let topic = item.data.as_ref().and_then(|data| data.as_str());
    let text = topic.and_then(ide::document);
    lsp::CompletionItem {
        documentation: text.map(|text| lsp::Documentation::MarkupContent(markdown(text))),
        ..item.clone()
    }
}

fn markdown(value: String) -> lsp::MarkupContent {
    lsp::MarkupContent {
        kind: lsp::MarkupKind::Markdown,
        value,
    }
}

pub(super) fn hover(server: &mut Server<'_>, params: &lsp::HoverParams) -> Of<lsp::HoverRequest> {
    let at = &params.text_document_position_params;
    let state = &mut server.state;
    let environment = state.client.environment.clone();
    let encoding = state.client.encoding;
    let live = Arc::clone(&state.live);
    let page = state.page(&at.text_document.uri)?;
    let lines = crate::position::Lines::of(&page.text, encoding);
    let offset = lines.offset(at.position);
    let file = page.file;
    let environment = environment.as_deref();
    let ask = |view: &View<'_>| ide::hover(view, &file, offset);
    let found = page.project.with_view(environment, &live, ask);
    found.map(|found| lsp::Hover {
        contents: lsp::Contents::MarkupContent(markdown(found.text)),
        range: Some(lines.range(&found.at)),
    })
}

pub(super) fn hints(
    server: &mut Server<'_>,
    params: &lsp::InlayHintParams,
) -> Of<lsp::InlayHintRequest> {
    let environment = server.state.client.environment.clone();
    let encoding = server.state.client.encoding;
    settle(server, &params.text_document.uri);
    let page = server.state.page(&params.text_document.uri)?;
    let lines = crate::position::Lines::of(&page.text, encoding);
    let bytes = lines.bytes(params.range);
    let file = page.file;
    page.project.refresh();
    let (index, memory) = (page.project.known_index(), page.project.watch.memory());
    let found = ide::hints(index, memory, environment.as_deref(), &file, &bytes);
    let hints = found.into_iter().map(|hint| lsp::InlayHint {
        position: lines.position(hint.at),
        label: lsp::Label::String(hint.text),
        kind: None,
        text_edits: None,
        tooltip: Some(lsp::Tooltip::String(hint.why)),
        padding_left: Some(true),
        padding_right: Some(true),
        data: None,
    });
    Some(hints.collect())
}

pub(super) fn lenses(
    server: &mut Server<'_>,
    params: &lsp::CodeLensParams,
) -> Of<lsp::CodeLensRequest> {
    let environment = server.state.client.environment.clone();
    let encoding = server.state.client.encoding;
    let live = Arc::clone(&server.state.live);
    let uri = &params.text_document.uri;
    let page = server.state.page(uri)?;
    let lines = crate::position::Lines::of(&page.text, encoding);
    let file = page.file;
    let found = ide::lenses(page.project.index(), &file);
    let project = page.project.watch.memory().project().unwrap_or_default();
    let stands = |address| live.stands(project, environment.as_deref(), address);
    let lenses = found.iter().flat_map(|lens| {
        let range = lines.range(&lens.at);
        let title = match lens.uses {
            1 => "1 reference".to_owned(),
            uses => format!("{uses} references"),
        };
        let references = (title, "skep.showReferences", json!([uri, range.start]));
        let plan = lens.planned.as_ref().map(|address| {
            let title = "plan this node".to_owned();
            (title, "skep.planNode", json!([uri, address.to_string()]))
        });
        let planned = lens.planned.iter();
        let live = planned.flat_map(stands).map(|one| {
            let title = format!("{}: {}", one.stack, one.how);
            (title, "", json!([]))
        });
        std::iter::once(references)
            .chain(plan)
            .chain(live)
            .map(move |all| code_lens(range, all))
    });
    Some(lenses.collect())
}

fn code_lens(
    range: lsp::Range,
    (title, command, arguments): (String, &str, serde_json::Value),
) -> lsp::CodeLens {
    lsp::CodeLens {
        range,
        command: Some(lsp::Command {
            title,
            tooltip: None,
            command: command.to_owned(),
            arguments: arguments.as_array().cloned(),
        }),
        data: None,
    }
}

/// Brings the project of a text up to date.
pub(super) fn settle(server: &mut Server<'_>, uri: &lsp::Uri) {
    let root = server
        .state
        .page(uri)
        .map(|page| page.project.root().to_owned());
    if let Some(root) = root {
        server.settle(&root);
    }
}

/// The project of a folder that is known to be open.
pub(super) fn at<'s>(state: &'s State, root: &Path) -> Option<&'s Opened> {
    state.projects.get(root)
}
