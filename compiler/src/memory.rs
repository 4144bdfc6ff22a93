//! Checks one after the other of a project that changes: what did not is not read again.
//!
//! Files are read in parts, runs of some dozen top-level nodes, each with a number of its own: its
//! spans count from its first byte, so that they hold when something changes in front of it. A part
//! that holds nothing but nodes of the spec is read again alone, and of the services only those are
//! looked at that stand in it or refer to something in it. Any other change (of what shapes the
//! project, of how a file is cut, of a file that is no spec, of the inputs) is met by forgetting
//! everything. What comes out is what a first check of whole files says, and of parts nothing gets
//! out; there is a test that holds them side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use skep_schema::address::{Address, Kind};
use skep_schema::diagnostic::Diagnostic;
use skep_schema::plan::Payload;
use skep_schema::span::Sources;
use skep_schema::spec::Service;

use crate::context::Context;
use crate::expand::{Loaded, Part, Readings, load, names_of_environments};
use crate::lock::Images;
use crate::report;
use crate::source::{Inputs, SourceSet};
use crate::world::{Aim, Changed, World};
use crate::{Allowed, Checked};

/// What one check leaves for the next of the same project.
#[derive(Debug, Default)]
pub struct Memory {
    set: SourceSet,
    sources: Arc<Sources>,
    readings: Readings,
    /// Of all files, in the order in which they are read.
    parts: Vec<Arc<Part>>,
    worlds: BTreeMap<Option<String>, World>,
}

impl Memory {
    /// Looks at a project without an environment and in each of them, or only in the one that the
    /// inputs name. Parameters without a value are unknown, not wrong.
    pub fn check(&mut self, set: &SourceSet) -> Checked {
        if !self.is_known_but_for_specs(set) {
            *self = Self::default();
        }
        let mut cx = Context::new(set);
        cx.sources = std::mem::take(&mut self.sources);
        let loaded = load(&mut cx, Some(&self.readings));
        let changed = self.changed(&loaded);
        if matches!(changed, Changed::All) && !self.readings.is_empty() {
            // Files are numbered in the order of a first check.
            *self = Self::default();
            return self.check(set);
        }
        let checked = self.look(cx, &loaded, &changed);
        self.keep(set, loaded, &checked);
        checked
    }

    /// The images that services are started from, in all that was looked at last.
    pub fn images(&self) -> Images {
        let mut images = Images::default();
        for world in self.worlds.values() {
            images.add(&world.understood.spec);
        }
        images
    }

    /// The project's name, as it was understood last.
    pub fn project(&self) -> Option<&str> {
        let world = self.worlds.values().next()?;
        Some(&world.understood.spec.project)
    }

    /// The names of all nodes of a kind in the environment, those that components make included, as
    /// far as they were understood last.
    pub fn names(&self, environment: Option<&str>, kind: Kind) -> Vec<&str> {
        let world = self.worlds.get(&environment.map(str::to_owned));
        world.map_or_else(Vec::new, |world| world.understood.spec.names(kind))
    }

    /// A service as it was understood last.
    pub(crate) fn service(&self, environment: Option<&str>, name: &str) -> Option<&Service> {
        let world = self.worlds.get(&environment.map(str::to_owned))?;
        Some(&world.understood.spec.services.get(name)?.node)
    }

    /// What a service of the stack was lowered to last.
    pub(crate) fn lowered(&self, environment: Option<&str>, name: &str) -> Option<&Payload> {
        let world = self.worlds.get(&environment.map(str::to_owned))?;
        let address = Address::new(Kind::Service, name);
        Some(&world.services.nodes.get(&address)?.payload)
    }

    /// Whether nothing is another than last time but texts of files that were read as specs.
    fn is_known_but_for_specs(&self, set: &SourceSet) -> bool {
        let old = &self.set;
        let mut files = old.files.iter().zip(&set.files);
        old.inputs == set.inputs
            && old.lock == set.lock
            && old.modules == set.modules
            && old.derived == set.derived
            && old.globs == set.globs
            && old.files.len() == set.files.len()
            && files.all(|((path, before), (now, content))| {
                path == now && (self.readings.contains_key(path) || before == content)
            })
    }

    /// What to look at again, when it has been read.
    fn changed(&self, loaded: &Loaded) -> Changed {
        let number = |part: &Arc<Part>| part.document.file();
        let same = self.parts.iter().map(number).eq(loaded.parts().map(number));
        if !same || self.worlds.is_empty() || !loaded.neighbours.is_empty() {
            return Changed::All;
        }
        let mut places = BTreeSet::new();
        for (place, (old, new)) in self.parts.iter().zip(loaded.parts()).enumerate() {
            if Arc::ptr_eq(old, new) {
                continue;
            }
            if old.shapes() || new.shapes() {
                return Changed::All;
            }
            places.insert(place);
        }
        Changed::Parts(places)
    }

    fn look(&mut self, mut cx: Context<'_>, loaded: &Loaded, changed: &Changed) -> Checked {
        let mut wanted = cx.wanted.clone();
        let mut diagnostics = Vec::new();
        let mut allowed = Vec::new();
        let mut nodes = 0;
        let all = if wanted.is_empty() {
            inputs(&cx, loaded)
        } else {
            Vec::new()
        };
        for inputs in &all {
            let mut within = cx.with_inputs(inputs);
            let world = self.worlds.entry(inputs.environment.clone()).or_default();
            let look = world.look(&mut within, loaded, changed, Aim::Check);
            nodes = world.resolved.graph.len().max(nodes);
            diagnostics.extend(look.diagnostics);
            allowed = report::join(allowed, look.allowed, &within.sources);
            wanted.extend(within.wanted);
            cx.sources = within.sources;
        }
        // Whether an `allow` has a use is only known when all environments were looked at.
        if cx.inputs().environment.is_none() {
            diagnostics.extend(report::without_use(&allowed, &diagnostics, &cx.sources));
        }
        let diagnostics = report::merge(diagnostics, &cx.sources);
        self.sources = cx.sources;
        Checked {
            diagnostics: report::as_written(in_files(diagnostics, &self.sources), &self.sources),
            allowed: allowed_in_files(allowed, &self.sources),
            sources: self.sources.without_parts(),
            files: loaded.readings.len(),
            nodes,
            modules: cx.modules,
            lock: cx.lock.map(Arc::unwrap_or_clone),
            wanted,
        }
    }

    fn keep(&mut self, set: &SourceSet, loaded: Loaded, checked: &Checked) {
        if !checked.wanted.is_empty() {
            *self = Self::default();
            return;
        }
        self.set = set.clone();
        self.parts = loaded.parts().cloned().collect();
        let readings = loaded.readings.into_iter();
        self.readings = readings.map(|file| (file.path.clone(), file)).collect();
    }
}

/// The same, with spans of whole files.
fn in_files(mut all: Vec<Diagnostic>, sources: &Sources) -> Vec<Diagnostic> {
    for diagnostic in &mut all {
        diagnostic.place(|span| sources.whole(span));
    }
    all
}

fn allowed_in_files(all: Vec<Allowed>, sources: &Sources) -> Vec<Allowed> {
    let moved = all.into_iter().map(|allow| Allowed {
        place: sources.whole(allow.place),
        used: allow.used.map(|used| sources.whole(used)),
        silenced: in_files(allow.silenced, sources),
        ..allow
    });
    moved.collect()
}

/// The inputs to look with: those of each environment.
fn inputs(cx: &Context<'_>, loaded: &Loaded) -> Vec<Inputs> {
    let base = Inputs {
        allow_unset_params: true,
        ..cx.inputs().clone()
    };
    if base.environment.is_some() {
        return vec![base];
    }
    let environments = names_of_environments(&mut cx.clone(), loaded);
    let others = environments.into_iter().map(|name| Inputs {
        environment: Some(name),
        ..base.clone()
    });
    std::iter::once(base.clone()).chain(others).collect()
}
