//! Where the files that a text names are looked for: in the project, or in the module it came with.

use std::sync::Arc;

use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::module::{Tree, TreeDigest};
use skep_schema::span::{FileId, Span};

use super::Context;
use crate::source::{Derived, File, LOCK, Module, Wanted, is_compose, matches};

/// A folder that nothing written in it can leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Root {
    #[default]
    Project,
    /// Another project of the same repository, by its way from this one: `../db`.
    Folder(String),
    Module {
        digest: TreeDigest,
        /// How people know it: `parts@v1.4.0`.
        known_as: String,
    },
}

impl Root {
    /// The path of a file as people are to read it.
    pub(crate) fn shown(&self, path: &str) -> String {
        match self {
            Self::Project => path.to_owned(),
            Self::Folder(folder) => format!("{folder}/{path}"),
            Self::Module { known_as, .. } => format!("{known_as}:{path}"),
        }
    }
}

impl<'a> Context<'a> {
    /// What this machine has of a pinned module; wanted where nobody looked yet.
    pub(crate) fn module(&mut self, digest: &TreeDigest) -> Option<&'a Module> {
        let found = self.set.modules.get(digest);
        if found.is_none() {
            self.wanted.insert(Wanted::Module(digest.clone()));
        }
        found
    }

    fn tree(&self, digest: &TreeDigest) -> Option<&'a Tree> {
        match self.set.modules.get(digest)? {
            Module::Files(tree) => Some(tree),
            Module::Absent | Module::Damaged => None,
        }
    }

    /// The bytes of a file of a root; wanted, or reported, when they are not there.
    pub(crate) fn read_in(&mut self, root: &Root, path: &str, span: Span) -> Option<&'a [u8]> {
        match root {
            Root::Project => self.read_own(path, span),
            Root::Folder(_) => self.read_own(&root.shown(path), span),
            Root::Module { digest, known_as } => {
                let found = self.tree(digest).and_then(|tree| tree.files.get(path));
                if found.is_none() {
                    let message = format!("there is no file `{path}` in `{known_as}`");
                    let help =
                        "paths are relative to the module's folder; links are left out of it";
                    self.report(Diagnostic::new(Code::NoSuchFile, span, message).help(help));
                }
                found.map(|bytes| &**bytes)
            }
        }
    }

    /// The files of a root that match a pattern, sorted; nothing while they are still wanted.
    pub(crate) fn glob_in(&mut self, root: &Root, pattern: &str) -> Option<Vec<String>> {
        match root {
            Root::Project => self.glob_own(pattern).map(<[String]>::to_vec),
            Root::Folder(folder) => {
                let found = self.glob_own(&root.shown(pattern))?;
                let inside =
                    |path: &String| Some(path.strip_prefix(folder)?.strip_prefix('/')?.to_owned());
                Some(found.iter().filter_map(inside).collect())
            }
            Root::Module { digest, .. } => {
                let tree = self.tree(digest)?;
                let fit = tree.files.keys().filter(|path| matches(pattern, path));
                Some(fit.cloned().collect())
            }
        }
    }

    /// The lock file that holds for a root.
    pub(crate) fn lock_of(&mut self, root: &Root) -> File {
        match root {
            // What a module imports is pinned by whoever imports the module.
            Root::Project | Root::Module { .. } => self.set.lock.clone(),
            Root::Folder(_) => {
                let path = root.shown(LOCK);
                let found = self.set.files.get(&path).cloned();
                if found.is_none() {
                    self.wanted.insert(Wanted::File(path));
                }
                found.unwrap_or_default()
            }
        }
    }

    /// What the text at a place names is looked for here.
    pub(crate) fn root_of(&self, span: Span) -> Root {
        self.roots.get(&span.file).cloned().unwrap_or_default()
    }

    /// The bytes of a file of a root, where they are there.
    pub(crate) fn bytes_in(&self, root: &Root, path: &str) -> Option<Arc<[u8]>> {
        if let Some(derived) = self.derived_in(root, path) {
            return Some(Arc::clone(&derived.text));
        }
        let own = |path: &str| match self.set.files.get(path)? {
            File::Bytes(bytes) => Some(Arc::clone(bytes)),
            File::Absent | File::Unreadable(_) => None,
        };
        match root {
            Root::Project => own(path),
            Root::Folder(_) => own(&root.shown(path)),
            Root::Module { digest, .. } => self.tree(digest)?.files.get(path).cloned(),
        }
    }

    /// What was made of a compose file of a root.
    pub(crate) fn derived_in(&self, root: &Root, path: &str) -> Option<&'a Arc<Derived>> {
        match root {
            Root::Project | Root::Folder(_) => self.set.derived.get(&root.shown(path)),
            Root::Module { .. } => None,
        }
    }

    /// The bytes of a spec of a root; wanted, or reported, when they are not there.
    pub(crate) fn spec_in(&mut self, root: &Root, path: &str, span: Span) -> Option<&'a [u8]> {
        if let Some(derived) = self.derived_in(root, path) {
            return Some(&derived.text);
        }
        if !is_compose(path) {
            return self.read_in(root, path, span);
        }
        let shown = root.shown(path);
        match (root, self.set.files.get(&shown)) {
            (Root::Module { .. }, _) => {
                let message = "a module cannot include a compose file";
                let help = "write its nodes in KDL: `skep import compose` does";
                self.report(Diagnostic::new(Code::BadInclude, span, message).help(help));
                None
            }
            (_, Some(File::Absent | File::Unreadable(_))) => self.read_own(&shown, span),
            (Root::Project | Root::Folder(_), Some(File::Bytes(_)) | None) => {
                self.wanted.insert(Wanted::Compose(shown));
                None
            }
        }
    }

    /// Tells of a spec's text what it was made of, and what was said of that.
    pub(crate) fn derive(&mut self, file: FileId, derived: &Derived) {
        let sources = Arc::make_mut(&mut self.sources);
        let originals = derived.originals.iter();
        let numbers: Vec<FileId> = originals
            .map(|(path, text)| sources.put_original(path, Arc::clone(text)))
            .collect();
        let here = |span: Span| {
            let number = numbers.get(span.file.0 as usize);
            number.map_or(span, |file| Span::new(*file, span.start, span.end))
        };
        sources.derive(file, derived.lines.iter().map(|span| here(*span)).collect());
        let said = derived.diagnostics.iter().cloned().map(|mut said| {
            said.primary.span = here(said.primary.span);
            said
        });
        let (unset, said): (Vec<_>, Vec<_>) = said.partition(|said| said.code == Code::UnsetParam);
        self.unset.extend(unset);
        self.decoder.diagnostics.extend(said);
    }

    /// Adds a text of a root to those that spans may point into.
    pub(crate) fn add_text(&mut self, root: &Root, path: &str, text: &str) -> FileId {
        let file = self.add_source(&root.shown(path), text);
        self.is_of(file, root)
    }

    /// The same of a spec, which may have had another text.
    pub(crate) fn put_text(&mut self, root: &Root, path: &str, text: Arc<str>) -> FileId {
        let path = root.shown(path);
        let known = self.sources.find(&path, &text);
        let file = known.unwrap_or_else(|| Arc::make_mut(&mut self.sources).put(&path, text));
        self.is_of(file, root)
    }

    /// The same of a file that is no spec.
    pub(crate) fn add_aside(&mut self, root: &Root, path: &str, text: &str) -> FileId {
        let path = root.shown(path);
        let known = self.sources.find(&path, text);
        let file = known.unwrap_or_else(|| Arc::make_mut(&mut self.sources).add_aside(&path, text));
        self.is_of(file, root)
    }

    fn is_of(&mut self, file: FileId, root: &Root) -> FileId {
        if self.roots.get(&file).is_none_or(|known| known != root) && *root != Root::Project {
            Arc::make_mut(&mut self.roots).insert(file, root.clone());
        }
        file
    }
}
