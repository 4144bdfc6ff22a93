//! Mounts as the engine has them, in the form plans have.

use std::collections::BTreeMap;

use serde_json::Value;
use skep_schema::plan::{Mount, MountSource};
use skep_schema::units::{Bytes, FileMode};

use super::json::{flag, number, text, texts};

pub(crate) fn all(mounts: &[Value]) -> BTreeMap<String, Mount> {
    mounts.iter().filter_map(one).collect()
}

fn one(mount: &Value) -> Option<(String, Mount)> {
    let owned = |pointer| text(mount, pointer).map(str::to_owned);
    let target = owned("/Target")?;
    let source = owned("/Source").unwrap_or_default();
    let from = match text(mount, "/Type") {
        Some("bind") => MountSource::Bind {
            path: source,
            propagation: owned("/BindOptions/Propagation"),
        },
        Some("tmpfs") => MountSource::Tmpfs {
            size: number(mount, "/TmpfsOptions/SizeBytes").map(Bytes),
            mode: number(mount, "/TmpfsOptions/Mode")
                .and_then(|mode| u32::try_from(mode).ok())
                .map(FileMode),
        },
        Some("npipe") => MountSource::Npipe { path: source },
        Some(_) | None => MountSource::Volume {
            name: source,
            driver: owned("/VolumeOptions/DriverConfig/Name"),
            options: texts(mount, "/VolumeOptions/DriverConfig/Options"),
            labels: texts(mount, "/VolumeOptions/Labels"),
            no_copy: flag(mount, "/VolumeOptions/NoCopy"),
            subpath: owned("/VolumeOptions/Subpath"),
        },
    };
    let mount = Mount {
        from,
        read_only: flag(mount, "/ReadOnly"),
    };
    Some((target, mount))
}
