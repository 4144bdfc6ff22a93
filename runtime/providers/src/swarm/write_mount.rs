//! Mounts as the engine takes them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use skep_schema::plan::{Mount, MountSource};

pub(crate) fn all(mounts: &BTreeMap<String, Mount>) -> Vec<Value> {
    mounts
        .iter()
        .map(|(path, mount)| one(path, mount))
        .collect()
}

fn one(path: &str, mount: &Mount) -> Value {
    let Mount { from, read_only } = mount;
    let mut value = match from {
        MountSource::Volume {
            name,
            driver,
            options,
            labels,
            no_copy,
            subpath,
        } => json!({
            "Type": "volume",
            "Source": (!name.is_empty()).then_some(name),
            "VolumeOptions": {
                "NoCopy": no_copy.then_some(true),
                "Labels": labels,
                "DriverConfig": {"Name": driver, "Options": options},
                "Subpath": subpath,
            },
        }),
        MountSource::Bind { path, propagation } => {
            json!({"Type": "bind", "Source": path, "BindOptions": {"Propagation": propagation}})
        }
        MountSource::Tmpfs { size, mode } => json!({
            "Type": "tmpfs",
            "TmpfsOptions": {"SizeBytes": size.map(|size| size.0), "Mode": mode.map(|mode| mode.0)},
        }),
        MountSource::Npipe { path } => json!({"Type": "npipe", "Source": path}),
    };
    value["Target"] = json!(path);
    value["ReadOnly"] = json!(read_only.then_some(true));
    value
}
