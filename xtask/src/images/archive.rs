//! Writes an image the way `docker save` would, byte for byte the same from the same content.

use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::{Value, json};

use super::{Image, Recipe, Rootfs};
use crate::{repo, shell};

/// Builds unless the archive there is was made from the same ingredients.
pub(super) fn build(recipe: &Recipe, rootfs: &Rootfs) -> Result<Image, String> {
    let dir = repo::target()
        .join("images")
        .join(recipe.name.replace(':', "-"));
    let (key, id_file) = (dir.join("key"), dir.join("id"));
    let tag = format!("skep-test/{}", recipe.name);
    let fingerprint = rootfs.fingerprint().map_err(|e| e.to_string())?;
    let wanted = format!("{}\n{fingerprint}", config(recipe, ""));
    let file = dir.join("image.tar");
    if fs::read_to_string(&key).is_ok_and(|found| found == wanted)
        && let Ok(id) = fs::read_to_string(&id_file)
    {
        return Ok(Image { tag, id, file });
    }
    let id = write(recipe, rootfs, &tag, &dir).inspect_err(|_| drop(fs::remove_file(&key)))?;
    fs::write(&id_file, &id)
        .and_then(|()| fs::write(&key, wanted))
        .map_err(|e| e.to_string())?;
    eprintln!("built {tag}");
    Ok(Image { tag, id, file })
}

/// Writes `image.tar` into a folder of its own, which is emptied before. The image's id.
pub(crate) fn write(
    recipe: &Recipe,
    rootfs: &Rootfs,
    tag: &str,
    dir: &Path,
) -> Result<String, String> {
    let (root, parts) = (dir.join("root"), dir.join("parts"));
    shell::read("rm", &["-rf".as_ref(), dir.as_os_str()])?;
    fs::create_dir_all(&parts).map_err(|e| e.to_string())?;
    rootfs.write(&root).map_err(|e| e.to_string())?;
    let layer = parts.join("layer.tar");
    tar(&root, &layer)?;
    let config = config(recipe, &sha256(&layer)?).to_string();
    let manifest = json!([{ "Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"] }]);
    fs::write(parts.join("config.json"), config).map_err(|e| e.to_string())?;
    fs::write(parts.join("manifest.json"), manifest.to_string()).map_err(|e| e.to_string())?;
    tar(&parts, &dir.join("image.tar"))?;
    let id = sha256(&parts.join("config.json"))?;
    shell::read("rm", &["-rf".as_ref(), root.as_os_str(), parts.as_os_str()])?;
    Ok(id)
}

/// No time, no owner, one order: the same files give the same bytes.
pub(crate) fn tar(dir: &Path, to: &Path) -> Result<(), String> {
    let mut args: Vec<PathBuf> = ["--create", "--sort=name", "--mtime=@0", "--format=gnu"]
        .into_iter()
        .chain(["--owner=0", "--group=0", "--numeric-owner", "--file"])
        .map(PathBuf::from)
        .collect();
    args.extend([
        to.to_owned(),
        "--directory".into(),
        dir.to_owned(),
        ".".into(),
    ]);
    shell::read("tar", &args).map(drop)
}

fn sha256(file: &Path) -> Result<String, String> {
    let line = shell::read("sha256sum", &[file])?;
    let (digest, _) = line
        .split_once(' ')
        .ok_or("`sha256sum` printed no digest")?;
    Ok(format!("sha256:{digest}"))
}

fn config(recipe: &Recipe, layer: &str) -> Value {
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let mut environment = vec![path];
    environment.extend(recipe.env);
    json!({
        "architecture": architecture(),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": {
            "Env": environment,
            "Entrypoint": recipe.entrypoint,
            "Cmd": recipe.cmd,
            "WorkingDir": recipe.workdir,
            "StopSignal": recipe.stop_signal,
        },
        "rootfs": { "type": "layers", "diff_ids": [layer] },
    })
}

/// In the words of image manifests.
fn architecture() -> &'static str {
    match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
