//! Files as they were committed, read through the `git` program.
//!
//! Only commands that read objects are run, by argument list, with a clean environment: nothing
//! that a repository configures gets to run, and nothing is fetched.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use skep_compiler::source::{File, matches};

use crate::error::ProjectError;
use crate::files::{MAX_BYTES, MAX_FILES, too_large};

/// The longest list of files that is read, in bytes.
const MAX_LIST: u64 = 64 << 20;

/// What of git's complaints is passed on, in bytes.
const MAX_COMPLAINT: usize = 400;

/// A commit, seen from the project's folder.
#[derive(Debug)]
pub(crate) struct Revision {
    root: PathBuf,
    commit: String,
    blobs: BTreeMap<String, Blob>,
    /// The way from the top of the repository to the project's folder.
    prefix: String,
    /// All files of the commit, by their path from its top: read where another project is wanted.
    whole: OnceCell<BTreeMap<String, Blob>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Blob {
    id: String,
    pub(crate) kind: BlobKind,
    /// In bytes.
    pub(crate) size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlobKind {
    File,
    Link,
}

impl Revision {
    pub(crate) fn open(root: &Path, revision: &str) -> Result<Self, ProjectError> {
        let commit = commit(root, revision)?;
        let blobs = list(root, &commit)?;
        let prefix = run(root, &["rev-parse", "--show-prefix"], MAX_BYTES)?;
        Ok(Self {
            root: root.to_owned(),
            commit,
            blobs,
            prefix: String::from_utf8_lossy(&prefix.unwrap_or_default())
                .trim()
                .to_owned(),
            whole: OnceCell::new(),
        })
    }

    /// A commit of a bare repository, seen from a folder in it; the empty one is the top.
    pub(crate) fn in_bare(root: &Path, commit: &str, folder: &str) -> Result<Self, ProjectError> {
        let prefix = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let whole = list(root, commit)?;
        let inside = whole.iter().filter_map(|(path, blob)| {
            let path = path.strip_prefix(&prefix)?;
            Some((path.to_owned(), blob.clone()))
        });
        Ok(Self {
            root: root.to_owned(),
            commit: commit.to_owned(),
            blobs: inside.collect(),
            prefix,
            whole: OnceCell::from(whole),
        })
    }

    /// The project's folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Files by their path, and a path or pattern among them.
    fn around(&self, path: &str) -> Result<(&BTreeMap<String, Blob>, String), ProjectError> {
        if !path.starts_with("../") {
            return Ok((&self.blobs, path.to_owned()));
        }
        if self.whole.get().is_none() {
            let listed = list_at(&self.root, &self.commit, &["--full-tree"])?;
            drop(self.whole.set(listed));
        }
        let whole = self.whole.get().expect("it was set");
        // What leads out of the repository is in no list.
        Ok((whole, joined(&self.prefix, path).unwrap_or_default()))
    }

    pub(crate) fn read(&self, path: &str) -> Result<File, ProjectError> {
        let (blobs, path) = self.around(path)?;
        let Some(blob) = blobs.get(&path) else {
            return Ok(File::Absent);
        };
        if blob.kind == BlobKind::Link {
            return Ok(File::Unreadable(
                "it is a link, and links of revisions are not followed".to_owned(),
            ));
        }
        if blob.size > MAX_BYTES {
            return Ok(too_large());
        }
        Ok(File::Bytes(
            self::blob(&self.root, &self.commit, blob)?.into(),
        ))
    }

    pub(crate) fn matching(&self, pattern: &str) -> Result<Vec<String>, ProjectError> {
        let hidden = |path: &str| path.split('/').any(|part| part.starts_with('.'));
        let (blobs, inside) = self.around(pattern)?;
        let fit = blobs
            .keys()
            .filter(|path| !hidden(path) && matches(&inside, path));
        // What is found begins as the pattern does, also where that leads out of the project.
        let fixed = |text: &str| text.split('*').next().unwrap_or("").len();
        let (begins, skipped) = (&pattern[..fixed(pattern)], fixed(&inside));
        Ok(fit
            .map(|path| format!("{begins}{}", &path[skipped..]))
            .collect())
    }
}

/// The id of the commit that a revision means.
fn commit(root: &Path, revision: &str) -> Result<String, ProjectError> {
    let inside = run(root, &["rev-parse", "--is-inside-work-tree"], MAX_BYTES)?;
    if let Err(said) = inside {
        return Err(ProjectError::NoRepository {
            root: root.to_owned(),
            said,
        });
    }
    let wanted = format!("{revision}^{{commit}}");
    let words = ["rev-parse", "--verify", "--end-of-options", &wanted];
    match run(root, &words, MAX_BYTES)? {
        Ok(id) => Ok(String::from_utf8_lossy(&id).trim().to_owned()),
        Err(said) => Err(ProjectError::NoRevision {
            revision: revision.to_owned(),
            said,
        }),
    }
}

/// What branches and tags are called, those of other repositories included.
pub(crate) fn names(root: &Path) -> Result<Vec<String>, ProjectError> {
    let words = ["for-each-ref", "--format=%(refname:short)"];
    let names = run(root, &words, MAX_BYTES)?.map_err(|said| ProjectError::NoRepository {
        root: root.to_owned(),
        said,
    })?;
    let names = String::from_utf8_lossy(&names);
    Ok(names.lines().map(str::to_owned).collect())
}

/// Files below a folder that differ between the current commit and where a revision parted from it.
/// Commits are compared and no work tree, since reading that could run what a repository configures.
pub(crate) fn changed(root: &Path, revision: &str) -> Result<BTreeSet<String>, ProjectError> {
    let (base, head) = (commit(root, revision)?, commit(root, "HEAD")?);
    // A shallow clone may lack the place where they parted.
    let parted = run(root, &["merge-base", &base, &head], MAX_BYTES)?;
    let parted = parted.map_or(base.clone(), |id| {
        String::from_utf8_lossy(&id).trim().to_owned()
    });
    let words = [
        "diff-tree",
        "-r",
        "-z",
        "--name-only",
        "--no-renames",
        "--relative",
        &parted,
        &head,
    ];
    let names =
        run(root, &words, MAX_LIST)?.map_err(|said| ProjectError::Git { commit: base, said })?;
    let names = names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty());
    Ok(names
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect())
}

/// A path behind a folder, with its `..` gone; nothing where they lead out.
fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        if part == ".." {
            parts.pop()?;
        } else {
            parts.push(part);
        }
    }
    Some(parts.join("/"))
}

/// The bytes of a file of a commit.
pub(crate) fn blob(root: &Path, commit: &str, blob: &Blob) -> Result<Vec<u8>, ProjectError> {
    let read = run(root, &["cat-file", "blob", &blob.id], MAX_BYTES)?;
    read.map_err(|said| ProjectError::Git {
        commit: commit.to_owned(),
        said,
    })
}

/// All files below a folder of a work tree, by their path from there; of a bare repository, all.
pub(crate) fn list(root: &Path, commit: &str) -> Result<BTreeMap<String, Blob>, ProjectError> {
    list_at(root, commit, &[])
}

fn list_at(
    root: &Path,
    commit: &str,
    options: &[&str],
) -> Result<BTreeMap<String, Blob>, ProjectError> {
    let refuse = |said: String| ProjectError::Git {
        commit: commit.to_owned(),
        said,
    };
    let args = [&["ls-tree", "-r", "-l", "-z"], options, &[commit]].concat();
    let text = run(root, &args, MAX_LIST)?.map_err(refuse)?;
    let mut all = BTreeMap::new();
    for line in text
        .split(|byte| *byte == 0)
        .filter(|line| !line.is_empty())
    {
        // A name that is no text cannot be meant by any spec.
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        all.extend(entry(line));
        if all.len() > MAX_FILES {
            return Err(ProjectError::TooManyFiles {
                pattern: commit.to_owned(),
                limit: MAX_FILES,
            });
        }
    }
    Ok(all)
}

/// A line of `git ls-tree -l`: mode, type, id and size, then a tab and the path.
fn entry(line: &str) -> Option<(String, Blob)> {
    let (meta, path) = line.split_once('\t')?;
    let mut words = meta.split_whitespace();
    let (mode, kind, id, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if kind != "blob" {
        return None;
    }
    let kind = if mode == "120000" {
        BlobKind::Link
    } else {
        BlobKind::File
    };
    Some((
        path.to_owned(),
        Blob {
            id: id.to_owned(),
            kind,
            size: size.parse().ok()?,
        },
    ))
}

/// What git printed, or what it complained of.
pub(crate) fn run(
    root: &Path,
    args: &[&str],
    most: u64,
) -> Result<Result<Vec<u8>, String>, ProjectError> {
    let mut child = command(root)
        .args(args)
        .spawn()
        .map_err(ProjectError::NoGit)?;
    let mut out = Vec::new();
    let mut complaint = Vec::new();
    if let Some(pipe) = child.stdout.take() {
        pipe.take(most)
            .read_to_end(&mut out)
            .map_err(ProjectError::NoGit)?;
    }
    if let Some(pipe) = child.stderr.take() {
        pipe.take(MAX_COMPLAINT as u64)
            .read_to_end(&mut complaint)
            .map_err(ProjectError::NoGit)?;
    }
    let status = child.wait().map_err(ProjectError::NoGit)?;
    if status.success() {
        return Ok(Ok(out));
    }
    Ok(Err(self::complaint(&complaint)))
}

/// What git complained of first.
pub(crate) fn complaint(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let first = said.trim().lines().next().unwrap_or("");
    first.trim_start_matches("fatal: ").to_owned()
}

pub(crate) fn command(root: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(root)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in ["PATH", "SYSTEMROOT"] {
        if let Some(value) = std::env::var_os(name) {
            git.env(name, value);
        }
    }
    git.env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("LC_ALL", "C")
        .arg("--no-pager");
    for setting in [
        "core.hooksPath=/dev/null",
        "core.fsmonitor=false",
        "protocol.allow=never",
        // The owner of a repository is asked about because its configuration could run programs.
        // The commands used here run none, and pipelines often check out as another user.
        "safe.directory=*",
    ] {
        git.args(["-c", setting]);
    }
    git
}
