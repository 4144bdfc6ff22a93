//! Components that others keep in git. What is compiled is what the lock file pins, and nothing else.

use std::collections::BTreeMap;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::module::{BadModule, CommitId, ModuleName, TreeDigest};
use skep_schema::span::Span;
use skep_schema::spec::Import;

use super::{Found, Pending, project};
use crate::context::{Context, Root};
use crate::expand::load::Loader;
use crate::source::{Module, ROOT};

/// Modules that import modules, at most.
const MAX_DEPTH: usize = 8;

/// The documents of a module, and what it imports itself.
pub(super) fn module(
    cx: &mut Context<'_>,
    pending: &Pending,
    repository: &str,
    full: &str,
) -> Option<Found> {
    let span = pending.import.from.span;
    let name = name_of(cx, &pending.import, repository)?;
    if !may_follow(cx, pending, &name) {
        return None;
    }
    cx.modules.insert(name.clone());
    let digest = pinned(cx, &name, span)?;
    if !is_here(cx, &name, &digest, span) {
        return None;
    }
    let root = Root::Module {
        digest,
        known_as: format!("{full}@{}", short(name.rev())),
    };
    let found = cx.glob_in(&root, "*.kdl")?;
    if found.is_empty() {
        let message = format!("`{name}` holds no .kdl file");
        let diagnostic = Diagnostic::new(Code::BadImport, span, message);
        cx.report(diagnostic.help("name the folder of its components: path=\"FOLDER\""));
        return None;
    }
    let mut chain = pending.chain.clone();
    chain.push((name, span));
    if found.iter().any(|path| path == ROOT) {
        return Some(project::load(cx, pending, root, chain));
    }
    let first: BTreeMap<String, Span> = found.into_iter().map(|path| (path, span)).collect();
    let mut files = Loader::of_module(cx, root, first);
    let root = files.root.clone();
    let imports = std::mem::take(&mut files.imports);
    let imports = imports.into_iter().map(|import| Pending {
        import,
        root: root.clone(),
        within: Some(full.to_owned()),
        chain: chain.clone(),
        projects: pending.projects,
    });
    Some(Found::Components {
        imports: imports.collect(),
        documents: files.documents(),
        sealed: true,
    })
}

/// What an import names, where that can be.
fn name_of(cx: &mut Context<'_>, import: &Import, repository: &str) -> Option<ModuleName> {
    let from = &import.from;
    let Some(rev) = &import.rev else {
        let message = "an import from git needs a `rev`";
        let diagnostic = Diagnostic::new(Code::MissingValue, from.span, message);
        cx.report(diagnostic.help("name a tag, a branch or a commit: rev=\"v1.0.0\""));
        return None;
    };
    let folder = import.path.as_ref();
    let text = folder.map_or("", |folder| folder.value.0.as_str());
    let (span, message, help) = match ModuleName::checked(repository, &rev.value.0, text) {
        Ok(name) => return Some(name),
        Err(BadModule::Repository) => (
            from.span,
            format!("`{repository}` is no repository that can be asked"),
            "write git:https://HOST/PATH, git:ssh://USER@HOST/PATH, git:USER@HOST:PATH or \
             git:file:///PATH",
        ),
        Err(BadModule::Login) => (
            from.span,
            "a login cannot stand in the address of a repository".to_owned(),
            "take it out; private repositories are asked by ssh, with its keys",
        ),
        Err(BadModule::Rev) => (
            rev.span,
            format!("`{}` is no tag, branch or commit", rev.value.0),
            "write one name, such as rev=\"v1.0.0\"",
        ),
        Err(BadModule::Folder) => (
            folder.map_or(from.span, |folder| folder.span),
            format!("`{text}` is not a folder inside the repository"),
            "write a path from the top of the repository, such as path=\"parts/web\"",
        ),
    };
    cx.report(Diagnostic::new(Code::BadImport, span, message).help(help));
    None
}

/// Modules that lead back to themselves, or too far, are not followed.
fn may_follow(cx: &mut Context<'_>, pending: &Pending, name: &ModuleName) -> bool {
    let chain = &pending.chain;
    let span = pending.import.from.span;
    if let Some(at) = chain.iter().position(|(on, _)| on == name) {
        let round = chain[at..].iter().map(|(on, _)| on.to_string());
        let round: Vec<String> = round.chain([name.to_string()]).collect();
        let message = format!("these modules import each other: {}", round.join(" -> "));
        let diagnostic = Diagnostic::new(Code::BadImport, span, message);
        cx.report(diagnostic.help("one of them has to do without the other"));
        return false;
    }
    if chain.len() >= MAX_DEPTH {
        let message = format!("modules are imported by modules deeper than {MAX_DEPTH}");
        let diagnostic = Diagnostic::new(Code::TooMuch, span, message);
        cx.report(diagnostic.help("import what is needed from where it is"));
        return false;
    }
    true
}

/// What the lock file says a module is.
fn pinned(cx: &mut Context<'_>, name: &ModuleName, span: Span) -> Option<TreeDigest> {
    let pin = cx.lock.as_ref().and_then(|lock| lock.modules.get(name));
    if let Some(pin) = pin {
        return Some(pin.digest.clone());
    }
    // Of a lock file that is broken, that is all there is to say.
    if !cx
        .decoder
        .diagnostics
        .iter()
        .any(|d| d.code == Code::BrokenLock)
    {
        let message = format!("`{name}` is not in skep.lock");
        let diagnostic = Diagnostic::new(Code::NotPinned, span, message);
        cx.report(diagnostic.help("run `skep lock`: it fetches the module and pins what it is"));
    }
    None
}

/// Whether the files of a module are on this machine, and are what they were.
fn is_here(cx: &mut Context<'_>, name: &ModuleName, digest: &TreeDigest, span: Span) -> bool {
    let message = match cx.module(digest) {
        None => return false,
        Some(Module::Files(_)) => return true,
        Some(Module::Absent) => format!("`{name}` is not on this machine"),
        Some(Module::Damaged) => format!("`{name}` is not what it was on this machine"),
    };
    let diagnostic = Diagnostic::new(Code::ModuleAway, span, message);
    cx.report(diagnostic.help("run `skep lock`: it fetches what skep.lock pins"));
    false
}

/// A revision as it is shown: of a commit, enough to know it again.
fn short(rev: &str) -> &str {
    CommitId::parse(rev).map_or(rev, |_| &rev[..12])
}
