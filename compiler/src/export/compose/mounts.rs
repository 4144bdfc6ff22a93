//! What a service mounts.

use skep_schema::address::Kind;
use skep_schema::plan::{Mount, MountSource, Service};

use super::Export;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

impl Export<'_> {
    pub(super) fn mounts(&mut self, about: About<'_>, service: &Service) -> Vec<Yaml> {
        let mounts = service.mounts.iter();
        mounts
            .map(|(target, mount)| Yaml::Map(self.mount(about, target, mount)))
            .collect()
    }

    fn mount(&mut self, about: About<'_>, target: &str, mount: &Mount) -> Map {
        let (kind, source, details) = self.source(about, target, &mount.from);
        let mut map = Map::default();
        map.put("type", kind);
        map.put_full("source", source);
        map.put("target", target);
        map.put_full("read_only", mount.read_only);
        map.put_full(kind, details);
        map
    }

    /// The type of a mount, its source, and what only this type knows.
    fn source(
        &mut self,
        about: About<'_>,
        target: &str,
        from: &MountSource,
    ) -> (&'static str, String, Map) {
        let mut details = Map::default();
        match from {
            MountSource::Volume {
                name,
                no_copy,
                subpath,
                driver: _,
                options: _,
                labels: _,
            } => {
                details.put_full("nocopy", *no_copy);
                details.put_some("subpath", subpath.as_ref());
                let source = if name.is_empty() {
                    String::new()
                } else {
                    self.key(Kind::Volume, name)
                };
                ("volume", source, details)
            }
            MountSource::Bind { path, propagation } => {
                details.put_some("propagation", propagation.as_ref());
                ("bind", path.clone(), details)
            }
            MountSource::Tmpfs { size, mode } => {
                details.put_some(
                    "size",
                    size.map(|size| i64::try_from(size.0).unwrap_or(i64::MAX)),
                );
                if mode.is_some() {
                    self.findings.dropped(
                        about,
                        &format!("mount.\"{target}\".mode"),
                        "docker leaves the mode of a tmpfs out, so it is 1777",
                        "set it where the program starts",
                    );
                }
                ("tmpfs", String::new(), details)
            }
            MountSource::Npipe { path } => ("npipe", path.clone(), details),
        }
    }
}
