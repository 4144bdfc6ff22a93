//! A project that is looked at again when its files change.

use std::collections::BTreeMap;
use std::time::SystemTime;

use skep_compiler::source::{Inputs, LOCK, SourceSet};
use skep_compiler::{Checked, Memory};

use crate::disk;
use crate::{Project, ProjectError};

/// Looks at a project again and again, each time at no more than what changed.
#[derive(Debug)]
pub struct Watch {
    project: Project,
    memory: Memory,
    set: SourceSet,
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
        let set = project.sources(inputs)?;
        let mut watch = Self {
            project,
            memory: Memory::default(),
            set,
            stamps: BTreeMap::new(),
        };
        let checked = watch.check()?;
        Ok((watch, checked))
    }

    /// Looks again; nothing where no file is another one since the last time. It does not wait.
    ///
    /// # Errors
    /// As for [`Project::check`].
    pub fn look(&mut self) -> Result<Option<Checked>, ProjectError> {
        let stamps = self.stamps();
        let written: Vec<String> = stamps
            .iter()
            .filter(|(path, stamp)| self.stamps.get(*path) != Some(stamp))
            .map(|(path, _)| path.clone())
            .collect();
        let read = written.iter().filter(|path| self.read(path)).count();
        let found = self.find()?;
        self.stamps = stamps;
        if read == 0 && !found {
            return Ok(None);
        }
        self.check().map(Some)
    }

    fn check(&mut self) -> Result<Checked, ProjectError> {
        let set = std::mem::take(&mut self.set);
        let (set, checked) = self.project.check_with(&mut self.memory, set)?;
        self.set = set;
        // What was wanted was read just now; one that was written since is read once more.
        for (path, stamp) in self.stamps() {
            self.stamps.entry(path).or_insert(stamp);
        }
        Ok(checked)
    }

    fn stamps(&self) -> BTreeMap<String, Option<Stamp>> {
        let paths = self.set.files.keys().map(String::as_str);
        let stamp = |path: &str| (path.to_owned(), self.stamp(path));
        paths.chain([LOCK]).map(stamp).collect()
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
        let new = disk::read(self.project.root(), path);
        let old = if path == LOCK {
            Some(&mut self.set.lock)
        } else {
            self.set.files.get_mut(path)
        };
        let changed = old.filter(|old| **old != new);
        changed.map(|old| *old = new).is_some()
    }

    /// Looks for files that patterns fit now. Whether they are others.
    fn find(&mut self) -> Result<bool, ProjectError> {
        let mut others = false;
        for (pattern, known) in &mut self.set.globs {
            let found = disk::matching(self.project.root(), pattern)?;
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
