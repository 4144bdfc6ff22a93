//! What an image holds, before it is written anywhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::shell;

/// Users that packages and configs name; the numbers mean nothing outside.
const PASSWD: &str = "\
root:x:0:0::/root:/bin/sh
www-data:x:33:33::/:/bin/false
nginx:x:33:33::/:/bin/false
postgres:x:70:70::/var/lib/postgresql:/bin/sh
haproxy:x:99:99::/:/bin/false
nobody:x:65534:65534::/:/bin/false
";
const GROUP: &str =
    "root:x:0:\nwww-data:x:33:\nnginx:x:33:\npostgres:x:70:\nhaproxy:x:99:\nnogroup:x:65534:\n";

#[derive(Debug)]
enum Entry {
    Copy(PathBuf),
    Text(String),
    Link(String),
    Dir { mode: u32 },
}

/// Files by their absolute path in the image.
#[derive(Debug, Default)]
pub(crate) struct Rootfs {
    entries: BTreeMap<PathBuf, Entry>,
}

impl Rootfs {
    /// What every image has: busybox under all its names, users, the usual folders.
    pub(super) fn base() -> Result<Self, String> {
        let mut rootfs = Self::default();
        for name in ["bin", "sbin", "lib", "lib64"] {
            rootfs.link(&format!("/{name}"), &format!("usr/{name}"));
        }
        rootfs.link("/var/run", "/run");
        for dir in [
            "/dev",
            "/proc",
            "/run",
            "/sys",
            "/root",
            "/usr/sbin",
            "/usr/lib64",
        ] {
            rootfs.dir(dir, 0o755);
        }
        rootfs.dir("/tmp", 0o1777);
        rootfs.text("/etc/passwd", PASSWD);
        rootfs.text("/etc/group", GROUP);
        rootfs.text("/etc/nsswitch.conf", "hosts: files dns\n");
        rootfs.busybox()?;
        Ok(rootfs)
    }

    pub(crate) fn dir(&mut self, path: &str, mode: u32) {
        self.entries.insert(path.into(), Entry::Dir { mode });
    }

    pub(super) fn text(&mut self, path: &str, text: &str) {
        self.entries
            .insert(path.into(), Entry::Text(text.to_owned()));
    }

    pub(super) fn link(&mut self, path: &str, target: &str) {
        self.entries
            .insert(path.into(), Entry::Link(target.to_owned()));
    }

    /// A file of this machine at the place of the caller's choice.
    pub(crate) fn copy(&mut self, from: &Path, to: impl Into<PathBuf>) {
        self.entries.insert(to.into(), Entry::Copy(from.to_owned()));
    }

    /// A folder of this machine at its own place, without the files that `keep` refuses.
    pub(super) fn tree(&mut self, dir: &Path, keep: fn(&Path) -> bool) -> Result<(), String> {
        let entries = fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                self.tree(&path, keep)?;
            } else if keep(&path) {
                self.copy(&path, &path);
            }
        }
        Ok(())
    }

    /// A program in `/usr/bin`, with the libraries it loads.
    pub(super) fn program(&mut self, program: &str) -> Result<(), String> {
        let file = shell::find(program).ok_or_else(|| format!("no program `{program}`"))?;
        self.copy(&file, Path::new("/usr/bin").join(program));
        self.libraries(&[file])
    }

    /// The libraries that programs and libraries load, at their own places.
    pub(super) fn libraries(&mut self, files: &[PathBuf]) -> Result<(), String> {
        for line in shell::read("ldd", files)?.lines() {
            if let Some(library) = library_in(line) {
                self.copy(library, in_usr(library));
            }
        }
        Ok(())
    }

    fn busybox(&mut self) -> Result<(), String> {
        let busybox = shell::find("busybox").ok_or("no program `busybox`")?;
        for name in shell::read("busybox", &["--list"])?.lines() {
            self.link(&format!("/usr/bin/{name}"), "busybox");
        }
        // It lists itself, so it comes last.
        self.copy(&busybox, "/usr/bin/busybox");
        // The static one, which is asked for, loads none, and `ldd` calls that a failure. Where
        // somebody has installed the other one, its libraries come along.
        drop(self.libraries(&[busybox]));
        Ok(())
    }

    /// Changes when any ingredient does. Files of this machine count by size and time, because
    /// reading a hundred megabytes would cost more than building too often does.
    pub(super) fn fingerprint(&self) -> io::Result<String> {
        let mut text = String::new();
        for (path, entry) in &self.entries {
            let stamp = match entry {
                Entry::Copy(from) => {
                    let facts = fs::metadata(from)?;
                    format!("{} {:?}", facts.len(), facts.modified()?)
                }
                Entry::Text(_) | Entry::Link(_) | Entry::Dir { .. } => String::new(),
            };
            writeln!(text, "{} {entry:?} {stamp}", path.display()).map_err(io::Error::other)?;
        }
        Ok(text)
    }

    /// Writes everything below a folder.
    pub(super) fn write(&self, root: &Path) -> io::Result<()> {
        for (path, entry) in &self.entries {
            let relative = path.strip_prefix("/").map_err(io::Error::other)?;
            write_entry(&root.join(relative), entry)?;
        }
        Ok(())
    }
}

fn write_entry(path: &Path, entry: &Entry) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    match entry {
        Entry::Copy(from) => fs::copy(from, path).map(drop),
        Entry::Text(text) => fs::write(path, text),
        Entry::Link(target) => symlink(target, path),
        Entry::Dir { mode } => {
            fs::create_dir_all(path)?;
            fs::set_permissions(path, fs::Permissions::from_mode(*mode))
        }
    }
}

/// `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)` or `/lib64/ld-linux-x86-64.so.2 (0x...)`
fn library_in(line: &str) -> Option<&Path> {
    let (found, _) = line.rsplit_once(" (0x")?;
    let path = found
        .rsplit_once("=> ")
        .map_or(found, |(_, path)| path)
        .trim();
    path.starts_with('/').then(|| Path::new(path))
}

/// `/lib` is a link to `/usr/lib` in the image, as in Debian.
fn in_usr(library: &Path) -> PathBuf {
    if library.starts_with("/usr") {
        return library.to_owned();
    }
    Path::new("/usr").join(library.strip_prefix("/").unwrap_or(library))
}
