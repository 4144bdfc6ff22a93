//! What a pod may do.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::plan::{Security, Service};

use super::Export;
use crate::export::finding::About;
use crate::export::yaml::{Map, Yaml};

/// The profile of the container runtime.
const USUAL: &str = "RuntimeDefault";

/// Settings of the kernel that every kubelet lets pods have.
const SAFE: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
];

impl Export<'_> {
    /// The security of a whole pod.
    pub(super) fn of_pod(&mut self, about: About<'_>, service: &Service) -> Map {
        let mut map = Map::default();
        self.groups(about, service, &mut map);
        map.put_some("fsGroup", group_of_files(service));
        let settings = service.sysctls.iter().map(|(name, value)| {
            let mut setting = Map::default();
            setting.put("name", name);
            setting.put("value", value);
            Yaml::Map(setting)
        });
        map.put_full("sysctls", settings.collect::<Vec<_>>());
        for name in service.sysctls.keys() {
            if !SAFE.contains(&name.as_str()) {
                let reason = "kubelets let pods have it only where they are told to";
                let next = format!("start the kubelets with --allowed-unsafe-sysctls={name}");
                self.findings
                    .near(about, &format!("sysctl.{name}"), reason, &next);
            }
        }
        map
    }

    fn groups(&mut self, about: About<'_>, service: &Service, map: &mut Map) {
        let mut numbers = Vec::new();
        for group in &service.groups {
            match group.parse::<i64>() {
                Ok(number) => numbers.push(number),
                Err(_) => self.findings.dropped(
                    about,
                    &format!("groups.{group}"),
                    "kubernetes knows groups by number only",
                    "write the number",
                ),
            }
        }
        map.put_full("supplementalGroups", numbers);
    }

    /// The security of the one container.
    pub(super) fn of_container(&mut self, about: About<'_>, service: &Service) -> Map {
        let Security {
            no_new_privileges,
            seccomp,
            apparmor,
            selinux,
            credential_spec,
        } = &service.security;
        let mut map = Map::default();
        self.user(about, service, &mut map);
        map.put_full("readOnlyRootFilesystem", service.read_only);
        if *no_new_privileges {
            map.put("allowPrivilegeEscalation", false);
        }
        map.put_full("capabilities", capabilities(service));
        self.seccomp(about, seccomp.as_deref(), &mut map);
        if let Some(profile) = apparmor {
            let is_off = profile == "disabled";
            let kind = if is_off { "Unconfined" } else { USUAL };
            map.put("appArmorProfile", typed(kind));
        }
        map.put_full("seLinuxOptions", self.selinux(about, selinux));
        if credential_spec.is_some() {
            let reason = "kubernetes has credential specs as objects of their own kind";
            let next = "make a GMSACredentialSpec, and name it in `windowsOptions`";
            self.findings
                .dropped(about, "security.credential-spec", reason, next);
        }
        map
    }

    fn selinux(&mut self, about: About<'_>, selinux: &BTreeMap<String, String>) -> Map {
        let mut context = Map::default();
        for (key, value) in selinux {
            if key == "disable" {
                let reason = "kubernetes does not switch it off for a pod";
                self.findings
                    .dropped(about, "security.selinux.disable", reason, "");
            } else {
                context.put(key, value);
            }
        }
        context
    }

    /// Docker confines every container that does not say otherwise; kubernetes confines none.
    fn seccomp(&mut self, about: About<'_>, profile: Option<&str>, map: &mut Map) {
        let kind = match profile {
            None | Some("default") => USUAL,
            Some("unconfined") => "Unconfined",
            Some(_) => {
                let reason =
                    "kubernetes reads profiles from files of the machines, so it is the usual one";
                let next = "bring it to the machines, and name it in `localhostProfile`";
                self.findings.near(about, "security.seccomp", reason, next);
                USUAL
            }
        };
        map.put("seccompProfile", typed(kind));
    }

    fn user(&mut self, about: About<'_>, service: &Service, map: &mut Map) {
        let Some(text) = &service.user else {
            return;
        };
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (text.as_str(), None),
        };
        for (key, id) in [("runAsUser", Some(user)), ("runAsGroup", group)] {
            let Some(id) = id.filter(|id| !id.is_empty()) else {
                continue;
            };
            match id.parse::<i64>() {
                Ok(number) => map.put(key, number),
                Err(_) => self.findings.dropped(
                    about,
                    "user",
                    "kubernetes knows users by number only, so it is the image's own",
                    &format!("write the number of `{id}` in the image"),
                ),
            }
        }
    }
}

/// The group of all files that are not of root's group, where it is one: a pod has one for all.
pub(super) fn group_of_files(service: &Service) -> Option<i64> {
    let files = service.configs.values().chain(service.secrets.values());
    let groups: BTreeSet<&str> = files.map(|file| file.gid.as_str()).collect();
    let mut groups = groups.into_iter().filter(|group| *group != "0");
    match (groups.next(), groups.next()) {
        (Some(one), None) => one.parse().ok(),
        (_, _) => None,
    }
}

fn typed(kind: &str) -> Map {
    let mut map = Map::default();
    map.put("type", kind);
    map
}

fn capabilities(service: &Service) -> Map {
    let mut map = Map::default();
    map.put_full("add", plain(&service.cap_add));
    map.put_full("drop", plain(&service.cap_drop));
    map
}

/// Without the prefix that docker takes too.
fn plain(all: &BTreeSet<String>) -> Vec<&str> {
    let names = all.iter();
    names
        .map(|name| name.strip_prefix("CAP_").unwrap_or(name))
        .collect()
}
