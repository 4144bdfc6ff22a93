//! Where this repository and its build output are.

use std::env;
use std::path::{Path, PathBuf};

/// The folder with the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the workspace's folder")
}

/// Cargo's target folder, which also holds what the engine and the images need.
pub(crate) fn target() -> PathBuf {
    let chosen = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root().join(chosen.unwrap_or_else(|| "target".into()))
}

/// `SKEP_BIN`, or what the tests have built last.
pub(crate) fn program() -> Result<PathBuf, String> {
    let chosen = env::var_os("SKEP_BIN").map(PathBuf::from);
    let program = chosen.unwrap_or_else(|| target().join("debug/skep"));
    if program.is_file() {
        return Ok(program);
    }
    Err(format!(
        "there is no {}: cargo build -p skep",
        program.display()
    ))
}

/// The cargo that runs this task, so that a chosen toolchain stays chosen.
pub(crate) fn cargo() -> String {
    env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// This very program, also after cargo has put a newer one in its place.
pub(crate) fn this_program() -> String {
    format!("/proc/{}/exe", std::process::id())
}
