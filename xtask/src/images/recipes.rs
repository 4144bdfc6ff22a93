//! One entry an image. Where a well-known image has the same program, paths, command and
//! environment are the same too, so that a spec for one runs on the other.

use std::fs;
use std::path::{Path, PathBuf};

use super::rootfs::Rootfs;
use crate::repo;

#[derive(Debug)]
pub(crate) struct Recipe {
    /// `http:1`; the tag is `skep-test/http:1`
    pub(crate) name: &'static str,
    pub(crate) fill: fn(&mut Rootfs) -> Result<(), String>,
    pub(crate) entrypoint: &'static [&'static str],
    pub(crate) cmd: &'static [&'static str],
    pub(crate) env: &'static [&'static str],
    pub(crate) workdir: &'static str,
    pub(crate) stop_signal: &'static str,
}

/// From nothing, with nothing set.
pub(crate) const PLAIN: Recipe = Recipe {
    name: "",
    fill: |_| Ok(()),
    entrypoint: &[],
    cmd: &[],
    env: &[],
    workdir: "/",
    stop_signal: "SIGTERM",
};

/// Its program handles no signal, and a first process without a handler ignores them.
const HTTP: Recipe = Recipe {
    fill: http,
    entrypoint: &["tini", "--"],
    cmd: &["http"],
    ..PLAIN
};

pub(super) const RECIPES: &[Recipe] = &[
    // `sleep` as a first process would ignore SIGTERM for the whole grace period.
    Recipe {
        name: "busybox:1",
        cmd: &["sh"],
        stop_signal: "SIGKILL",
        ..PLAIN
    },
    Recipe {
        name: "http:1",
        env: &["VERSION=1"],
        ..HTTP
    },
    Recipe {
        name: "http:2",
        env: &["VERSION=2"],
        ..HTTP
    },
    Recipe {
        name: "redis:1",
        fill: redis,
        entrypoint: &["redis-entry.sh"],
        cmd: &["redis-server"],
        workdir: "/data",
        ..PLAIN
    },
    Recipe {
        name: "postgres:1",
        fill: postgres,
        entrypoint: &["postgres-entry.sh"],
        cmd: &["postgres"],
        env: &["PGDATA=/var/lib/postgresql/data"],
        stop_signal: "SIGINT",
        ..PLAIN
    },
    Recipe {
        name: "nginx:1",
        fill: nginx,
        cmd: &["nginx", "-g", "daemon off;"],
        stop_signal: "SIGQUIT",
        ..PLAIN
    },
    Recipe {
        name: "haproxy:1",
        fill: haproxy,
        entrypoint: &["haproxy-entry.sh"],
        cmd: &["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"],
        stop_signal: "SIGUSR1",
        ..PLAIN
    },
    Recipe {
        name: "caddy:1",
        fill: caddy,
        cmd: &[
            "caddy",
            "run",
            "--config",
            "/etc/caddy/Caddyfile",
            "--adapter",
            "caddyfile",
        ],
        env: &["XDG_CONFIG_HOME=/config", "XDG_DATA_HOME=/data"],
        ..PLAIN
    },
];

fn http(rootfs: &mut Rootfs) -> Result<(), String> {
    let built = repo::target().join("debug/skep-test-http");
    rootfs.copy(&built, "/usr/bin/http");
    rootfs.libraries(&[built])?;
    rootfs.program("tini")
}

fn redis(rootfs: &mut Rootfs) -> Result<(), String> {
    rootfs.dir("/data", 0o777);
    fixture(rootfs, "redis-entry.sh", "/usr/bin");
    rootfs.program("redis-server")?;
    rootfs.program("redis-cli")
}

/// Debian keeps the server's programs in a folder of the version's own.
fn postgres(rootfs: &mut Rootfs) -> Result<(), String> {
    let home = postgres_home()?;
    let version = home
        .file_name()
        .ok_or("the server's folder has no name")?
        .to_owned();
    let programs = [
        "postgres",
        "initdb",
        "pg_isready",
        "psql",
        "pg_ctl",
        "pg_dump",
    ];
    let bin = home.join("bin");
    for program in programs {
        let file = bin.join(program);
        rootfs.copy(&file, &file);
        rootfs.link(&format!("/usr/bin/{program}"), &file.display().to_string());
        rootfs.libraries(&[file])?;
    }
    // The compiler for queries would bring 100 MB of LLVM.
    rootfs.tree(&home.join("lib"), |path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".so") && !name.starts_with("llvmjit")
    })?;
    rootfs.tree(&Path::new("/usr/share/postgresql").join(version), |_| true)?;
    rootfs.tree(Path::new("/usr/share/zoneinfo/Etc"), |_| true)?;
    rootfs.copy(
        Path::new("/usr/share/zoneinfo/UTC"),
        "/usr/share/zoneinfo/UTC",
    );
    rootfs.program("setpriv")?;
    fixture(rootfs, "postgres-entry.sh", "/usr/bin");
    Ok(())
}

/// The folder of the newest server installed.
pub(crate) fn postgres_home() -> Result<PathBuf, String> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let number = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let homes = versions
        .map(|entry| entry.path())
        .filter(|path| path.join("bin/initdb").exists());
    homes
        .max_by_key(number)
        .ok_or_else(|| "no postgres server in /usr/lib/postgresql".to_owned())
}

fn nginx(rootfs: &mut Rootfs) -> Result<(), String> {
    for dir in ["/etc/nginx/conf.d", "/var/cache/nginx", "/var/lib/nginx"] {
        rootfs.dir(dir, 0o755);
    }
    rootfs.link("/var/log/nginx/access.log", "/dev/stdout");
    rootfs.link("/var/log/nginx/error.log", "/dev/stderr");
    rootfs.copy(Path::new("/etc/nginx/mime.types"), "/etc/nginx/mime.types");
    fixture(rootfs, "nginx.conf", "/etc/nginx");
    rootfs.text(
        "/etc/nginx/conf.d/default.conf",
        "server { listen 80; return 200 'nginx\\n'; }\n",
    );
    rootfs.program("nginx")
}

fn haproxy(rootfs: &mut Rootfs) -> Result<(), String> {
    fixture(rootfs, "haproxy-entry.sh", "/usr/bin");
    fixture(rootfs, "haproxy.cfg", "/usr/local/etc/haproxy");
    rootfs.program("haproxy")
}

fn caddy(rootfs: &mut Rootfs) -> Result<(), String> {
    rootfs.dir("/data", 0o755);
    rootfs.dir("/config", 0o755);
    fixture(rootfs, "Caddyfile", "/etc/caddy");
    rootfs.program("caddy")
}

/// A file of `fixtures/images`.
fn fixture(rootfs: &mut Rootfs, name: &str, dir: &str) {
    rootfs.copy(
        &repo::root().join("fixtures/images").join(name),
        Path::new(dir).join(name),
    );
}
