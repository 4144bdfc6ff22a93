//! The image: the program, the certificates it trusts, and nothing else. No engine is needed to make it.

use std::fs;
use std::path::Path;

use super::Release;
use crate::images::{self, PLAIN, Recipe, Rootfs};

const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

pub(super) fn pack(release: &Release) -> Result<(), String> {
    let mut rootfs = Rootfs::default();
    rootfs.copy(&release.program, "/usr/bin/skep");
    rootfs.copy(Path::new(CERTIFICATES), CERTIFICATES);
    rootfs.dir("/tmp", 0o1777);
    rootfs.dir("/project", 0o755);
    rootfs.dir("/run/skep", 0o755);
    let recipe = Recipe {
        entrypoint: &["/usr/bin/skep"],
        workdir: "/project",
        ..PLAIN
    };
    let parts = release.folder.join("image");
    let tag = format!("skep:{}", release.version);
    images::archive::write(&recipe, &rootfs, &tag, &parts)?;
    let file = release.folder.join(format!("{}.image.tar", release.name()));
    fs::rename(parts.join("image.tar"), file)
        .and_then(|()| fs::remove_dir_all(&parts))
        .map_err(|e| e.to_string())
}
