//! Gets the Debian packages that tests need, and starts none of their services.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::{images, shell};

/// A program tests run, and the package that has it. Where Debian's releases differ, the first one
/// that the release has.
const NEEDS: &[(&str, &[&str])] = &[
    ("dockerd", &["docker.io"]),
    ("docker", &["docker-cli", "docker.io"]),
    ("containerd", &["containerd"]),
    ("runc", &["runc"]),
    ("iptables", &["iptables"]),
    ("ip", &["iproute2"]),
    ("nsenter", &["util-linux"]),
    ("setpriv", &["util-linux"]),
    ("git", &["git"]),
    ("openssl", &["openssl"]),
    ("busybox", &["busybox-static"]),
    ("tini", &["tini"]),
    ("nginx", &["nginx-light", "nginx"]),
    ("haproxy", &["haproxy"]),
    ("caddy", &["caddy"]),
    ("age", &["age"]),
    ("fish", &["fish"]),
    ("zsh", &["zsh"]),
    ("mandoc", &["mandoc"]),
    ("docker-registry", &["docker-registry"]),
    ("redis-server", &["redis-server"]),
    ("redis-cli", &["redis-tools"]),
    ("initdb", &["postgresql"]),
    ("nvim", &["neovim"]),
    ("dpkg-deb", &["dpkg"]),
    ("strip", &["binutils"]),
    ("virtualenv", &["virtualenv"]),
    ("update-ca-certificates", &["ca-certificates"]),
];

/// What dockerd needs on a machine whose kernel enforces profiles.
const APPARMOR: (&str, &[&str]) = ("apparmor_parser", &["apparmor"]);

/// Programs that this machine ought to have and does not.
pub(crate) fn missing() -> Vec<&'static str> {
    let programs = needs().map(|(program, _)| *program);
    programs.filter(|program| !is_here(program)).collect()
}

fn needs() -> impl Iterator<Item = &'static (&'static str, &'static [&'static str])> {
    let apparmor = fs::read_to_string("/sys/module/apparmor/parameters/enabled");
    let extra = apparmor
        .is_ok_and(|text| text.trim() == "Y")
        .then_some(&APPARMOR);
    NEEDS.iter().chain(extra)
}

/// Debian keeps the database server's programs outside the usual folders.
fn is_here(program: &str) -> bool {
    let server = images::postgres_home().map(|home| home.join("bin"));
    shell::find(program).is_some() || server.is_ok_and(|bin| bin.join(program).is_file())
}

/// Installs the packages of what is missing, without the packages those only recommend.
pub(crate) fn install(missing: &[&str]) -> Result<(), String> {
    let _quiet = NoServices::declare()?;
    shell::capture(apt_get().args(["update", "--quiet=2"]))?;
    let packages: Result<Vec<_>, _> = missing.iter().map(|program| package_of(program)).collect();
    let packages = packages?;
    eprintln!("installing {}", packages.join(" "));
    let install = ["install", "--yes", "--quiet=2", "--no-install-recommends"];
    shell::capture(apt_get().args(install).args(packages)).map(drop)
}

/// Waits for another apt rather than to fail, and asks nothing.
fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command
        .args(["--option", "DPkg::Lock::Timeout=300"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn package_of(program: &str) -> Result<&'static str, String> {
    let need = needs().find(|(name, _)| *name == program);
    let (_, packages) = need.ok_or_else(|| format!("no package is known to have `{program}`"))?;
    let known = |package: &&str| {
        shell::read("apt-cache", &["show", package]).is_ok_and(|text| !text.is_empty())
    };
    let found = packages.iter().copied().find(known);
    found.ok_or_else(|| format!("apt knows none of {packages:?}, which tests need for `{program}`"))
}

/// Debian's own switch against starting services on installation, for as long as this lives.
#[derive(Debug)]
struct NoServices {
    ours: bool,
}

const POLICY: &str = "/usr/sbin/policy-rc.d";
const TEXT: &str = "#!/bin/sh\n# Written by skep's xtask while it installs packages.\nexit 101\n";

impl NoServices {
    /// A policy of the machine's owner is left alone. One of ours may be left from a killed run.
    fn declare() -> Result<Self, String> {
        let found = fs::read_to_string(POLICY).ok();
        let ours = found.is_none_or(|text| text == TEXT);
        if ours {
            write_program(Path::new(POLICY), TEXT).map_err(|e| format!("{POLICY}: {e}"))?;
        }
        Ok(Self { ours })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours {
            drop(fs::remove_file(POLICY));
        }
    }
}

fn write_program(path: &Path, text: &str) -> std::io::Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}
