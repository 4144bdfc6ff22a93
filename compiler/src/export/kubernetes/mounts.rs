//! What a container mounts.

use std::collections::BTreeSet;

use skep_schema::address::Kind;
use skep_schema::plan::{Mount, MountSource, Service};
use skep_schema::units::{Bytes, FileMode};

use super::Export;
use super::claims::Claim;
use super::template::is_template;
use super::text::size;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

/// Where volumes lie on a machine that all its pods share.
const ON_MACHINE: &str = "/var/lib/skep";

/// A mount of a container.
struct Mounted {
    /// Of the pod's volume.
    name: String,
    /// What the volume is; nothing where it is no part of the pod.
    volume: Option<Map>,
    /// What is said of the mount alone.
    told: Map,
}

impl Export<'_> {
    pub(super) fn mounts(
        &mut self,
        about: About<'_>,
        service: &Service,
        volumes: &mut Vec<Yaml>,
    ) -> Vec<Yaml> {
        let mut mounts = Vec::new();
        // What is mounted twice is one volume of the pod.
        let mut known = BTreeSet::new();
        for (at, (path, mount)) in service.mounts.iter().enumerate() {
            let Mount { from, read_only } = mount;
            let own = format!("{}-mount", at + 1);
            let Mounted { name, volume, told } = self.mounted(about, path, from, own);
            let volume = volume.filter(|_| known.insert(name.clone()));
            volumes.extend(volume.map(|volume| called(&name, volume)));
            let mut map = Map::default();
            map.put("name", name);
            map.put("mountPath", path);
            map.0.extend(told.0);
            map.put_full("readOnly", *read_only);
            mounts.push(Yaml::Map(map));
        }
        mounts
    }

    fn mounted(
        &mut self,
        about: About<'_>,
        path: &str,
        from: &MountSource,
        own: String,
    ) -> Mounted {
        let mut told = Map::default();
        let (name, volume) = match from {
            MountSource::Volume {
                name,
                no_copy,
                subpath,
                // Those of the volume's own node say the same.
                driver: _,
                options: _,
                labels: _,
            } => {
                told.put_some("subPath", subpath.as_ref());
                self.copied(about, path, *no_copy);
                if name.is_empty() {
                    (own, Some(section("emptyDir", Map::default())))
                } else {
                    (self.name(Kind::Volume, name), self.of_claim(name))
                }
            }
            MountSource::Bind {
                path: on,
                propagation,
            } => {
                let near = self.propagation(about, path, propagation.as_deref());
                told.put_some("mountPropagation", near);
                (own, Some(self.on_machine(about, path, on)))
            }
            MountSource::Tmpfs { size, mode } => {
                (own, Some(self.in_memory(about, path, *size, *mode)))
            }
            MountSource::Npipe { path: pipe } => (own, Some(self.on_machine(about, path, pipe))),
        };
        Mounted { name, volume, told }
    }

    fn in_memory(
        &mut self,
        about: About<'_>,
        path: &str,
        most: Option<Bytes>,
        mode: Option<FileMode>,
    ) -> Map {
        if mode.is_some() {
            let reason = "kubernetes leaves the mode of a folder in memory at 777";
            let next = "set it where the program starts";
            let property = format!("mount.\"{path}\".mode");
            self.findings.dropped(about, &property, reason, next);
        }
        let mut how = Map::default();
        how.put("medium", "Memory");
        how.put_some("sizeLimit", most.map(size));
        section("emptyDir", how)
    }

    /// Docker fills a new volume with what the image has at its place.
    fn copied(&mut self, about: About<'_>, path: &str, no_copy: bool) {
        if !no_copy {
            let reason = "a claim begins empty: nothing of the image is copied to it";
            let next = "say no-copy where the image has nothing at this path";
            let property = format!("mount.\"{path}\".no-copy");
            self.findings.near(about, &property, reason, next);
        }
    }

    /// What a volume of the plan is in a pod; nothing where each pod claims it for itself.
    fn of_claim(&self, physical: &str) -> Option<Map> {
        let name = self.name(Kind::Volume, physical);
        match self.claims.of_volume(physical) {
            Some(Claim::Own) => None,
            Some(Claim::Machine) => {
                let path = format!("{ON_MACHINE}/{}/{name}", self.names.namespace);
                Some(section("hostPath", folder(&path, "DirectoryOrCreate")))
            }
            Some(Claim::Shared(_) | Claim::Elsewhere) | None => {
                let mut claim = Map::default();
                claim.put("claimName", name);
                Some(section("persistentVolumeClaim", claim))
            }
        }
    }

    fn on_machine(&mut self, about: About<'_>, path: &str, source: &str) -> Map {
        if is_template(source) {
            let reason = "a path of the machine is the same for all pods";
            let property = format!("mount.\"{path}\".bind");
            let next = "write it without `{{`";
            self.findings.near(about, &property, reason, next);
        }
        section("hostPath", folder(source, ""))
    }

    fn propagation(
        &mut self,
        about: About<'_>,
        path: &str,
        propagation: Option<&str>,
    ) -> Option<&'static str> {
        let said = propagation?;
        let (near, is_exact) = match said {
            "rslave" => ("HostToContainer", true),
            "rprivate" => ("None", true),
            // The other way is for privileged containers alone.
            "slave" | "shared" | "rshared" => ("HostToContainer", false),
            _ => ("None", false),
        };
        if !is_exact {
            let reason = format!("kubernetes knows no `{said}`, so it is `{near}`");
            let property = format!("mount.\"{path}\".propagation");
            self.findings.near(about, &property, &reason, "");
        }
        Some(near)
    }
}

/// A volume of a pod under its name.
fn called(name: &str, volume: Map) -> Yaml {
    let mut map = Map::default();
    map.put("name", name);
    map.0.extend(volume.0);
    Yaml::Map(map)
}

fn section(key: &str, how: Map) -> Map {
    let mut map = Map::default();
    map.put(key, how);
    map
}

fn folder(path: &str, kind: &str) -> Map {
    let mut map = Map::default();
    map.put("path", path);
    map.put_full("type", kind);
    map
}
