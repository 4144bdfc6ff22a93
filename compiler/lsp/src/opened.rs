//! A project that texts of the editor belong to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use gen_lsp_types as lsp;
use skep_compiler::Checked;
use skep_compiler::edit::Written;
use skep_compiler::ide::{Index, Live, View};
use skep_compiler::source::{File, Inputs, SourceSet};
use skep_project::{Project, ProjectError, Watch};

/// One project, with what is known of it.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) watch: Watch,
    index: Index,
    written: Option<Written>,
    pub(crate) checked: Option<Checked>,
    /// What keeps the project from being read at all.
    pub(crate) trouble: Option<String>,
    /// Whether something changed since the last check.
    pub(crate) stale: bool,
    /// Whether the editor may not have heard of the last check.
    pub(crate) untold: bool,
    /// What the editor was told last of each file.
    pub(crate) told: BTreeMap<String, Told>,
}

/// Diagnostics of a file as they were sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) version: Option<i32>,
    pub(crate) diagnostics: Vec<lsp::Diagnostic>,
    /// How often they were others.
    pub(crate) revision: u32,
}

impl Opened {
    pub(crate) fn of(project: Project) -> Result<Self, ProjectError> {
        Ok(Self {
            watch: Watch::of(project, Inputs::default())?,
            index: Index::default(),
            written: None,
            checked: None,
            trouble: None,
            stale: true,
            untold: true,
            told: BTreeMap::new(),
        })
    }

    pub(crate) fn root(&self) -> &Path {
        self.watch.project().root()
    }

    /// How the project names a file; nothing for one that no project of this repository could name.
    pub(crate) fn name_of(&self, path: &Path) -> Option<String> {
        let mut up = 0;
        let root = self.root().ancestors().find(|folder| {
            let is_above = path.starts_with(folder);
            up += usize::from(!is_above);
            is_above
        })?;
        let rest = path.strip_prefix(root).ok()?;
        let parts = rest.components().map(|part| match part {
            Component::Normal(name) => name.to_str(),
            Component::Prefix(_)
            | Component::RootDir
            | Component::CurDir
            | Component::ParentDir => None,
        });
        let parts: Option<Vec<&str>> = parts.collect();
        Some(format!("{}{}", "../".repeat(up), parts?.join("/")))
    }

    pub(crate) fn path_of(&self, name: &str) -> PathBuf {
        let mut path = self.root().to_owned();
        for part in name.split('/') {
            if part == ".." {
                path.pop();
            } else {
                path.push(part);
            }
        }
        path
    }

    pub(crate) fn set(&self) -> &SourceSet {
        self.watch.sources()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.set().files.get(name)? {
            File::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            File::Absent | File::Unreadable(_) => None,
        }
    }

    /// Takes over a text of the editor.
    pub(crate) fn open(&mut self, name: &str, text: &Arc<str>) {
        self.watch.open(name, Arc::from(text.as_bytes()));
        self.touched();
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.watch.close(name);
        self.touched();
    }

    /// Whatever was concluded may be wrong now.
    pub(crate) fn touched(&mut self) {
        self.stale = true;
        self.written = None;
    }

    /// Looks again where something changed.
    pub(crate) fn check(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        self.untold = true;
        match self.watch.check() {
            Ok(checked) => {
                self.checked = Some(checked);
                self.trouble = None;
            }
            Err(error) => self.trouble = Some(error.to_string()),
        }
    }

    /// The names of the project as it is in the editor.
    pub(crate) fn index(&mut self) -> &Index {
        self.index.update(self.watch.sources());
        &self.index
    }

    /// The names as they were when last asked for.
    pub(crate) fn known_index(&self) -> &Index {
        &self.index
    }

    pub(crate) fn refresh(&mut self) {
        self.index.update(self.watch.sources());
    }

    /// Asks something of the project in one environment.
    pub(crate) fn with_view<T>(
        &mut self,
        environment: Option<&str>,
        live: &Live,
        ask: impl FnOnce(&View<'_>) -> T,
    ) -> T {
        self.refresh();
        self.written(environment);
        let written = self.written.as_ref().expect("it was made just now");
        ask(&View {
            index: &self.index,
            set: self.watch.sources(),
            written,
            memory: self.watch.memory(),
            environment,
            live,
        })
    }

    /// The project's nodes, expanded, in one environment.
    pub(crate) fn written(&mut self, environment: Option<&str>) -> &Written {
        let set = self.watch.sources();
        self.written
            .get_or_insert_with(|| Written::of(&within(set, environment)))
    }

    /// The project's texts as they are read in one environment.
    pub(crate) fn set_within(&self, environment: Option<&str>) -> SourceSet {
        within(self.set(), environment)
    }

    /// The files whose diagnostics can be shown where they are.
    pub(crate) fn files(&self) -> BTreeSet<&str> {
        let files = self.set().files.iter();
        let there = files.filter(|(_, file)| !matches!(file, File::Absent));
        there.map(|(path, _)| path.as_str()).collect()
    }
}

/// Parameters without a value are unknown there.
fn within(set: &SourceSet, environment: Option<&str>) -> SourceSet {
    let mut set = set.clone();
    set.inputs.environment = environment.map(str::to_owned);
    set.inputs.allow_unset_params = true;
    set
}
