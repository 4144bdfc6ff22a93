//! Components from elsewhere.

mod git;
mod project;

use std::collections::{BTreeMap, VecDeque};

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::nearest;
use skep_schema::module::ModuleName;
use skep_schema::span::{At, Span};
use skep_schema::spec::{File, Import, Scalar};

use super::load::{Projects, Start, parse_all, read_text};
use super::neighbour::Neighbour;
use crate::context::{Context, Root};
use crate::source::ROOT;
use crate::syntax::{Document, NodeRef};
use crate::words::there_are;

/// The longest way to another project, in bytes.
const MAX_WAY: usize = 200;

/// What is known under one imported name.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) documents: Vec<Document>,
    /// Its components see nothing but what came with it.
    pub(crate) sealed: bool,
}

/// An import that waits to be followed.
struct Pending {
    import: Import,
    /// What the files around it were read from.
    root: Root,
    /// The name of the module it stands in.
    within: Option<String>,
    /// The modules it stands in, the outermost first, and where each was imported.
    chain: Vec<(ModuleName, Span)>,
    projects: Projects,
}

/// What an import leads to.
enum Found {
    Components {
        documents: Vec<Document>,
        /// What it imports itself.
        imports: Vec<Pending>,
        sealed: bool,
    },
    Project(Box<Neighbour>),
    /// Another project, of which nothing is wanted here.
    Nothing,
}

impl Found {
    const fn plain(documents: Vec<Document>) -> Self {
        Self::Components {
            documents,
            imports: Vec::new(),
            sealed: false,
        }
    }
}

type Modules = BTreeMap<String, Module>;
type Neighbours = BTreeMap<String, Neighbour>;

/// Reads what imports name, and what that imports.
pub(super) fn import_all(
    cx: &mut Context<'_>,
    start: &Start,
    imports: Vec<Import>,
) -> (Modules, Neighbours) {
    let (mut modules, mut neighbours) = (Modules::new(), Neighbours::new());
    let mut open: VecDeque<Pending> = imports
        .into_iter()
        .map(|import| Pending {
            import,
            root: start.root.clone(),
            within: None,
            chain: start.chain.clone(),
            projects: start.projects,
        })
        .collect();
    let mut seen = BTreeMap::new();
    while let Some(pending) = open.pop_front() {
        let from = cx.decoder.diagnostics.len();
        let full = full_name(&pending);
        match import(cx, &mut seen, &pending, &full) {
            Some(Found::Components {
                documents,
                imports,
                sealed,
            }) => {
                open.extend(imports);
                let module = Module {
                    documents,
                    sealed: sealed || pending.within.is_some(),
                };
                modules.insert(full, module);
            }
            Some(Found::Project(neighbour)) => drop(neighbours.insert(full, *neighbour)),
            Some(Found::Nothing) | None => {}
        }
        let outer = pending.chain.iter().rev();
        for (_, span) in outer {
            imported_here(cx, from, *span);
        }
    }
    (modules, neighbours)
}

/// The name of what is imported, behind that of the module in which the import stands.
fn full_name(pending: &Pending) -> String {
    let alias = alias(&pending.import);
    match &pending.within {
        Some(module) => format!("{module}.{alias}"),
        None => alias,
    }
}

/// Points at an import in all that was reported since there were `from` of them.
fn imported_here(cx: &mut Context<'_>, from: usize, span: Span) {
    let sources = &cx.sources;
    let file = |span: Span| sources.whole(span).file;
    for diagnostic in &mut cx.decoder.diagnostics[from..] {
        let known = diagnostic.secondary.iter().any(|label| label.span == span);
        if file(diagnostic.primary.span) != file(span) && !known {
            *diagnostic = diagnostic.clone().and(span, "imported here");
        }
    }
}

/// Reads what one import names, where no other has that name.
fn import(
    cx: &mut Context<'_>,
    seen: &mut BTreeMap<String, Span>,
    pending: &Pending,
    full: &str,
) -> Option<Found> {
    let from = &pending.import.from;
    let before = cx.decoder.diagnostics.len();
    let found = follow(cx, pending, full)?;
    if let Some(first) = seen.insert(full.to_owned(), from.span) {
        cx.report(
            Diagnostic::new(
                Code::DeclaredTwice,
                from.span,
                format!("two imports are called `{full}`"),
            )
            .and(first, "first here")
            .help("name one of them: as=NAME"),
        );
        return None;
    }
    match &found {
        Found::Components {
            documents, sealed, ..
        } => {
            let roots = documents.iter().flat_map(Document::roots);
            for other in roots.filter(|node| !may_come(*node, *sealed)) {
                cx.report(stays(other, from.span));
            }
            refuse_of_project(cx, &pending.import);
        }
        Found::Project(_) | Found::Nothing => {}
    }
    imported_here(cx, before, from.span);
    Some(found)
}

/// Refuses what only means something of another project.
fn refuse_of_project(cx: &mut Context<'_>, import: &Import) {
    if let Some(environment) = &import.environment {
        let message = "`environment` means something of an import of another project only";
        let diagnostic = Diagnostic::new(Code::BadImport, environment.span, message);
        cx.report(diagnostic.help("take it away: components have no environments"));
    }
}

/// Whether a node may stand in a file that is imported.
fn may_come(node: NodeRef<'_>, sealed: bool) -> bool {
    match node.name().text {
        "component" => true,
        "import" | "include" => sealed,
        _ => false,
    }
}

fn stays(node: NodeRef<'_>, imported: Span) -> Diagnostic {
    let message = format!("`{}` cannot be imported", node.name().text);
    Diagnostic::new(Code::BadImport, node.head_span(), message)
        .and(imported, "imported here")
        .help("only components can; `include` takes whole files")
}

fn follow(cx: &mut Context<'_>, pending: &Pending, full: &str) -> Option<Found> {
    let from = &pending.import.from;
    let text = from.value.0.as_str();
    if let Some(repository) = text.strip_prefix("git:") {
        return git::module(cx, pending, repository, full);
    }
    refuse_of_git(cx, &pending.import);
    if let Some(name) = text.strip_prefix("std:") {
        return standard(cx, name, from).map(Found::plain);
    }
    if text.starts_with("../") {
        return beside(cx, pending, text);
    }
    if text.starts_with("./") {
        return folder(cx, pending, text);
    }
    let diagnostic = Diagnostic::new(
        Code::BadImport,
        from.span,
        format!("`{text}` cannot be imported"),
    );
    cx.report(diagnostic.help(
        "write \"std:NAME\", \"./FOLDER\", \"../PROJECT\" or \"git:REPOSITORY\" rev=\"TAG\"",
    ));
    None
}

/// Refuses what only means something of a repository.
fn refuse_of_git(cx: &mut Context<'_>, import: &Import) {
    for (word, given) in [("rev", &import.rev), ("path", &import.path)] {
        if let Some(given) = given {
            let message = format!("`{word}` means something of an import from git only");
            let diagnostic = Diagnostic::new(Code::BadImport, given.span, message);
            cx.report(diagnostic.help(format!("take `{word}` away, or write \"git:REPOSITORY\"")));
        }
    }
}

fn standard(cx: &mut Context<'_>, name: &str, from: &At<Scalar>) -> Option<Vec<Document>> {
    let Some(text) = skep_stdlib::component(name) else {
        let names = skep_stdlib::components().map(|(name, _)| name);
        let message = format!("there are no standard components called `{name}`");
        let diagnostic = Diagnostic::new(Code::BadImport, from.span, message);
        cx.report(match nearest(name, names.clone()) {
            Some(near) => diagnostic
                .label(format!("did you mean `std:{near}`?"))
                .help(format!("write \"std:{near}\"")),
            None => diagnostic.help(there_are(names)),
        });
        return None;
    };
    let file = cx.add_source(&from.value.0, text);
    Some(parse_all(cx, vec![(file, text.into())]))
}

/// Another project of the repository that this one is in.
fn beside(cx: &mut Context<'_>, pending: &Pending, text: &str) -> Option<Found> {
    let span = pending.import.from.span;
    let clean = text.trim_end_matches('/');
    let inner = clean.trim_start_matches("../");
    let is_folder = inner == ".." || File::checked(inner).is_some_and(|f| f.as_str() == inner);
    if !is_folder || inner.contains('*') || clean.len() > MAX_WAY {
        let message = format!("`{text}` is no way to another project");
        let diagnostic = Diagnostic::new(Code::BadImport, span, message);
        cx.report(diagnostic.help("write \"../FOLDER\", the folder that holds its skep.kdl"));
        return None;
    }
    match &pending.root {
        Root::Project => {
            let root = Root::Folder(clean.to_owned());
            Some(project::load(cx, pending, root, Vec::new()))
        }
        Root::Folder(_) => Some(Found::Nothing),
        Root::Module { known_as, .. } => {
            let message = format!("`{text}` leads out of `{known_as}`");
            let diagnostic = Diagnostic::new(Code::BadImport, span, message);
            cx.report(diagnostic.help("a module imports from git what is not inside of it"));
            None
        }
    }
}

fn folder(cx: &mut Context<'_>, pending: &Pending, text: &str) -> Option<Found> {
    let (root, span) = (&pending.root, pending.import.from.span);
    let clean = text.trim_end_matches('/');
    let Some(folder) = File::checked(clean).filter(|f| !f.as_str().contains('*')) else {
        let message = format!("`{text}` is not a folder inside the project");
        cx.report(Diagnostic::new(Code::BadImport, span, message).help("write \"./FOLDER\""));
        return None;
    };
    let found = cx.glob_in(root, &format!("{folder}/*.kdl"))?;
    if found.is_empty() {
        let message = format!("the folder `{folder}` holds no .kdl file");
        cx.report(Diagnostic::new(Code::BadImport, span, message));
        return None;
    }
    if found.contains(&format!("{folder}/{ROOT}")) {
        return Some(match root {
            Root::Project => {
                let root = Root::Folder(folder.as_str().to_owned());
                project::load(cx, pending, root, Vec::new())
            }
            Root::Folder(_) | Root::Module { .. } => Found::Nothing,
        });
    }
    let texts = found
        .iter()
        .filter_map(|path| read_text(cx, root, path, span))
        .collect();
    Some(Found::plain(parse_all(cx, texts)))
}

/// The name something is imported under: `std:web`, `./parts/web` and `git:../web.git` are `web`.
fn alias(import: &Import) -> String {
    if let Some(alias) = &import.alias {
        return alias.value.as_str().to_owned();
    }
    let from = import.path.as_ref().unwrap_or(&import.from);
    let last = from.value.0.trim_end_matches('/').rsplit(['/', ':']).next();
    let last = last.unwrap_or(&from.value.0);
    last.strip_suffix(".git").unwrap_or(last).to_owned()
}
