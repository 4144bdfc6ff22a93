//! Reads and parses all files of a project: the root, what it includes, what it imports.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::lang::{Decode, Node};
use skep_schema::module::ModuleName;
use skep_schema::span::{At, FileId, Span};
use skep_schema::spec::{File, Import, Include, Project};

use super::import::{Module, import_all};
use super::neighbour::Neighbour;
use super::reading::{Part, Reading, Readings};
use super::scope::{Params, Scope};
use super::sheet::{FEW_BYTES, Sheet, read};
use super::value;
use super::words::meant;
use crate::context::{Context, Root};
use crate::edition::{EDITIONS, Edition};
use crate::lock;
use crate::source::ROOT;
use crate::syntax::{Document, NodeRef, parse};
use crate::words::there_are;

/// All syntax a project is made of.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) project: Option<Project>,
    /// Where the project says what it is, for what has no better place.
    pub(crate) head: Span,
    /// The root first, then what it includes, in order of path within each round.
    pub(crate) readings: Vec<Arc<Reading>>,
    /// Folders and standard components by the name they are imported under.
    pub(crate) modules: BTreeMap<String, Module>,
    /// Other projects by the name they are imported under.
    pub(crate) neighbours: BTreeMap<String, Neighbour>,
}

impl Loaded {
    /// All files, or what they are read in, in order of place.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Arc<Part>> {
        self.readings.iter().flat_map(|reading| &reading.parts)
    }

    pub(crate) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.parts().map(|part| &part.document)
    }

    /// All files, those of imports included.
    pub(crate) fn all_documents(&self) -> impl Iterator<Item = &Document> {
        self.documents()
            .chain(self.modules.values().flat_map(|m| &m.documents))
    }

    /// The top-level nodes of the project, in order of file and place.
    pub(crate) fn roots(&self) -> impl Iterator<Item = NodeRef<'_>> {
        self.documents().flat_map(Document::roots)
    }

    /// Those that shape the project, or seem to.
    pub(crate) fn shaping(&self) -> impl Iterator<Item = NodeRef<'_>> {
        self.parts().flat_map(|part| part.shaping())
    }
}

/// Reads whatever can be reached from the root, but for what is known already. With something that
/// is known, be it nothing, files are read in parts; without, all spans are of whole files.
pub(crate) fn load(cx: &mut Context<'_>, known: Option<&Readings>) -> Loaded {
    let start = Start {
        root: Root::Project,
        span: Span::new(FileId(0), 0, 0),
        chain: Vec::new(),
        projects: Projects::Followed,
    };
    let loaded = load_from(cx, &start, known);
    cx.files_missing = cx.decoder.diagnostics.iter().any(hides_files);
    cx.nodes_missing = cx.files_missing;
    loaded
}

/// Whether what was reported may keep files from being read.
fn hides_files(diagnostic: &Diagnostic) -> bool {
    !diagnostic.code.as_str().starts_with("SK1") && diagnostic.code != Code::BrokenLock
}

/// Where a project begins.
pub(super) struct Start {
    pub(super) root: Root,
    /// Where it is asked for.
    pub(super) span: Span,
    /// The modules that led here.
    pub(super) chain: Vec<(ModuleName, Span)>,
    pub(super) projects: Projects,
}

/// What to do with the other projects that a project imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Projects {
    Followed,
    /// Of a project that is imported itself only what it exports counts: two may import each other.
    Left,
}

pub(super) fn load_from(cx: &mut Context<'_>, start: &Start, known: Option<&Readings>) -> Loaded {
    let mut files = Loader {
        root: start.root.clone(),
        ..Loader::default()
    };
    let first = BTreeMap::from([(ROOT.to_owned(), start.span)]);
    files.include_all(cx, first, known);
    let mut loaded = Loaded {
        project: None,
        head: start.span,
        readings: files.readings,
        modules: BTreeMap::new(),
        neighbours: BTreeMap::new(),
    };
    let first = loaded.documents().next().map(Document::file);
    if let (Root::Project, Some(first)) = (&start.root, first) {
        loaded.head = Span::new(first, 0, 0);
    }
    head(cx, &mut loaded);
    report_cycles(cx, &files.edges);
    lock::load(cx, &start.root);
    (loaded.modules, loaded.neighbours) = import_all(cx, start, files.imports);
    loaded
}

/// Files of one root that are read together, and what they include.
#[derive(Default)]
pub(super) struct Loader {
    pub(super) root: Root,
    pub(super) readings: Vec<Arc<Reading>>,
    seen: BTreeSet<String>,
    /// Which file includes which, and where it says so.
    edges: BTreeMap<String, Vec<At<String>>>,
    pub(super) imports: Vec<Import>,
}

impl Loader {
    /// The files of a module, as far as they can be had.
    pub(super) fn of_module(
        cx: &mut Context<'_>,
        root: Root,
        first: BTreeMap<String, Span>,
    ) -> Self {
        let mut files = Self {
            root,
            ..Self::default()
        };
        files.include_all(cx, first, None);
        report_cycles(cx, &files.edges);
        files
    }

    /// What was read, where it is read nowhere else.
    pub(super) fn documents(self) -> Vec<Document> {
        let alone = self.readings.into_iter().filter_map(Arc::into_inner);
        let parts = alone.flat_map(|reading| reading.parts);
        let alone = parts.filter_map(Arc::into_inner);
        alone.map(|part| part.document).collect()
    }

    fn include_all(
        &mut self,
        cx: &mut Context<'_>,
        first: BTreeMap<String, Span>,
        known: Option<&Readings>,
    ) {
        let mut round = first;
        while !round.is_empty() {
            self.seen.extend(round.keys().cloned());
            let mut next = BTreeMap::new();
            for reading in read_round(cx, &self.root, &round, known) {
                let said = reading.diagnostics().cloned();
                cx.decoder.diagnostics.extend(said);
                self.follow(cx, &reading, &mut next);
                self.readings.push(reading);
            }
            next.retain(|path, _| !self.seen.contains(path));
            round = next;
        }
    }

    /// Notes what a file includes and imports, in its `project` node and at its top level.
    fn follow(&mut self, cx: &mut Context<'_>, of: &Reading, next: &mut BTreeMap<String, Span>) {
        let path = of.path.as_str();
        for node in of.shaping().flat_map(|root| {
            let inside = (meant(root) == "project").then(|| root.children());
            std::iter::once(root).chain(inside.into_iter().flatten())
        }) {
            match node.name().text {
                "include" => {
                    for file in included(cx, &self.root, path, node) {
                        next.entry(file.value.clone()).or_insert(file.span);
                        self.edges.entry(path.to_owned()).or_default().push(file);
                    }
                }
                "import" => {
                    let node = fixed(cx, node);
                    self.imports.extend(Import::decode(&node, &mut cx.decoder));
                }
                _ => {}
            }
        }
    }
}

/// The files of a round in order of path; what is not known of them is parsed in parallel.
fn read_round(
    cx: &mut Context<'_>,
    root: &Root,
    round: &BTreeMap<String, Span>,
    known: Option<&Readings>,
) -> Vec<Arc<Reading>> {
    let mut all = Vec::with_capacity(round.len());
    let (mut files, mut sheets) = (Vec::new(), Vec::new());
    for (path, span) in round {
        let bytes = cx.bytes_in(root, path);
        let before = known.and_then(|known| known.get(path));
        if let Some(same) = before.filter(|reading| bytes.as_ref() == Some(&reading.bytes)) {
            all.push(Arc::clone(same));
        } else if let Some((file, text)) = read_text(cx, root, path, *span) {
            files.extend(bytes.map(|bytes| (path.clone(), bytes)));
            sheets.push(match (known, before) {
                (None, _) => Sheet::whole(file, text),
                (Some(_), before) => sheet(cx, before, file, text),
            });
        }
    }
    let parts = read(sheets, Arc::make_mut(&mut cx.sources));
    all.extend(
        files
            .into_iter()
            .zip(parts)
            .map(|((path, bytes), parts)| Arc::new(Reading { path, bytes, parts })),
    );
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all
}

/// A text with the parts of it that are known from before.
fn sheet(
    cx: &mut Context<'_>,
    before: Option<&Arc<Reading>>,
    file: FileId,
    text: Arc<str>,
) -> Sheet {
    let edited = before.and_then(|known| Sheet::edited(known, file, Arc::clone(&text)));
    edited.unwrap_or_else(|| Sheet::cut(Arc::make_mut(&mut cx.sources), file, text))
}

/// A text of a root; one that is not there, or no text, is reported where it is asked for.
pub(super) fn read_text(
    cx: &mut Context<'_>,
    root: &Root,
    path: &str,
    span: Span,
) -> Option<(FileId, Arc<str>)> {
    let first = cx.sources.iter().next().is_none();
    let Some(bytes) = cx.spec_in(root, path, span) else {
        if first {
            cx.add_source(path, "");
        }
        return None;
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => {
            let text: Arc<str> = text.into();
            let file = cx.put_text(root, path, Arc::clone(&text));
            derive(cx, root, path, file);
            Some((file, text))
        }
        Err(wrong) => {
            let readable = String::from_utf8_lossy(bytes);
            let file = cx.add_text(root, path, &readable);
            let at = u32::try_from(wrong.valid_up_to()).unwrap_or(0);
            cx.report(
                Diagnostic::new(
                    Code::NotText,
                    Span::new(file, at, at),
                    format!("`{path}` is not UTF-8 text"),
                )
                .help("save the file as UTF-8"),
            );
            None
        }
    }
}

fn derive(cx: &mut Context<'_>, root: &Root, path: &str, file: FileId) {
    if let Some(derived) = cx.derived_in(root, path) {
        cx.derive(file, derived);
    }
}

/// Parses in parallel; the order stays.
pub(super) fn parse_all(cx: &mut Context<'_>, texts: Vec<(FileId, Arc<str>)>) -> Vec<Document> {
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    let read = |(file, text)| parse(file, text);
    let parsed: Vec<_> = if bytes <= FEW_BYTES {
        texts.into_iter().map(read).collect()
    } else {
        texts.into_par_iter().map(read).collect()
    };
    let mut documents = Vec::with_capacity(parsed.len());
    for parsed in parsed {
        cx.decoder.diagnostics.extend(parsed.diagnostics);
        documents.push(parsed.document);
    }
    documents
}

/// A node in which no paths mean anything.
fn fixed(cx: &mut Context<'_>, node: NodeRef<'_>) -> Node {
    let params = Params::new();
    value::node(cx, &Scope::fixed(&params), node)
}

/// The files an `include` names.
fn included(cx: &mut Context<'_>, root: &Root, from: &str, node: NodeRef<'_>) -> Vec<At<String>> {
    let node = fixed(cx, node);
    let Some(include) = Include::decode(&node, &mut cx.decoder) else {
        return Vec::new();
    };
    if include.files.is_empty() {
        refuse(
            cx,
            node.span,
            "`include` names no file",
            "write include \"data.kdl\"",
        );
    }
    let mut all = Vec::new();
    for pattern in include.files {
        match File::checked(&pattern.value.0) {
            None => refuse(
                cx,
                pattern.span,
                &format!("`{}` is not inside the project", pattern.value.0),
                "write a path inside the project folder, with `/` between folders",
            ),
            Some(file) if file.as_str().contains('*') => {
                all.extend(matched(cx, root, from, file.as_str(), pattern.span));
            }
            Some(file) => all.push(At::new(file.as_str().to_owned(), pattern.span)),
        }
    }
    all
}

/// The files a pattern fits; never the one that includes them.
fn matched(
    cx: &mut Context<'_>,
    root: &Root,
    from: &str,
    pattern: &str,
    span: Span,
) -> Vec<At<String>> {
    let Some(found) = cx.glob_in(root, pattern) else {
        return Vec::new();
    };
    let others: Vec<_> = found
        .iter()
        .filter(|path| *path != from)
        .map(|path| At::new(path.clone(), span))
        .collect();
    if others.is_empty() {
        refuse(
            cx,
            span,
            &format!("`{pattern}` matches no file"),
            "`*` stands within a folder, `**` for any folders",
        );
    }
    others
}

fn refuse(cx: &mut Context<'_>, span: Span, message: &str, help: &str) {
    cx.report(Diagnostic::new(Code::BadInclude, span, message).help(help));
}

/// Reads the `project` node and says when it is missing, or not where it belongs.
fn head(cx: &mut Context<'_>, loaded: &mut Loaded) {
    let Some(root) = loaded.readings.first().filter(|file| file.path == ROOT) else {
        return;
    };
    let mut roots = root.parts.iter().flat_map(|part| part.document.roots());
    let Some(first) = roots.next().filter(is_project) else {
        let message = format!("`{ROOT}` does not begin with its project");
        no_project(
            cx,
            loaded.head,
            &message,
            "write `project NAME edition=1` as the first node",
        );
        return;
    };
    let node = fixed(cx, first);
    if node.name.value != "project" {
        // The decoder says so, as of any node that it does not know.
        loaded.head = node.span;
        return;
    }
    let project = Project::decode(&node, &mut cx.decoder);
    if let Some(edition) = project
        .as_ref()
        .map(|p| p.edition)
        .filter(|e| Edition::of(e.value).is_none())
    {
        let numbers = EDITIONS.iter().map(|e| e.number.to_string());
        let known = there_are(numbers.collect::<Vec<_>>().iter().map(String::as_str));
        let newest = Edition::newest().number;
        let message = format!("this Skep knows no edition {}", edition.value);
        let help = format!(
            "{known}: write edition={newest}, or get a newer Skep; `skep explain edition` says \
             what it decides"
        );
        no_project(cx, edition.span, &message, &help);
    }
    for other in loaded.shaping().filter(is_project).skip(1) {
        let help = format!("take this one out, and keep the first of `{ROOT}`");
        no_project(
            cx,
            other.head_span(),
            "a project has one `project` node",
            &help,
        );
    }
    loaded.head = node.span;
    loaded.project = project;
}

fn is_project(node: &NodeRef<'_>) -> bool {
    meant(*node) == "project"
}

fn no_project(cx: &mut Context<'_>, span: Span, message: &str, help: &str) {
    cx.report(Diagnostic::new(Code::NoProject, span, message).help(help));
}

/// Reports each include that closes a circle. A stack instead of recursion: a chain of includes
/// is as long as its author likes.
fn report_cycles(cx: &mut Context<'_>, edges: &BTreeMap<String, Vec<At<String>>>) {
    let mut done = BTreeSet::new();
    for start in edges.keys() {
        let mut chain: Vec<(&str, usize)> = vec![(start, 0)];
        while let Some((file, next)) = chain.pop() {
            let Some(edge) = edges.get(file).and_then(|all| all.get(next)) else {
                done.insert(file);
                continue;
            };
            chain.push((file, next + 1));
            let target = edge.value.as_str();
            if let Some(at) = chain.iter().position(|(on, _)| *on == target) {
                let round: Vec<&str> = chain[at..]
                    .iter()
                    .map(|(on, _)| *on)
                    .chain([target])
                    .collect();
                refuse(
                    cx,
                    edge.span,
                    &format!("these files include each other: {}", round.join(" -> ")),
                    "take one of the includes away",
                );
            } else if !done.contains(target) {
                chain.push((target, 0));
            }
        }
    }
}
