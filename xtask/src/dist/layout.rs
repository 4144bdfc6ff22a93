//! The files of an installed Skep, below `usr`, and the archive of them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Release, empty, write};
use crate::images::archive::tar;
use crate::{repo, shell};

/// Where each shell looks for completions that a package brings.
const COMPLETIONS: &[(&str, &str)] = &[
    ("bash", "usr/share/bash-completion/completions/skep"),
    ("zsh", "usr/share/zsh/vendor-completions/_skep"),
    ("fish", "usr/share/fish/vendor_completions.d/skep.fish"),
];

/// Where systemd looks for what a package brings. It is not started by itself.
const UNIT: &str = "usr/lib/systemd/system/skep.service";

const DOCUMENTS: &[&str] = &["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    /// Program, manual pages, completions, the unit of the daemon and documents, below a folder of the release's name.
    pub(super) fn of(release: &Release) -> Result<Self, String> {
        let layout = Self {
            root: release.folder.join(release.name()),
        };
        empty(&layout.root)?;
        layout.install(&release.program, "usr/bin/skep")?;
        layout.runnable("usr/bin/skep")?;
        let pages = layout.root.join("usr/share/man/man1");
        fs::create_dir_all(&pages).map_err(|e| e.to_string())?;
        layout.skep(&["man", "--out-dir", &pages.display().to_string()])?;
        for (shell, path) in COMPLETIONS {
            let script = layout.skep(&["completions", shell])?;
            write(&layout.root.join(path), script)?;
        }
        write(&layout.root.join(UNIT), include_str!("skep.service"))?;
        for name in DOCUMENTS {
            layout.install(
                &repo::root().join(name),
                &format!("usr/share/doc/skep/{name}"),
            )?;
        }
        Ok(layout)
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Everything, to be unpacked over `/` or `/usr/local` or nowhere in particular.
    pub(super) fn tarball(&self, release: &Release) -> Result<(), String> {
        let plain = release.folder.join(format!("{}.tar", release.name()));
        tar(&self.root, &plain)?;
        shell::read(
            "gzip",
            &["--no-name".as_ref(), "-9".as_ref(), plain.as_os_str()],
        )
        .map(drop)
    }

    pub(super) fn remove(self) -> Result<(), String> {
        fs::remove_dir_all(&self.root).map_err(|e| e.to_string())
    }

    fn install(&self, from: &Path, to: &str) -> Result<(), String> {
        let content = fs::read(from).map_err(|e| format!("{}: {e}", from.display()))?;
        write(&self.root.join(to), content)
    }

    fn runnable(&self, path: &str) -> Result<(), String> {
        let mode = Permissions::from_mode(0o755);
        fs::set_permissions(self.root.join(path), mode).map_err(|e| e.to_string())
    }

    fn skep(&self, words: &[&str]) -> Result<Vec<u8>, String> {
        let program = self.root.join("usr/bin/skep");
        Ok(shell::capture(Command::new(program).args(words))?.stdout)
    }
}
