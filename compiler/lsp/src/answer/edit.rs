//! Edits: what can be done about a mistake, and another name for a node.

use std::path::Path;

use gen_lsp_types as lsp;
use skep_compiler::edit::{self, Object, Splice, spliced};
use skep_compiler::ide::{self, Action, Found, Name};
use skep_compiler::mend::{Reach, first_new_error, mend};
use skep_compiler::source::File;
use skep_schema::address::Address;

use super::look::name_at;
use super::write::{at, settle};
use super::{Answer, Of, Refusal};
use crate::convert::workspace_edit;
use crate::diagnose::Places;
use crate::opened::Opened;
use crate::server::Server;
use crate::state::State;

const FIX_ALL: &str = "source.fixAll.skep";

pub(super) fn actions(
    server: &mut Server<'_>,
    params: &lsp::CodeActionParams,
) -> Of<lsp::CodeActionRequest> {
    let uri = &params.text_document.uri;
    settle(server, uri);
    let state = &mut server.state;
    let page = state.page(uri)?;
    let (root, file) = (page.project.root().to_owned(), page.file);
    page.project.index();
    let only = params.context.only.as_deref().unwrap_or_default();
    let wants = |kind: &str| {
        let asked = |only: &lsp::CodeActionKind| {
            let only = only.as_str();
            only.is_empty() || kind == only || kind.starts_with(&format!("{only}."))
        };
        only.iter().any(asked)
    };
    let mut all = Vec::new();
    if only.is_empty() || wants("quickfix") {
        all.extend(quick_fixes(state, &root, &file, params.range).unwrap_or_default());
    }
    // It costs a check or two, so it is only made where it is asked for.
    if wants(FIX_ALL) {
        all.extend(fix_all(state, &root));
    }
    let all = all.into_iter().map(lsp::CodeActionResponse::CodeAction);
    Some(all.collect())
}

fn quick_fixes(
    state: &State,
    root: &Path,
    file: &str,
    range: lsp::Range,
) -> Option<Vec<lsp::CodeAction>> {
    let project = at(state, root)?;
    let checked = project.checked.as_ref()?;
    let places = Places::of(project, checked, state.client.encoding);
    let here = checked.diagnostics.iter().filter(|diagnostic| {
        let shown = places.shown(diagnostic);
        let own = shown.filter(|span| checked.sources.path(span.file) == file);
        own.and_then(|span| places.range(span))
            .is_some_and(|own| touch(own, range))
    });
    let offered = here.flat_map(|diagnostic| {
        let actions = ide::actions(project.known_index(), diagnostic, &checked.sources);
        actions.into_iter().map(move |action| (diagnostic, action))
    });
    let all = offered.filter_map(|(diagnostic, action)| {
        let told = places.told(diagnostic, places.shown(diagnostic), state.client.related);
        code_action(state, project, told, action)
    });
    Some(all.collect())
}

fn touch(a: lsp::Range, b: lsp::Range) -> bool {
    let place = |p: lsp::Position| (p.line, p.character);
    place(a.start) <= place(b.end) && place(b.start) <= place(a.end)
}

fn code_action(
    state: &State,
    project: &Opened,
    diagnostic: lsp::Diagnostic,
    action: Action,
) -> Option<lsp::CodeAction> {
    Some(lsp::CodeAction {
        title: action.title,
        kind: Some(lsp::CodeActionKind::QuickFix),
        diagnostics: Some(vec![diagnostic]),
        is_preferred: action.preferred.then_some(true),
        edit: Some(workspace_edit(state, project, &action.splices)?),
        ..lsp::CodeAction::default()
    })
}

/// All fixes that are always right, as `skep check --fix` makes them.
fn fix_all(state: &State, root: &Path) -> Option<lsp::CodeAction> {
    let project = at(state, root)?;
    let checked = project.watch.try_out(project.set().clone()).ok()?;
    let (set, checked) = checked;
    let mended = mend(set, checked, Reach::Safe, |set| project.watch.try_out(set)).ok()?;
    let splices: Vec<Splice> = mended
        .set
        .files
        .iter()
        .filter_map(|(file, new)| difference(file, project.text(file)?, new))
        .collect();
    if splices.is_empty() {
        return None;
    }
    Some(lsp::CodeAction {
        title: "make all fixes that are always right".to_owned(),
        kind: Some(lsp::CodeActionKind::Custom(FIX_ALL.into())),
        edit: Some(workspace_edit(state, project, &splices)?),
        ..lsp::CodeAction::default()
    })
}

/// What is different between two texts of a file, as one splice.
fn difference(file: &str, old: &str, new: &File) -> Option<Splice> {
    let File::Bytes(new) = new else { return None };
    let new = std::str::from_utf8(new).ok().filter(|new| *new != old)?;
    let same = |(a, b): &(char, char)| a == b;
    let start: usize = old
        .chars()
        .zip(new.chars())
        .take_while(same)
        .map(|(c, _)| c.len_utf8())
        .sum();
    let (rest, new_rest) = (&old[start..], &new[start..]);
    let backwards = rest.chars().rev().zip(new_rest.chars().rev());
    let end: usize = backwards.take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let text = &new_rest[..new_rest.len() - end];
    Some(Splice::new(file, start..old.len() - end, text))
}

pub(super) fn prepare_rename(
    server: &mut Server<'_>,
    params: &lsp::PrepareRenameParams,
) -> Of<lsp::PrepareRenameRequest> {
    let state = &mut server.state;
    let (root, name, found) = name_at(state, &params.text_document_position_params)?;
    if !can_be_renamed(&name) {
        return None;
    }
    let text = at(state, &root).and_then(|project| project.text(&found.file))?;
    let range = lsp::PrepareRenamePlaceholder {
        range: state.lines(text).range(&found.at),
        placeholder: text[found.at].to_owned(),
    };
    Some(lsp::PrepareRenameResult::PrepareRenamePlaceholder(range))
}

/// Nodes are renamed with a `moved` line; of what has no object the name is all there is.
const fn can_be_renamed(name: &Name) -> bool {
    match name {
        Name::Node(..)
        | Name::Component(_)
        | Name::Instance(_)
        | Name::Param(..)
        | Name::Environment(_)
        | Name::Port(..) => true,
        // They are no names of the project's own.
        Name::Import(_) | Name::File(_) => false,
    }
}

pub(super) fn rename(
    server: &mut Server<'_>,
    params: &lsp::RenameParams,
) -> Answer<lsp::RenameRequest> {
    let state = &mut server.state;
    let Some((root, name, found)) = name_at(state, &params.text_document_position_params) else {
        return Ok(None);
    };
    server.settle(&root);
    let state = &mut server.state;
    let environment = state.client.environment.clone();
    let splices = match &name {
        Name::Node(kind, from) => {
            let address = Address::new(*kind, from.as_str());
            node(
                state,
                &root,
                environment.as_deref(),
                &address,
                &params.new_name,
            )?
        }
        Name::Component(_) | Name::Param(..) | Name::Environment(_) | Name::Port(..) => {
            others(state, &root, &name, &params.new_name)?
        }
        Name::Instance(_) => instance(
            state,
            &root,
            environment.as_deref(),
            found,
            &params.new_name,
        )?,
        Name::Import(_) | Name::File(_) => {
            return Err(Refusal::failed(format!("`{name}` cannot be renamed here")));
        }
    };
    let Some(project) = at(state, &root) else {
        return Ok(None);
    };
    unless_it_breaks(project, &splices)?;
    Ok(workspace_edit(state, project, &splices))
}

fn node(
    state: &mut State,
    root: &Path,
    environment: Option<&str>,
    address: &Address,
    to: &str,
) -> Result<Vec<Splice>, Refusal> {
    let Some(project) = state.projects.get_mut(root) else {
        return Ok(Vec::new());
    };
    let written = project.written(environment);
    edit::rename(written, address, to, Object::Kept).map_err(refused)
}

/// A use of a component, with all that it makes.
fn instance(
    state: &mut State,
    root: &Path,
    environment: Option<&str>,
    found: Found,
    to: &str,
) -> Result<Vec<Splice>, Refusal> {
    plain(to)?;
    let Some(project) = state.projects.get_mut(root) else {
        return Ok(Vec::new());
    };
    let set = project.set_within(environment);
    let name = Splice::new(found.file, found.at, edit::string(to));
    edit::rename_use(&set, project.written(environment), name, Object::Kept).map_err(refused)
}

fn refused(refusal: edit::Refusal) -> Refusal {
    match refusal {
        edit::Refusal::No { message, help } => Refusal::failed(format!("{message}; {help}")),
        edit::Refusal::Several(_) => Refusal::failed(refusal.to_string()),
    }
}

fn plain(name: &str) -> Result<(), Refusal> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    if name.is_empty()
        || !name.chars().all(is_plain)
        || name.starts_with(|c: char| c.is_ascii_digit() || c == '-')
    {
        let message = format!("`{name}` is no name: letters, digits, `-` and `_` make one");
        return Err(Refusal::failed(message));
    }
    Ok(())
}

/// What only has a name: it is written anew wherever it is mentioned.
fn others(state: &mut State, root: &Path, name: &Name, to: &str) -> Result<Vec<Splice>, Refusal> {
    plain(to)?;
    let Some(project) = state.projects.get_mut(root) else {
        return Ok(Vec::new());
    };
    let found = project.index().mentions_of(name);
    let splices = found
        .into_iter()
        .map(|found| Splice::new(found.file, found.at, to));
    Ok(splices.collect())
}

/// As on the command line, an edit that makes an error is refused.
fn unless_it_breaks(project: &Opened, splices: &[Splice]) -> Result<(), Refusal> {
    let Some(before) = &project.checked else {
        return Ok(());
    };
    let before_edit = project.set();
    let is_own = splices
        .iter()
        .all(|splice| before_edit.is_own(&splice.file));
    let edited = is_own.then(|| spliced(before_edit, splices)).flatten();
    let set = edited.ok_or_else(|| {
        Refusal::failed(
            "the edit would change one place twice, or a text that is not the project's",
        )
    })?;
    let tried = project.watch.try_out(set);
    let (_, after) = tried.map_err(|error| Refusal::failed(error.to_string()))?;
    match first_new_error(before, &after) {
        Some(error) => Err(Refusal::failed(format!(
            "the project would have a new error: {error}"
        ))),
        None => Ok(()),
    }
}
