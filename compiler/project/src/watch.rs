//! A project that is looked at again when its files change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use skep_compiler::source::{File, Inputs, LOCK, SourceSet, matches};
use skep_compiler::{Checked, Compiled, Memory};

use crate::disk;
use crate::files::{Files, Open};
use crate::{Place, Project, ProjectError, compose};

/// Looks at a project again and again, each time at no more than what changed. What is open in an
/// editor stands before what is on the disk.
#[derive(Debug)]
pub struct Watch {
    project: Project,
    memory: Memory,
    set: SourceSet,
    open: Open,
    stamps: BTreeMap<String, Option<Stamp>>,
}

/// What tells that a file was written, without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
}

impl Watch {
    /// Looks for the first time.
    ///
    /// # Errors
    /// As for [`Project::check`].
    pub fn start(project: Project, inputs: Inputs) -> Result<(Self, Checked), ProjectError> {
        let mut watch = Self::of(project, inputs)?;
        let checked = watch.check()?;
        Ok((watch, checked))
    }

    /// A watch that has not looked yet.
    ///
    /// # Errors
    /// As for [`Project::sources`].
    pub fn of(project: Project, inputs: Inputs) -> Result<Self, ProjectError> {
        Ok(Self {
            set: project.sources(inputs)?,
            project,
            memory: Memory::default(),
            open: Open::new(),
            stamps: BTreeMap::new(),
        })
    }

    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The sources as they were looked at last, or are to be looked at next.
    pub fn sources(&self) -> &SourceSet {
        &self.set
    }

    /// What the last look left.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// From now on a file has this text, whatever is on the disk. Takes effect with the next check.
    pub fn open(&mut self, path: &str, text: Arc<[u8]>) {
        self.put(path, File::Bytes(Arc::clone(&text)));
        let is_new = self.open.insert(path.to_owned(), text).is_none();
        if is_new {
            self.find_among_open();
        }
    }

    /// From now on the disk says again what a file is.
    pub fn close(&mut self, path: &str) {
        if self.open.remove(path).is_some() {
            let found = disk::read(self.project.root(), path);
            if found == File::Absent {
                self.forget(path);
            } else {
                self.put(path, found);
            }
        }
    }

    /// The files that an editor has open, and the project has read.
    pub fn opened(&self) -> impl Iterator<Item = &str> {
        let known = |path: &&str| *path == LOCK || self.set.files.contains_key(*path);
        self.open.keys().map(String::as_str).filter(known)
    }

    fn put(&mut self, path: &str, file: File) {
        compose::forget(&mut self.set, path);
        if path == LOCK {
            self.set.lock = file;
        } else if let Some(known) = self.set.files.get_mut(path) {
            *known = file;
        }
    }

    /// A file that was only open fits no pattern any more.
    fn forget(&mut self, path: &str) {
        self.put(path, File::Absent);
        for found in self.set.globs.values_mut() {
            found.retain(|known| known != path);
        }
    }

    fn find_among_open(&mut self) {
        for (pattern, found) in &mut self.set.globs {
            let open = self.open.keys();
            found.extend(open.filter(|path| matches(pattern, path)).cloned());
            found.sort();
            found.dedup();
        }
    }

    /// Reads and compiles the project as it is in the editor.
    ///
    /// # Errors
    /// As for [`Project::load`].
    pub fn compile(&self, inputs: Inputs) -> Result<Compiled, ProjectError> {
        let mut set = SourceSet {
            inputs,
            ..self.set.clone()
        };
        if set.inputs.environment != self.set.inputs.environment {
            // Names in the swarm are other ones there.
            set.derived.clear();
        }
        Ok(self.place().compile_set(set)?.1)
    }

    /// Compiles what is known, in the environment it began with, and remembers all that was read for it.
    /// The next [`Watch::read_again`] compares every byte: a file may have been written meanwhile.
    ///
    /// # Errors
    /// As for [`Project::load`].
    pub fn load(&mut self) -> Result<Compiled, ProjectError> {
        let (set, compiled) = self.place().compile_set(self.set.clone())?;
        self.set = set;
        self.doubt();
        Ok(compiled)
    }

    /// The next [`Watch::read_again`] compares every byte, whatever files look like from outside.
    pub fn doubt(&mut self) {
        self.stamps.clear();
    }

    /// Fetches what the lock file pins and this machine lacks. Whether that was anything.
    ///
    /// # Errors
    /// It cannot be fetched, or is not what was pinned.
    pub fn fetch_pinned(&mut self) -> Result<bool, ProjectError> {
        let fetched = self.place().fetch_pinned(self.set.clone())?;
        self.set.modules.clear();
        Ok(fetched)
    }

    /// The folders in which files of the project are, or would be, as far as these are there.
    pub fn folders(&self) -> BTreeSet<PathBuf> {
        let root = self.project.root();
        let files = self.stamped();
        let parents = files.filter_map(|path| Some(root.join(path).parent()?.to_owned()));
        let mut folders: BTreeSet<PathBuf> = parents.collect();
        for pattern in self.set.globs.keys() {
            folders.extend(disk::folders(root, pattern));
        }
        folders.retain(|folder| folder.is_dir());
        folders
    }

    /// Looks at any other sources of the project, such as those with a fix made.
    ///
    /// # Errors
    /// As for [`Project::load`].
    pub fn try_out(&self, set: SourceSet) -> Result<(SourceSet, Checked), ProjectError> {
        self.place().check(&mut Memory::default(), set)
    }

    /// Looks again; nothing where no file is another one since the last time. It does not wait.
    ///
    /// # Errors
    /// As for [`Project::check`].
    pub fn look(&mut self) -> Result<Option<Checked>, ProjectError> {
        if self.read_again()? {
            return self.check().map(Some);
        }
        Ok(None)
    }

    /// Reads what was written on the disk. Whether anything is another one since the last time.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub fn read_again(&mut self) -> Result<bool, ProjectError> {
        let stamps = self.stamps();
        let written: Vec<String> = stamps
            .iter()
            .filter(|(path, stamp)| self.stamps.get(*path) != Some(stamp))
            .map(|(path, _)| path.clone())
            .collect();
        let read = written.iter().filter(|path| self.read(path)).count();
        let found = self.find()?;
        self.stamps = stamps;
        Ok(read > 0 || found)
    }

    /// Looks at what is known, without asking the disk for more than is missing.
    ///
    /// # Errors
    /// As for [`Project::check`].
    pub fn check(&mut self) -> Result<Checked, ProjectError> {
        let mut memory = std::mem::take(&mut self.memory);
        let looked = self.place().check(&mut memory, self.set.clone());
        self.memory = memory;
        let (set, checked) = looked?;
        self.set = set;
        // What was wanted was read just now; one that was written since is read once more.
        for (path, stamp) in self.stamps() {
            self.stamps.entry(path).or_insert(stamp);
        }
        Ok(checked)
    }

    /// The project as it is in the editor.
    fn place(&self) -> Place<'_> {
        Place {
            files: Files::Edited(self.project.root(), &self.open),
            compose: self.project.compose.as_ref(),
        }
    }

    /// The files that are looked at, by their paths in the project.
    fn stamped(&self) -> impl Iterator<Item = &str> {
        let own = self.set.files.keys().map(String::as_str);
        let own = own.filter(|path| !compose::is_elsewhere(&self.set, path));
        own.chain(compose::paths(&self.set)).chain([LOCK])
    }

    fn stamps(&self) -> BTreeMap<String, Option<Stamp>> {
        let stamp = |path: &str| (path.to_owned(), self.stamp(path));
        self.stamped().map(stamp).collect()
    }

    fn stamp(&self, path: &str) -> Option<Stamp> {
        let known = std::fs::metadata(self.project.root().join(path)).ok()?;
        Some(Stamp {
            modified: known.modified().ok(),
            bytes: known.len(),
        })
    }

    /// Reads a file again. Whether it is another one; bytes that are the same stay.
    fn read(&mut self, path: &str) -> bool {
        if self.open.contains_key(path) {
            return false;
        }
        let derived = compose::forget(&mut self.set, path);
        let new = disk::read(self.project.root(), path);
        let old = if path == LOCK {
            Some(&mut self.set.lock)
        } else {
            self.set.files.get_mut(path)
        };
        let changed = old.filter(|old| **old != new);
        changed.map(|old| *old = new).is_some() || derived
    }

    /// Looks for files that patterns fit now. Whether they are others.
    fn find(&mut self) -> Result<bool, ProjectError> {
        let mut others = false;
        let files = Files::Edited(self.project.root(), &self.open);
        for (pattern, known) in &mut self.set.globs {
            let found = files.matching(pattern)?;
            others |= *known != found;
            *known = found;
        }
        Ok(others)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(dir: &tempfile::TempDir, path: &str, text: &str) {
        fs::write(dir.path().join(path), text).expect("the folder can be written to");
    }

    fn messages(checked: Option<Checked>) -> Vec<String> {
        let found = checked.expect("something changed").diagnostics;
        found.into_iter().map(|d| d.message).collect()
    }

    #[test]
    fn what_is_written_added_and_removed_is_seen_once() {
        let dir = tempfile::tempdir().expect("there is room for a folder");
        write(
            &dir,
            "skep.kdl",
            "project shop edition=1\ninclude \"s-*.kdl\"\n",
        );
        write(&dir, "s-a.kdl", "service a { image \"a:1\" }\n");
        let project = Project::find(dir.path()).expect("it was made just now");
        let (mut watch, first) = Watch::start(project, Inputs::default()).expect("it can be read");
        assert_eq!(messages(Some(first)), [""; 0]);
        assert!(watch.look().expect("it can be read").is_none());

        write(&dir, "s-a.kdl", "service a { image \"a:1\"; needs beta }\n");
        let no_b = ["no service is called `beta`"];
        assert_eq!(messages(watch.look().expect("it can be read")), no_b);
        assert!(watch.look().expect("it can be read").is_none());

        write(&dir, "s-b.kdl", "service beta { image \"b:1\" }\n");
        assert_eq!(messages(watch.look().expect("it can be read")), [""; 0]);
        write(&dir, "s-b.kdl", "service beta { image \"b:22\" }\n");
        assert_eq!(messages(watch.look().expect("it can be read")), [""; 0]);

        fs::remove_file(dir.path().join("s-b.kdl")).expect("it is there");
        assert_eq!(messages(watch.look().expect("it can be read")), no_b);
        assert!(watch.look().expect("it can be read").is_none());
    }

    #[test]
    fn a_file_that_was_only_touched_is_not_looked_at_again() {
        let dir = tempfile::tempdir().expect("there is room for a folder");
        let text = "project shop edition=1\nservice a { image \"a:1\" }\n";
        write(&dir, "skep.kdl", text);
        let project = Project::find(dir.path()).expect("it was made just now");
        let (mut watch, _) = Watch::start(project, Inputs::default()).expect("it can be read");
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        let file = fs::File::options()
            .write(true)
            .open(dir.path().join("skep.kdl"))
            .expect("it is there");
        file.set_modified(later).expect("it is ours");
        assert!(watch.look().expect("it can be read").is_none());
    }
}
