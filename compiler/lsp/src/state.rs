//! All that a session knows: the editor, its texts, and the projects they belong to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gen_lsp_types as lsp;
use skep_compiler::ide::Live;
use skep_project::{Project, free_of_links};

use crate::buffer::Buffer;
use crate::client::Client;
use crate::opened::Opened;
use crate::position::Lines;
use crate::{Host, uri};

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) client: Client,
    pub(crate) host: Host,
    /// How stacks stand, where somebody tells it.
    pub(crate) live: Arc<Live>,
    buffers: BTreeMap<PathBuf, Buffer>,
    /// By their folder.
    pub(crate) projects: BTreeMap<PathBuf, Opened>,
}

/// A text that a request is about.
#[derive(Debug)]
pub(crate) struct Page<'s> {
    pub(crate) project: &'s mut Opened,
    /// As the project names it.
    pub(crate) file: String,
    pub(crate) text: Arc<str>,
}

impl State {
    pub(crate) fn new(client: Client, host: Host) -> Self {
        Self {
            client,
            host,
            live: Arc::default(),
            buffers: BTreeMap::new(),
            projects: BTreeMap::new(),
        }
    }

    /// The project of a folder, or of the nearest one above; nothing where there is none.
    pub(crate) fn open_project(&mut self, folder: &Path) -> Option<&mut Opened> {
        let project = Project::find(folder).ok()?;
        let root = project.root().to_owned();
        if !self.projects.contains_key(&root) {
            let mut opened = Opened::of(project).ok()?;
            for (path, buffer) in &self.buffers {
                if let Some(name) = opened.name_of(path) {
                    opened.open(&name, &buffer.text);
                }
            }
            self.projects.insert(root.clone(), opened);
        }
        self.projects.get_mut(&root)
    }

    pub(crate) fn close_project(&mut self, folder: &Path) {
        let folder = free_of_links(folder);
        let buffers = &self.buffers;
        let is_used = |root: &Path| buffers.keys().any(|path| path.starts_with(root));
        self.projects
            .retain(|root, _| !root.starts_with(&folder) || is_used(root));
    }

    pub(crate) fn open(&mut self, buffer: Buffer) {
        let Some(path) = file(&buffer.uri) else {
            return;
        };
        self.buffers.insert(path.clone(), buffer);
        if let Some(folder) = path.parent() {
            self.open_project(folder);
        }
        self.spread(&path);
    }

    pub(crate) fn change(
        &mut self,
        id: &lsp::VersionedTextDocumentIdentifier,
        changes: Vec<lsp::TextDocumentContentChangeEvent>,
    ) {
        let encoding = self.client.encoding;
        let Some(path) = file(&id.text_document_identifier.uri) else {
            return;
        };
        if let Some(buffer) = self.buffers.get_mut(&path) {
            buffer.change(id.version, changes, encoding);
            self.spread(&path);
        }
    }

    pub(crate) fn close(&mut self, uri: &lsp::Uri) {
        let Some(path) = file(uri) else { return };
        self.buffers.remove(&path);
        for project in self.projects.values_mut() {
            if let Some(name) = project.name_of(&path) {
                project.close(&name);
            }
        }
    }

    /// Tells a text to the projects that may read it.
    fn spread(&mut self, path: &Path) {
        let Some(buffer) = self.buffers.get(path) else {
            return;
        };
        for project in self.projects.values_mut() {
            if let Some(name) = project.name_of(path) {
                project.open(&name, &buffer.text);
            }
        }
    }

    /// Looks on the disk for what others wrote.
    pub(crate) fn read_again(&mut self) {
        for project in self.projects.values_mut() {
            match project.watch.read_again() {
                Ok(false) => {}
                Ok(true) | Err(_) => project.touched(),
            }
        }
    }

    /// The text that a request names, in its own project.
    pub(crate) fn page(&mut self, uri: &lsp::Uri) -> Option<Page<'_>> {
        let path = file(uri)?;
        let open = self
            .buffers
            .get(&path)
            .map(|buffer| Arc::clone(&buffer.text));
        let project = self.open_project(path.parent()?)?;
        if project.checked.is_none() {
            project.check();
        }
        let name = project.name_of(&path)?;
        let text = match open {
            Some(text) => text,
            None => project.text(&name)?.into(),
        };
        Some(Page {
            project,
            file: name,
            text,
        })
    }

    /// How the editor writes a file, and the version it has where it is open there.
    pub(crate) fn address(&self, path: &Path) -> (lsp::Uri, Option<i32>) {
        match self.buffers.get(path) {
            Some(buffer) => (buffer.uri.clone(), Some(buffer.version)),
            None => (uri::of(path), None),
        }
    }

    pub(crate) fn lines<'t>(&self, text: &'t str) -> Lines<'t> {
        Lines::of(text, self.client.encoding)
    }
}

/// The file of a URI, its folder free of links.
pub(crate) fn file(uri: &lsp::Uri) -> Option<PathBuf> {
    let path = uri::path(uri)?;
    let folder = free_of_links(path.parent()?);
    Some(folder.join(path.file_name()?))
}
