//! What the compiler is given: files already read, and the inputs of this run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use skep_schema::diagnostic::Diagnostic;
use skep_schema::module::{Tree, TreeDigest};
use skep_schema::span::Span;

/// Everything a compile may look at. The compiler never opens a file: what it misses it names in
/// [`crate::Compiled::wanted`], and whoever has the disk reads that and compiles again.
#[derive(Clone, Debug, Default)]
pub struct SourceSet {
    /// Files by their path in the project, with forward slashes: specs and what they refer to.
    pub files: BTreeMap<String, File>,
    /// Patterns of `include` and the files they matched, sorted.
    pub globs: BTreeMap<String, Vec<String>>,
    /// `skep.lock`, which is read with every project.
    pub lock: File,
    /// What the lock file pins, by what it hashes to.
    pub modules: BTreeMap<TreeDigest, Module>,
    /// Specs that were made of compose files, by the path under which they are read.
    pub derived: BTreeMap<String, Arc<Derived>>,
    pub inputs: Inputs,
}

/// A spec that was made of files in another language. Those are what people see and edit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Derived {
    /// The spec in KDL.
    pub text: Arc<[u8]>,
    /// For each line of the text, its place in the originals.
    pub lines: Arc<[Span]>,
    /// Paths and texts by their [`skep_schema::span::FileId`] in `lines` and `diagnostics`.
    pub originals: Vec<(String, Arc<str>)>,
    /// What was said of the originals when the spec was made.
    pub diagnostics: Vec<Diagnostic>,
    /// All files that were looked at for it, so that whoever has the disk sees when it is out of date.
    pub read: BTreeMap<String, File>,
    /// Files that the text names, by their path in it, and where they are.
    pub copies: BTreeMap<String, String>,
    /// Values that stand in the originals in clear, by the variable that brings each at apply.
    pub values: BTreeMap<String, Hidden>,
}

/// A text that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A file as it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum File {
    Bytes(Arc<[u8]>),
    /// Looked for and not there.
    #[default]
    Absent,
    /// There, but it could not be read; the reason is a lowercase fragment.
    Unreadable(String),
}

/// A module as it was found on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Module {
    /// It hashes to what was wanted.
    Files(Tree),
    Absent,
    /// There is something in its place.
    Damaged,
}

/// What the person or the pipeline says beside the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    pub environment: Option<String>,
    /// `-p NAME=VALUE`, as written.
    pub params: BTreeMap<String, String>,
    /// Hold parameters without a value as unknown instead of refusing them: `check` does.
    pub allow_unset_params: bool,
    /// The test whose `given` nodes belong to the project for once.
    pub test: Option<String>,
}

/// Something a compile needed and did not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    File(String),
    /// A pattern of `include`, relative to the project.
    Glob(String),
    /// A compose file that is included, as a spec.
    Compose(String),
    /// What the lock file pins, from wherever this machine keeps it. Never from the network.
    Module(TreeDigest),
}

/// Whether an `include` of a file means a compose file.
pub fn is_compose(path: &str) -> bool {
    [".yml", ".yaml"].iter().any(|end| path.ends_with(end))
}

/// The project file every project has.
pub const ROOT: &str = "skep.kdl";

/// The file beside it that says what tags mean.
pub const LOCK: &str = "skep.lock";

impl SourceSet {
    /// A project of texts, as tests and editors have it. Everything else counts as absent.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut files: BTreeMap<String, File> = files
            .into_iter()
            .map(|(path, text)| (path.to_owned(), File::Bytes(text.as_bytes().into())))
            .collect();
        let lock = files.remove(LOCK).unwrap_or_default();
        Self {
            files,
            lock,
            ..Self::default()
        }
    }

    /// What a file says, where it is there as text.
    pub fn text(&self, path: &str) -> Option<&str> {
        match self.files.get(path)? {
            File::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            File::Absent | File::Unreadable(_) => None,
        }
    }

    /// Whether a file is of this project, and not of another one that was read beside it.
    pub fn is_own(&self, path: &str) -> bool {
        let folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        let mut projects = folders.map(|folder| format!("{folder}/{ROOT}"));
        !path.starts_with("../") && !projects.any(|project| self.files.contains_key(&project))
    }

    /// Adds what was wanted as absent, so that the next compile is the last.
    pub fn settle(&mut self, wanted: &BTreeSet<Wanted>) {
        for want in wanted {
            match want {
                Wanted::File(path) | Wanted::Compose(path) => {
                    self.files.insert(path.clone(), File::Absent);
                }
                Wanted::Glob(pattern) => {
                    let matched = self
                        .files
                        .keys()
                        .filter(|p| matches(pattern, p))
                        .cloned()
                        .collect();
                    self.globs.insert(pattern.clone(), matched);
                }
                Wanted::Module(digest) => {
                    self.modules.insert(digest.clone(), Module::Absent);
                }
            }
        }
    }
}

/// Whether a path fits a pattern of `include`: `*` within a segment, `**` over segments.
pub fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    segments_match(&pattern, &path)
}

/// Rows of a table instead of recursion: `fits[j]` says whether the pattern so far matches the
/// first `j` segments.
fn segments_match(pattern: &[&str], path: &[&str]) -> bool {
    let mut fits = vec![false; path.len() + 1];
    fits[0] = true;
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        if *part == "**" {
            let first = fits.iter().position(|f| *f).unwrap_or(next.len());
            next.iter_mut().skip(first).for_each(|f| *f = true);
        } else {
            for (j, segment) in path.iter().enumerate() {
                next[j + 1] = fits[j] && segment_matches(part, segment);
            }
        }
        fits = next;
    }
    fits[path.len()]
}

fn segment_matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            let Some(at) = rest.find(before) else {
                return false;
            };
            rest = &rest[at + before.len()..];
        }
    }
    last.map_or(rest.is_empty(), |last| rest.ends_with(last))
}

#[cfg(test)]
mod tests {
    use super::{SourceSet, matches};

    #[test]
    fn another_project_has_its_own_files() {
        let set = SourceSet::of([("skep.kdl", ""), ("a/b.kdl", ""), ("db/skep.kdl", "")]);
        for (path, own) in [
            ("skep.kdl", true),
            ("a/b.kdl", true),
            ("db/skep.kdl", false),
            ("db/more/x.kdl", false),
            ("../db/skep.kdl", false),
        ] {
            assert_eq!(set.is_own(path), own, "{path}");
        }
    }

    #[test]
    fn patterns_match_within_segments_and_across_them() {
        for (pattern, path, fits) in [
            ("*.kdl", "a.kdl", true),
            ("*.kdl", "x/a.kdl", false),
            ("**/*.kdl", "a.kdl", true),
            ("**/*.kdl", "x/y/a.kdl", true),
            ("services/*.kdl", "services/a.kdl", true),
            ("services/*.kdl", "services/a.txt", false),
            ("s*v*s/a.kdl", "services/a.kdl", true),
            ("data.kdl", "data.kdl", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, path), fits, "{pattern} {path}");
        }
    }
}
