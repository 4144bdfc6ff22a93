//! Tools of the package index of Python, in an environment of their own below the target folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell;

pub(crate) struct Venv {
    bin: PathBuf,
}

impl Venv {
    /// Installs what is wanted, a line for each with its version, unless an earlier run has installed the
    /// same.
    pub(crate) fn install(home: &Path, wanted: &str) -> Result<Self, String> {
        fs::create_dir_all(home).map_err(|e| format!("{}: {e}", home.display()))?;
        let stamp = home.join("tools.txt");
        let venv = Self {
            bin: home.join("bin"),
        };
        if fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
            return Ok(venv);
        }
        shell::capture(Command::new("python3").args(["-m", "venv"]).arg(home))?;
        let list = home.join("wanted.txt");
        fs::write(&list, wanted).map_err(|e| format!("{}: {e}", list.display()))?;
        let install = ["install", "--quiet", "--disable-pip-version-check", "-r"];
        shell::capture(venv.command("pip").args(install).arg(&list))?;
        fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))?;
        Ok(venv)
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        Command::new(self.bin.join(program))
    }

    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }
}
