//! The wheel: for `pipx`, `uvx`, and hooks that come from a mirror repository.

use std::env;
use std::path::Path;
use std::process::Command;

use super::{Release, SUMMARY, write};
use crate::{repo, shell};

/// The oldest platforms that pip knows by name: a static program asks nothing of them.
const PLATFORMS: &[&str] = &["manylinux2014", "musllinux_1_1"];
const SCRIPT: &str = include_str!("wheel.py");

pub(super) fn pack(release: &Release) -> Result<(), String> {
    pack_program(&release.program, release.version, &release.folder)
}

/// Packs a program that needs no library.
pub(crate) fn pack_program(program: &Path, version: &str, folder: &Path) -> Result<(), String> {
    let script = repo::target().join("wheel.py");
    write(&script, SCRIPT)?;
    let machine = env::consts::ARCH;
    let tags: Vec<String> = PLATFORMS.iter().map(|p| format!("{p}_{machine}")).collect();
    let mut command = Command::new("python3");
    command
        .args([&script, program])
        .args([version, &metadata(version)]);
    shell::capture(command.arg(folder).arg(tags.join("."))).map(drop)
}

fn metadata(version: &str) -> String {
    format!(
        "Metadata-Version: 2.1\nName: skep\nVersion: {version}\nSummary: {}\nLicense: {}\n",
        SUMMARY,
        env!("CARGO_PKG_LICENSE"),
    )
}
