//! Names: where they are declared and where they are used.

use std::collections::BTreeMap;

use gen_lsp_types as lsp;
use skep_compiler::ide::{Found, Index, Name, Role};
use skep_compiler::source::matches;

use super::Of;
use super::text::symbol_kind;
use crate::opened::Opened;
use crate::position::Lines;
use crate::server::Server;
use crate::state::State;

/// The name at a position, and its project's folder.
pub(super) fn name_at(
    state: &mut State,
    at: &lsp::TextDocumentPositionParams,
) -> Option<(std::path::PathBuf, Name, Found)> {
    let encoding = state.client.encoding;
    let page = state.page(&at.text_document.uri)?;
    let offset = Lines::of(&page.text, encoding).offset(at.position);
    let (name, found) = page.project.index().name_at(&page.file, offset)?;
    let name = name.clone();
    Some((page.project.root().to_owned(), name, found))
}

/// Places of a project's texts in the protocol's words. Each file's lines are counted once.
fn locations(state: &State, project: &Opened, found: &[Found]) -> Vec<lsp::Location> {
    let mut files: BTreeMap<&str, (lsp::Uri, Lines<'_>)> = BTreeMap::new();
    let all = found.iter().filter_map(|found| {
        let file = found.file.as_str();
        if !files.contains_key(file) {
            let lines = state.lines(project.text(file)?);
            files.insert(file, (state.address(&project.path_of(file)).0, lines));
        }
        let (uri, lines) = files.get(file)?;
        Some(lsp::Location {
            uri: uri.clone(),
            range: lines.range(&found.at),
        })
    });
    all.collect()
}

/// Where something of a name is to be found, by the index of its project.
fn look_up(
    state: &mut State,
    at: &lsp::TextDocumentPositionParams,
    look: impl FnOnce(&Index, &Name) -> Vec<Found>,
) -> Option<Vec<lsp::Location>> {
    let (root, name, _) = name_at(state, at)?;
    let project = state.projects.get_mut(&root)?;
    if let Name::File(file) = &name {
        return Some(files(state, &root, file));
    }
    let found = look(project.index(), &name);
    let project = state.projects.get(&root)?;
    Some(locations(state, project, &found))
}

/// The files of the project that a name or a pattern means.
fn files(state: &State, root: &std::path::Path, name: &str) -> Vec<lsp::Location> {
    let Some(project) = state.projects.get(root) else {
        return Vec::new();
    };
    let mine = project
        .files()
        .into_iter()
        .filter(|file| matches(name, file));
    let locations = mine.map(|file| lsp::Location {
        uri: state.address(&project.path_of(file)).0,
        range: lsp::Range::default(),
    });
    locations.collect()
}

pub(super) fn definition(
    server: &mut Server<'_>,
    params: &lsp::DefinitionParams,
) -> Of<lsp::DefinitionRequest> {
    let at = &params.text_document_position_params;
    let found = look_up(&mut server.state, at, Index::declarations);

    found.map(|found| lsp::DefinitionResponse::Definition(lsp::Definition::LocationList(found)))
}

pub(super) fn references(
    server: &mut Server<'_>,
    params: &lsp::ReferenceParams,
) -> Of<lsp::ReferencesRequest> {
    let declared = params.context.include_declaration;
    let at = &params.text_document_position_params;
    look_up(&mut server.state, at, |index, name| {
        let mut found = index.mentions_of(name);
        found.retain(|found| declared || found.role == Role::Refers);
        found
    })
}

pub(super) fn highlights(
    server: &mut Server<'_>,
    params: &lsp::DocumentHighlightParams,
) -> Of<lsp::DocumentHighlightRequest> {
    let at = &params.text_document_position_params;
    let state = &mut server.state;
    let (root, name, here) = name_at(state, at)?;
    let project = state.projects.get_mut(&root)?;
    let mut found = project.index().mentions_of(&name);
    found.retain(|found| found.file == here.file);
    let text = state
        .projects
        .get(&root)
        .and_then(|project| project.text(&here.file))?;
    let lines = state.lines(text);
    let highlights = found.iter().map(|found| lsp::DocumentHighlight {
        range: lines.range(&found.at),
        kind: Some(match found.role {
            Role::Declares => lsp::DocumentHighlightKind::Write,
            Role::Refers => lsp::DocumentHighlightKind::Read,
        }),
    });
    Some(highlights.collect())
}

/// What the projects in view declare, by any part of its name.
pub(super) fn symbols(
    server: &mut Server<'_>,
    params: &lsp::WorkspaceSymbolParams,
) -> Of<lsp::WorkspaceSymbolRequest> {
    let query = params.query.to_lowercase();
    let state = &mut server.state;
    let mut all = Vec::new();
    let roots: Vec<_> = state.projects.keys().cloned().collect();
    for root in roots {
        let Some(project) = state.projects.get_mut(&root) else {
            continue;
        };
        let found = project.index().search(&query);
        let Some(project) = state.projects.get(&root) else {
            continue;
        };
        for (name, found) in found {
            let Some(location) = locations(state, project, &[found]).pop() else {
                continue;
            };
            all.push(symbol(&name, location, &root));
        }
    }
    Some(lsp::WorkspaceSymbolResponse::WorkspaceSymbolList(all))
}

fn symbol(name: &Name, location: lsp::Location, root: &std::path::Path) -> lsp::WorkspaceSymbol {
    let container = root
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    lsp::WorkspaceSymbol {
        location: lsp::WorkspaceSymbolLocation::Location(location),
        data: None,
        base_symbol_information: lsp::BaseSymbolInformation {
            name: name.to_string(),
            kind: symbol_kind(name.word()),
            tags: None,
            container_name: container,
        },
    }
}
