//! What a container finds at its paths: secrets, configs and mounts.

use skep_schema::address::Kind;
use skep_schema::plan::{FileRef, Mount, MountSource, Service};
use skep_schema::units::FileMode;

use super::Lift;
use super::write::{property, quantity, quoted, string};

/// The owner and mode of a file that says none.
const ROOT: &str = "0";
const READABLE: FileMode = FileMode(0o444);

impl Lift {
    pub(super) fn secrets(&self, service: &Service) -> Vec<String> {
        let files = service.secrets.iter();
        let lines = files.map(|(path, file)| {
            let name = self.names.of_object(Kind::Secret, &file.source);
            let usual = format!("/run/secrets/{name}");
            let target = (*path != usual).then_some(path);
            format!(
                "secret {}{}{}",
                string(name),
                property("target", target),
                owned(file)
            )
        });
        lines.collect()
    }

    pub(super) fn configs(&self, service: &Service) -> Vec<String> {
        let files = service.configs.iter();
        let lines = files.map(|(path, file)| {
            let name = self.names.of_object(Kind::Config, &file.source);
            let target = (*path != format!("/{name}")).then_some(path);
            format!(
                "config {}{}{}",
                string(name),
                property("target", target),
                owned(file)
            )
        });
        lines.collect()
    }

    pub(super) fn mounts(&mut self, of: &str, service: &Service) -> Vec<String> {
        let mounts = service.mounts.iter();
        mounts
            .filter_map(|(path, mount)| self.mount(of, path, mount))
            .collect()
    }

    fn mount(&mut self, of: &str, path: &str, mount: &Mount) -> Option<String> {
        let Mount { from, read_only } = mount;
        let end = format!(
            "{}{}",
            property("to", Some(path)),
            if *read_only { " read-only=#true" } else { "" }
        );
        Some(match from {
            MountSource::Volume { name, .. } if name.is_empty() => {
                let text = format!(
                    "{path} is a volume without a name, which a spec cannot say: give it one"
                );
                self.remark(Kind::Service, of, text);
                return None;
            }
            MountSource::Volume {
                name,
                driver: _,
                options: _,
                labels: _,
                no_copy,
                subpath,
            } => {
                let name = self.names.of_object(Kind::Volume, name);
                let no_copy = if *no_copy { " no-copy=#true" } else { "" };
                let subpath = property("subpath", subpath.as_ref());
                format!("mount volume={}{end}{no_copy}{subpath}", string(name))
            }
            MountSource::Bind { path, propagation } => {
                let propagation = property("propagation", propagation.as_ref());
                format!("mount bind={}{end}{propagation}", quoted(path))
            }
            MountSource::Tmpfs { size, mode } => {
                let size = quantity("size", *size).map(|size| size.replacen(' ', "=", 1));
                let mode = mode.map(|mode| format!("mode={mode}"));
                let further = [size, mode].into_iter().flatten();
                let further: String = further.map(|word| format!(" {word}")).collect();
                format!("mount tmpfs=#true{end}{further}")
            }
            MountSource::Npipe { path } => format!("mount npipe={}{end}", quoted(path)),
        })
    }
}

/// The owner and the mode of a file, where they are not the usual ones.
fn owned(file: &FileRef) -> String {
    let FileRef {
        source: _,
        uid,
        gid,
        mode,
    } = file;
    let id = |key: &str, id: &str| match id {
        ROOT => String::new(),
        id => format!(" {key}={id}"),
    };
    let mode = if *mode == READABLE {
        String::new()
    } else {
        format!(" mode={mode}")
    };
    format!("{}{}{mode}", id("uid", uid), id("gid", gid))
}
