//! What is found at a path in the container.

use skep_schema::plan::{FileRef, Mount, MountSource, Service};
use skep_schema::units::{Bytes, FileMode};

use super::{Edit, Measured, Row, put, row, text};

fn file(source: String) -> FileRef {
    FileRef {
        source,
        uid: text("0"),
        gid: text("0"),
        mode: FileMode(0o444),
    }
}

const PATH: &str = "/run/file";

pub(super) fn files() -> Vec<Row> {
    let secret: Edit = |s, lab| put(&mut s.secrets, PATH, file(lab.name("s-1")));
    let config: Edit = |s, lab| put(&mut s.configs, PATH, file(lab.name("c-1")));
    vec![
        row("secrets *", secret),
        row("secrets * source", |s, lab| {
            put(&mut s.secrets, PATH, file(lab.name("s-2")));
        })
        .from(secret),
        row("secrets * uid", |s, _| {
            s.secrets.get_mut(PATH).expect("the base has it").uid = text("7");
        })
        .from(secret),
        row("secrets * gid", |s, _| {
            s.secrets.get_mut(PATH).expect("the base has it").gid = text("7");
        })
        .from(secret),
        row("secrets * mode", |s, _| {
            s.secrets.get_mut(PATH).expect("the base has it").mode = FileMode(0o400);
        })
        .from(secret),
        row("configs *", config),
        row("configs * source", |s, lab| {
            put(&mut s.configs, PATH, file(lab.name("c-2")));
        })
        .from(config),
        row("configs * uid", |s, _| {
            s.configs.get_mut(PATH).expect("the base has it").uid = text("7");
        })
        .from(config),
        row("configs * gid", |s, _| {
            s.configs.get_mut(PATH).expect("the base has it").gid = text("7");
        })
        .from(config),
        row("configs * mode", |s, _| {
            s.configs.get_mut(PATH).expect("the base has it").mode = FileMode(0o400);
        })
        .from(config),
    ]
}

fn mount(service: &mut Service, from: MountSource) {
    let mount = Mount {
        from,
        read_only: false,
    };
    put(&mut service.mounts, PATH, mount);
}

/// A volume that an edit changes in one part.
fn volume(service: &mut Service, name: String, change: fn(&mut MountSource)) {
    let mut from = MountSource::Volume {
        name,
        driver: None,
        options: [].into(),
        labels: [].into(),
        no_copy: false,
        subpath: None,
    };
    change(&mut from);
    mount(service, from);
}

/// A volume in memory, of a size such as `size=1m`.
pub(crate) fn sized_volume(service: &mut Service, name: String, size: &str) {
    let all = [("type", "tmpfs"), ("device", "tmpfs"), ("o", size)];
    volume(service, name, |_| ());
    let mount = service.mounts.get_mut(PATH).expect("it was just put there");
    if let MountSource::Volume { options, .. } = &mut mount.from {
        *options = all.map(|(key, value)| (text(key), text(value))).into();
    }
}

pub(super) fn volumes() -> Vec<Row> {
    vec![
        row("mounts *", |s, lab| volume(s, lab.name("v-1"), |_| ())),
        row("mounts * from volume name", |s, lab| {
            volume(s, lab.name("v-3"), |_| ());
        })
        .from(|s, lab| volume(s, lab.name("v-2"), |_| ())),
        row("mounts * from volume driver", |s, lab| {
            volume(s, lab.name("v-4"), |v| {
                if let MountSource::Volume { driver, .. } = v {
                    *driver = Some(text("other"));
                }
            });
        })
        .from(|s, lab| {
            s.update.order = None;
            volume(s, lab.name("v-4"), |_| ());
        }),
        row("mounts * from volume options", |s, lab| {
            sized_volume(s, lab.name("v-5"), "size=2m");
        })
        .from(|s, lab| sized_volume(s, lab.name("v-5"), "size=1m")),
        row("mounts * from volume labels", |s, lab| {
            volume(s, lab.name("v-6"), |v| {
                if let MountSource::Volume { labels, .. } = v {
                    put(labels, "l", text("v"));
                }
            });
        })
        .from(|s, lab| volume(s, lab.name("v-6"), |_| ())),
        row("mounts * from volume no-copy", |s, lab| {
            volume(s, lab.name("v-7"), |v| {
                if let MountSource::Volume { no_copy, .. } = v {
                    *no_copy = true;
                }
            });
        })
        .from(|s, lab| volume(s, lab.name("v-7"), |_| ())),
        row("mounts * from volume subpath", |s, lab| {
            volume(s, lab.name("v-8"), |v| {
                if let MountSource::Volume { subpath, .. } = v {
                    *subpath = Some(text("a"));
                }
            });
        })
        .from(|s, lab| {
            volume(s, lab.name("v-8"), |_| ());
            // A folder that is not in the volume keeps every task from starting.
            let script = format!("mkdir -p {PATH}/a && sleep 100000");
            s.command = ["sh", "-c", &script].map(str::to_owned).to_vec();
        })
        .measured(Measured::Since(45)),
    ]
}

fn bind(path: &str, propagation: Option<&str>) -> MountSource {
    MountSource::Bind {
        path: text(path),
        propagation: propagation.map(text),
    }
}

fn tmpfs(size: u64, mode: u32) -> MountSource {
    MountSource::Tmpfs {
        size: Some(Bytes(size)),
        mode: Some(FileMode(mode)),
    }
}

pub(super) fn other_mounts() -> Vec<Row> {
    vec![
        row("mounts * read-only", |s, _| {
            s.mounts.get_mut(PATH).expect("the base has it").read_only = true;
        })
        .from(|s, _| mount(s, bind("/etc", None))),
        row("mounts * from bind path", |s, _| {
            mount(s, bind("/usr", None));
        })
        .from(|s, _| mount(s, bind("/etc", None))),
        row("mounts * from bind propagation", |s, _| {
            mount(s, bind("/etc", Some("private")));
        })
        .from(|s, _| mount(s, bind("/etc", None))),
        row("mounts * from tmpfs size", |s, _| {
            mount(s, tmpfs(2 << 20, 0o700));
        })
        .from(|s, _| mount(s, tmpfs(1 << 20, 0o700))),
        row("mounts * from tmpfs mode", |s, _| {
            mount(s, tmpfs(1 << 20, 0o750));
        })
        .from(|s, _| mount(s, tmpfs(1 << 20, 0o700))),
        row("mounts * from", |s, _| mount(s, tmpfs(1 << 20, 0o700)))
            .from(|s, _| mount(s, bind("/etc", None))),
        // Named pipes are for nodes that run Windows.
        row("mounts * from npipe path", |s, _| {
            mount(
                s,
                MountSource::Npipe {
                    path: text(r"\\.\pipe\b"),
                },
            );
        })
        .from(|s, _| {
            mount(
                s,
                MountSource::Npipe {
                    path: text(r"\\.\pipe\a"),
                },
            );
        })
        .waiting(),
    ]
}
