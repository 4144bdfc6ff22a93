//! `skep/planPreview`: what the texts in the editor would change, before anything is saved.

use std::path::{Path, PathBuf};

use gen_lsp_types as lsp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skep_compiler::Compiled;
use skep_compiler::source::Inputs;
use skep_schema::address::Address;
use skep_schema::change::ChangeSet;
use skep_schema::diagnostic::{Diagnostic, Severity};
use skep_schema::plan::Plan;

use super::Refusal;
use super::write::at;
use crate::opened::Opened;
use crate::position::Lines;
use crate::server::Server;
use crate::state::State;

/// Of our own making: no editor knows it without an extension.
pub(super) const METHOD: &str = "skep/planPreview";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    /// A text of the project; without one the only project in view.
    text_document: Option<lsp::TextDocumentIdentifier>,
    environment: Option<String>,
    /// One node, where only that is of interest.
    address: Option<String>,
    work_done_token: Option<Value>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Preview {
    /// What `skep plan --base` prints for a pull request; empty where there is no plan.
    markdown: String,
    /// What it was compared with.
    against: String,
    /// The errors that keep a plan from being made.
    diagnostics: Vec<Wrong>,
}

/// An error with its file.
#[derive(Debug, Serialize)]
struct Wrong {
    uri: lsp::Uri,
    #[serde(rename = "diagnostic")]
    told: lsp::Diagnostic,
}

pub(super) fn preview(server: &mut Server<'_>, params: &Value) -> Result<Value, Refusal> {
    let params: Params = serde_json::from_value(params.clone()).map_err(|error| Refusal {
        code: lsp_server::ErrorCode::InvalidParams,
        message: error.to_string(),
    })?;
    let root = root_of(&mut server.state, params.text_document.as_ref())?;
    let token = params.work_done_token.as_ref();
    if let Some(token) = token {
        let begin = serde_json::json!({ "kind": "begin", "title": "planning" });
        server.progress(token, &begin);
    }
    let made = make(&server.state, &root, &params);
    if let Some(token) = token {
        server.progress(token, &serde_json::json!({ "kind": "end" }));
    }
    Ok(serde_json::to_value(made?).expect("plain data"))
}

/// The project that is meant.
fn root_of(
    state: &mut State,
    document: Option<&lsp::TextDocumentIdentifier>,
) -> Result<PathBuf, Refusal> {
    if let Some(document) = document {
        let page = state.page(&document.uri);
        return page
            .map(|page| page.project.root().to_owned())
            .ok_or_else(|| Refusal::failed(format!("{} is of no project", document.uri)));
    }
    let mut roots = state.projects.keys();
    match (roots.next(), roots.next()) {
        (Some(root), None) => Ok(root.clone()),
        (_, _) => Err(Refusal::failed("name a text of the project that is meant")),
    }
}

fn make(state: &State, root: &Path, params: &Params) -> Result<Preview, Refusal> {
    let project = at(state, root).ok_or_else(|| Refusal::failed("the project is not open"))?;
    let inputs = Inputs {
        environment: params
            .environment
            .clone()
            .or_else(|| state.client.environment.clone()),
        ..Inputs::default()
    };
    let failed = |error: skep_project::ProjectError| Refusal::failed(error.to_string());
    let mut compiled = project.watch.compile(inputs.clone()).map_err(failed)?;
    let Some(mut plan) = compiled.plan.take() else {
        return Ok(Preview {
            markdown: String::new(),
            against: String::new(),
            diagnostics: errors(state, project, &compiled),
        });
    };
    let (mut base, against) = base(project, &inputs, &plan);
    if let Some(address) = &params.address {
        only(&mut base, address)?;
        only(&mut plan, address)?;
    }
    let changes = ChangeSet::between(&base, &plan);
    let shown = format!("{against}; no swarm was asked");
    Ok(Preview {
        markdown: (state.host.markdown)(&changes, &plan.stack, &shown),
        against,
        diagnostics: Vec::new(),
    })
}

/// Leaves one node.
fn only(plan: &mut Plan, address: &str) -> Result<(), Refusal> {
    let address: Address = address
        .parse()
        .map_err(|_| Refusal::failed(format!("`{address}` is no address, such as service.api")))?;
    plan.nodes
        .retain(|node, _| node.kind == address.kind && node.name == address.name);
    Ok(())
}

/// What the texts are compared with: the last commit, or else what is saved, or else nothing.
fn base(project: &Opened, inputs: &Inputs, plan: &Plan) -> (Plan, String) {
    let saved = project.watch.project();
    let committed = saved.at_revision("HEAD", inputs.clone()).ok();
    if let Some(base) = committed.and_then(|compiled| compiled.plan) {
        return (base, "revision HEAD".to_owned());
    }
    let on_disk = saved.load(inputs.clone()).ok();
    match on_disk.and_then(|(_, compiled)| compiled.plan) {
        Some(base) => (base, "the saved files".to_owned()),
        None => (
            Plan::empty(&plan.project, plan.environment.as_deref()),
            "an empty project".to_owned(),
        ),
    }
}

fn errors(state: &State, project: &Opened, compiled: &Compiled) -> Vec<Wrong> {
    let errors = compiled
        .diagnostics
        .iter()
        .filter(|d| d.severity == Severity::Error);
    errors
        .map(|error| wrong(state, project, compiled, error))
        .collect()
}

fn wrong(state: &State, project: &Opened, compiled: &Compiled, error: &Diagnostic) -> Wrong {
    let span = error.primary.span;
    let path = compiled.sources.path(span.file);
    let lines = Lines::of(compiled.sources.text(span.file), state.client.encoding);
    let range = lines.range(&(span.start as usize..span.end as usize));
    Wrong {
        uri: state.address(&project.path_of(path)).0,
        told: crate::diagnose::told(error, range),
    }
}
