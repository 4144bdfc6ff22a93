//! The images of the tests, made from this machine's own Debian packages: no registry is needed.

pub(crate) mod archive;
mod recipes;
mod rootfs;

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

use self::recipes::RECIPES;
pub(crate) use self::recipes::{PLAIN, Recipe, postgres_home};
pub(crate) use self::rootfs::Rootfs;
use crate::{engine, repo, shell};

/// `cargo xtask images`: builds what has changed, loads it into the engine of `DOCKER_HOST` or, where
/// that names none, into the one started by hand.
pub(crate) fn command() -> Result<(), String> {
    let images = build()?;
    let hosts = match env::var("DOCKER_HOST") {
        Ok(host) => vec![host],
        Err(_) => engine::hosts_by_hand(),
    };
    for host in &hosts {
        load(&images, host)?;
    }
    println!(
        "{} images built, {} nodes have them",
        images.len(),
        hosts.len()
    );
    Ok(())
}

/// An image as a file that `docker load` takes.
#[derive(Debug)]
pub(crate) struct Image {
    /// `skep-test/http:1`
    tag: String,
    /// `sha256:...`, the same for the same content on every engine.
    id: String,
    file: PathBuf,
}

/// Builds every image whose ingredients have changed.
pub(crate) fn build() -> Result<Vec<Image>, String> {
    let bin = [
        "build",
        "--quiet",
        "--locked",
        "-p",
        "skep-fixtures",
        "--bin",
        "skep-test-http",
    ];
    shell::show(Command::new(repo::cargo()).args(bin))?;
    RECIPES.iter().map(build_one).collect()
}

/// Loads what the engine does not have yet.
pub(crate) fn load(images: &[Image], host: &str) -> Result<(), String> {
    let list = ["--host", host, "images", "--no-trunc", "--format"];
    let format = "{{.Repository}}:{{.Tag}} {{.ID}}";
    let present = shell::read("docker", &[&list[..], &[format]].concat())?;
    for Image { tag, id, file } in images {
        if !present.lines().any(|line| line == format!("{tag} {id}")) {
            let start = Instant::now();
            let file = file.display().to_string();
            shell::read(
                "docker",
                &["--host", host, "load", "--quiet", "--input", &file],
            )?;
            eprintln!("loaded {tag} in {:.1?}", start.elapsed());
        }
    }
    Ok(())
}

/// Loads the image with a shell and its tools into several engines.
pub(crate) fn load_smallest(images: &[Image], hosts: &[String]) -> Result<(), String> {
    let small = images
        .iter()
        .position(|image| image.tag.contains("busybox"));
    let at = small.ok_or("there is no image of busybox")?;
    hosts
        .iter()
        .try_for_each(|host| load(&images[at..=at], host))
}

fn build_one(recipe: &Recipe) -> Result<Image, String> {
    let mut rootfs = Rootfs::base()?;
    (recipe.fill)(&mut rootfs).map_err(|error| format!("image {}: {error}", recipe.name))?;
    archive::build(recipe, &rootfs).map_err(|error| format!("image {}: {error}", recipe.name))
}
