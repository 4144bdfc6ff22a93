//! Every property a service can have, by the path that changes have.

use std::collections::BTreeSet;

use skep_schema::plan::{
    Dns, FileRef, Health, Limits, LogDriver, Mount, MountSource, Placement, Published, Reserve,
    Restart, Rollout, Security, Service, Stop, Ulimit,
};

/// The fields of a type; one that is left out does not compile.
macro_rules! fields {
    ($type:ident $(:: $variant:ident)? { $($field:ident)* }) => {{
        fn exhaustive(of: &$type) -> bool {
            matches!(of, $type $(:: $variant)? { $($field: _),* })
        }
        let _: fn(&$type) -> bool = exhaustive;
        vec![$(stringify!($field)),*]
    }};
}

/// The paths of all leaves; `*` is a name of the author's.
pub(crate) fn all() -> BTreeSet<String> {
    let types: Vec<(&str, Vec<&str>)> = [outer(), inner(), mounts()].concat();
    let paths: BTreeSet<String> = types
        .iter()
        .flat_map(|(place, fields)| fields.iter().map(move |field| path(place, field)))
        .collect();
    let is_leaf = |path: &String| !types.iter().any(|(place, _)| is_within(place, path));
    paths.into_iter().filter(is_leaf).collect()
}

/// Whether `place` is `path` or below it.
pub(crate) fn is_within(place: &str, path: &str) -> bool {
    place
        .strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

fn path(place: &str, field: &str) -> String {
    format!("{place} {}", field.replace('_', "-"))
        .trim_start()
        .to_owned()
}

type Places = Vec<(&'static str, Vec<&'static str>)>;

fn outer() -> Places {
    let service = fields!(Service {
        name image entrypoint command mode replicas env secret_env user groups workdir hostname
        domainname tty stdin init read_only hosts dns networks endpoint publish secrets configs
        mounts health limits reserve placement restart stop update rollback sysctls ulimits cap_add
        cap_drop security isolation oom_score log labels container_labels
    });
    vec![("", service)]
}

fn inner() -> Places {
    let file = fields!(FileRef { source uid gid mode });
    let rollout = fields!(Rollout { parallelism delay order on_failure monitor max_failure_ratio });
    let security = fields!(Security { no_new_privileges seccomp apparmor selinux credential_spec });
    vec![
        ("dns", fields!(Dns { servers search options })),
        ("publish *", fields!(Published { target mode })),
        ("secrets *", file.clone()),
        ("configs *", file),
        (
            "health",
            fields!(Health { test every timeout retries start start_every }),
        ),
        ("limits", fields!(Limits { cpu memory pids })),
        ("reserve", fields!(Reserve { cpu memory generic })),
        (
            "placement",
            fields!(Placement { constraints spread max_per_node platforms }),
        ),
        ("restart", fields!(Restart { condition delay max window })),
        ("stop", fields!(Stop { signal grace })),
        ("update", rollout.clone()),
        ("rollback", rollout),
        ("ulimits *", fields!(Ulimit { soft hard })),
        ("security", security),
        ("log", fields!(LogDriver { driver options })),
    ]
}

fn mounts() -> Places {
    fn every_variant(of: &MountSource) {
        match of {
            MountSource::Volume { .. }
            | MountSource::Bind { .. }
            | MountSource::Tmpfs { .. }
            | MountSource::Npipe { .. } => {}
        }
    }
    let _: fn(&MountSource) = every_variant;
    let volume = fields!(MountSource::Volume { name driver options labels no_copy subpath });
    vec![
        ("mounts *", fields!(Mount { from read_only })),
        ("mounts * from volume", volume),
        (
            "mounts * from bind",
            fields!(MountSource::Bind { path propagation }),
        ),
        (
            "mounts * from tmpfs",
            fields!(MountSource::Tmpfs { size mode }),
        ),
        ("mounts * from npipe", fields!(MountSource::Npipe { path })),
    ]
}
