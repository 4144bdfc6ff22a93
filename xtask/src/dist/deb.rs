//! The Debian package. It depends on nothing: the program brings its own library.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use super::layout::Layout;
use super::{EPOCH, Release, SUMMARY, write};
use crate::shell;

pub(super) fn pack(release: &Release, layout: &Layout) -> Result<(), String> {
    let control = layout.root().join("DEBIAN");
    write(
        &control.join("control"),
        control_file(release, size(layout.root())?),
    )?;
    write(&control.join("md5sums"), digests(layout.root())?)?;
    let name = format!("skep_{}_{}.deb", release.version, architecture());
    shell::capture(
        Command::new("dpkg-deb")
            .args(["--root-owner-group", "-Zxz", "--build"])
            .arg(layout.root())
            .arg(release.folder.join(name))
            .env(EPOCH.0, EPOCH.1),
    )?;
    fs::remove_dir_all(&control).map_err(|e| e.to_string())
}

/// What Skep starts where a project asks for it: git for modules and revisions, age for secrets.
fn control_file(release: &Release, kib: u64) -> String {
    format!(
        "Package: skep\n\
         Version: {}\n\
         Architecture: {}\n\
         Maintainer: Skep <skep@example.org>\n\
         Installed-Size: {kib}\n\
         Section: admin\n\
         Priority: optional\n\
         Recommends: git\n\
         Suggests: age, docker.io\n\
         Homepage: {}\n\
         Description: {}\n \
         Skep compiles specs of services, flows and routes into a plan, shows what\n \
         the plan would change, and applies only that to a Docker Swarm.\n",
        release.version,
        architecture(),
        env!("CARGO_PKG_REPOSITORY"),
        SUMMARY,
    )
}

/// In KiB, as `Installed-Size` counts.
fn size(root: &Path) -> Result<u64, String> {
    let told = shell::read("du", &["-sk".as_ref(), root.join("usr").as_os_str()])?;
    let kib = told.split_whitespace().next().unwrap_or_default();
    kib.parse().map_err(|_| format!("`du` printed `{told}`"))
}

/// What `dpkg --verify` compares with.
fn digests(root: &Path) -> Result<String, String> {
    let list = "find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum";
    let output = shell::capture(Command::new("sh").args(["-c", list]).current_dir(root))?;
    String::from_utf8(output.stdout).map_err(|e| e.to_string())
}

/// In Debian's words.
fn architecture() -> &'static str {
    match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
