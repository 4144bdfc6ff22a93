//! Configs and secrets as files of a container.

use skep_schema::address::Kind;
use skep_schema::plan::{FileRef, Service};

use super::Export;
use super::objects::{KEY, one};
use super::security::group_of_files;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

const PERMISSIONS: u32 = 0o777;

impl Export<'_> {
    /// Where files are mounted; what they are joins the pod's volumes.
    pub(super) fn files(
        &mut self,
        about: About<'_>,
        service: &Service,
        volumes: &mut Vec<Yaml>,
    ) -> Vec<Yaml> {
        let group = group_of_files(service);
        let mut mounts = Vec::new();
        for (kind, files) in [
            (Kind::Config, &service.configs),
            (Kind::Secret, &service.secrets),
        ] {
            for (at, (path, file)) in files.iter().enumerate() {
                // No volume of a plan has a name that begins with a number.
                let volume = format!("{}-{kind}", at + 1);
                self.unowned(about, kind, path, file, group);
                volumes.push(Yaml::Map(self.file(kind, file, &volume)));
                let mut mount = Map::default();
                mount.put("name", volume);
                mount.put("mountPath", path);
                // A file alone, so that what else is in the folder stays to be seen.
                mount.put("subPath", KEY);
                mount.put("readOnly", true);
                mounts.push(Yaml::Map(mount));
            }
        }
        mounts
    }

    fn file(&self, kind: Kind, file: &FileRef, volume: &str) -> Map {
        let mut item = Map::default();
        item.put("key", KEY);
        item.put("path", KEY);
        item.put("mode", file.mode.0 & PERMISSIONS);
        let mut held = Map::default();
        let section = if kind == Kind::Config {
            held.put("name", self.config_name(&file.source));
            "configMap"
        } else {
            held.put("secretName", self.name(kind, &file.source));
            "secret"
        };
        held.put("items", one(item));
        let mut map = Map::default();
        map.put("name", volume);
        map.put(section, held);
        map
    }

    /// What a file of a config map or a secret cannot be.
    fn unowned(
        &mut self,
        about: About<'_>,
        kind: Kind,
        path: &str,
        file: &FileRef,
        group: Option<i64>,
    ) {
        let FileRef {
            source: _,
            uid,
            gid,
            mode,
        } = file;
        if uid != "0" {
            let property = format!("{kind}.\"{path}\".uid");
            let reason = "files of config maps and secrets belong to root";
            let next = "let its group or others read it by its mode, or run as root";
            self.findings.dropped(about, &property, reason, next);
        }
        if gid != "0" {
            let property = format!("{kind}.\"{path}\".gid");
            if group.is_some() {
                let reason = "all files of the pod belong to the group, and it may read them";
                self.findings.near(about, &property, reason, "");
            } else {
                let reason = "files of a pod have one group";
                let next = "give all files the same group";
                self.findings.dropped(about, &property, reason, next);
            }
        }
        if mode.0 > PERMISSIONS {
            let property = format!("{kind}.\"{path}\".mode");
            let reason = "kubernetes sets permissions only";
            self.findings.near(about, &property, reason, "");
        }
    }
}
