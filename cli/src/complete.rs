//! What a shell offers while a command line is typed.
//!
//! The shell calls skep with the words so far. Whatever goes wrong then is nothing to offer: a message
//! would stand in the middle of somebody's line.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::CompleteEnv;
use clap_complete::engine::CompletionCandidate;
use skep_compiler::Compiled;
use skep_compiler::edit::{Property, Written, origins};
use skep_compiler::source::{Inputs, SourceSet};
use skep_project::Project;
use skep_schema::diagnostic::Code;

use crate::args::Cli;

/// The variable by which a shell says that it wants to know how to go on.
pub(crate) const ASKED_BY: &str = "SKEP_COMPLETE";

type Candidates = Vec<CompletionCandidate>;

/// Answers a shell and ends the process, where one asks.
pub(crate) fn answer_a_shell() {
    CompleteEnv::with_factory(Cli::command)
        .var(ASKED_BY)
        .complete();
}

/// Addresses of nodes that are written in the project.
pub(crate) fn addresses(current: &OsStr) -> Candidates {
    let all = project().map(|(set, _)| written(&set)).unwrap_or_default();
    starting(current, all)
}

/// Addresses of everything in the plan as well, and their values.
pub(crate) fn explained(current: &OsStr) -> Candidates {
    let Some((set, compiled)) = project() else {
        return codes(current);
    };
    let mut all = written(&set);
    all.extend(compiled.graph.addresses().map(ToString::to_string));
    let planned = compiled.plan.iter().flat_map(|plan| plan.nodes.keys());
    all.extend(planned.map(ToString::to_string));
    all.insert("edition".to_owned());
    all.extend(values(&set, current));
    let mut found = starting(current, all);
    found.extend(codes(current));
    found
}

/// Addresses, and the values of the one that is already typed.
pub(crate) fn properties(current: &OsStr) -> Candidates {
    let Some((set, _)) = project() else {
        return Vec::new();
    };
    let mut all = written(&set);
    all.extend(values(&set, current));
    starting(current, all)
}

/// Codes of diagnostics, each with its title.
pub(crate) fn codes(current: &OsStr) -> Candidates {
    let typed = current.to_string_lossy().to_uppercase();
    let all = Code::ALL.iter().map(|code| code.info());
    all.filter(|info| info.code.starts_with(&typed))
        .map(|info| CompletionCandidate::new(info.code).help(Some(info.title.into())))
        .collect()
}

/// Environments that the project declares.
pub(crate) fn environments(current: &OsStr) -> Candidates {
    let all = project().map(|(_, compiled)| compiled.environments);
    starting(current, all.unwrap_or_default())
}

/// The project's parameters, up to the value that is to follow.
pub(crate) fn parameters(current: &OsStr) -> Candidates {
    let all = project().map(|(_, compiled)| compiled.parameters);
    let all = all.unwrap_or_default().into_iter();
    starting(current, all.map(|name| format!("{name}=")))
}

/// Branches and tags of the project's repository.
pub(crate) fn revisions(current: &OsStr) -> Candidates {
    let project = Project::find(&folder()).ok();
    let all = project.and_then(|project| project.names().ok());
    starting(current, all.unwrap_or_default())
}

fn starting(current: &OsStr, all: impl IntoIterator<Item = String>) -> Candidates {
    let typed = current.to_string_lossy();
    let fit = all.into_iter().filter(|word| word.starts_with(&*typed));
    fit.map(CompletionCandidate::new).collect()
}

fn written(set: &SourceSet) -> BTreeSet<String> {
    let written = Written::of(set);
    written
        .addresses()
        .map(|address| address.to_string())
        .collect()
}

/// The values of the node whose address stands before a dot of the word.
fn values(set: &SourceSet, current: &OsStr) -> BTreeSet<String> {
    let typed = current.to_string_lossy();
    let Some(Ok(of)) = typed.rsplit_once('.').map(|(of, _)| of.parse::<Property>()) else {
        return BTreeSet::new();
    };
    let all = origins(set, &Written::of(set), &of.address);
    all.iter()
        .map(|origin| format!("{}.{}", of.address, origin.path))
        .collect()
}

/// The project that the command line is about, as far as it compiles.
fn project() -> Option<(SourceSet, Compiled)> {
    let inputs = Inputs {
        allow_unset_params: true,
        ..Inputs::default()
    };
    Project::find(&folder()).ok()?.load(inputs).ok()
}

/// What `-C` says on the line that is being typed.
fn folder() -> PathBuf {
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let said = words.iter().zip(words.iter().skip(1));
    let mut separate = said.filter(|(flag, _)| *flag == "-C" || *flag == "--dir");
    let joined = || {
        let mut words = words.iter();
        words.find_map(|word| {
            word.strip_prefix("--dir=")
                .or_else(|| word.strip_prefix("-C"))
        })
    };
    let folder = separate
        .next()
        .map(|(_, folder)| folder.as_str())
        .or_else(joined);
    Path::new(folder.filter(|folder| !folder.is_empty()).unwrap_or(".")).to_owned()
}
