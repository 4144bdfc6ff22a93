//! `cargo xtask dist`: the program in every form that people install, each from the same build.
//!
//! The program is linked statically with glibc, so that it runs on any Linux and in an image that holds
//! nothing else. The same program gives the same bytes of every package.

mod deb;
mod image;
mod layout;
pub(crate) mod wheel;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use self::layout::Layout;
use crate::{repo, shell};

/// What a release is built with; `cargo xtask test` takes the faster `dev`.
const RELEASE: &str = "release";

/// What lists of packages say of it.
const SUMMARY: &str = "declarative config compiler for Docker Swarm";

/// The time of every file in every package: they differ where their content does.
const EPOCH: (&str, &str) = ("SOURCE_DATE_EPOCH", "315532800");

pub(crate) fn command(words: &[&str]) -> Result<(), String> {
    let profile = match words {
        [] => RELEASE,
        ["--profile", profile] => profile,
        _ => return Err("`dist` takes nothing but `--profile NAME`".to_owned()),
    };
    let folder = build(profile)?;
    print!("{}", contents(&folder)?);
    println!("in {}", folder.display());
    Ok(())
}

/// Builds the program and every package of it; the folder they are in.
pub(crate) fn build(profile: &str) -> Result<PathBuf, String> {
    let release = Release {
        version: env!("CARGO_PKG_VERSION"),
        program: program(profile)?,
        folder: repo::target().join("dist"),
    };
    empty(&release.folder)?;
    let layout = Layout::of(&release)?;
    layout.tarball(&release)?;
    deb::pack(&release, &layout)?;
    wheel::pack(&release)?;
    image::pack(&release)?;
    layout.remove()?;
    sums(&release.folder)?;
    Ok(release.folder)
}

/// What is packed, and where to.
struct Release {
    version: &'static str,
    /// Without symbols, linked statically.
    program: PathBuf,
    folder: PathBuf,
}

impl Release {
    /// `skep-0.1.0-x86_64-unknown-linux-gnu`: of what lies side by side for several machines.
    fn name(&self) -> String {
        format!("skep-{}-{}", self.version, triple())
    }
}

fn triple() -> String {
    format!("{}-unknown-linux-gnu", env::consts::ARCH)
}

/// Builds for a named target, so that the flag is for the program alone: procedural macros cannot be
/// linked statically.
fn program(profile: &str) -> Result<PathBuf, String> {
    let triple = triple();
    shell::show(
        Command::new(repo::cargo())
            .args(["build", "--quiet", "--locked", "--package", "skep"])
            .args(["--profile", profile, "--target", &triple])
            .env("RUSTFLAGS", "-Ctarget-feature=+crt-static")
            .current_dir(repo::root()),
    )?;
    let folder = if profile == "dev" { "debug" } else { profile };
    let built = repo::target().join(triple).join(folder).join("skep");
    let stripped = built.with_file_name("skep-stripped");
    shell::read(
        "strip",
        &["-o".as_ref(), stripped.as_os_str(), built.as_os_str()],
    )?;
    Ok(stripped)
}

/// `SHA256SUMS`, as `sha256sum --check` reads it.
fn sums(folder: &Path) -> Result<(), String> {
    let names = names(folder)?;
    let output = shell::capture(Command::new("sha256sum").args(names).current_dir(folder))?;
    write(&folder.join("SHA256SUMS"), &output.stdout)
}

/// Every file and its size, a line each.
fn contents(folder: &Path) -> Result<String, String> {
    let line = |name: String| {
        let metadata = fs::metadata(folder.join(&name)).map_err(|e| format!("{name}: {e}"))?;
        Ok(format!(
            "{:>8} KiB  {name}\n",
            metadata.len().div_ceil(1024)
        ))
    };
    names(folder)?.into_iter().map(line).collect()
}

/// The names of a folder's files, sorted.
fn names(folder: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut names: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// A folder without what an earlier run left in it.
fn empty(folder: &Path) -> Result<(), String> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))
}

fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), String> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent)
        .and_then(|()| fs::write(path, content))
        .map_err(|e| format!("{}: {e}", path.display()))
}
