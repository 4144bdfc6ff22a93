//! What a service sees in its file system: secrets, configs, mounts.

use std::collections::BTreeMap;

use skep_schema::address::Kind;
use skep_schema::diagnostic::{Code, Diagnostic};
use skep_schema::plan::{FileRef, Mount, MountSource, Payload};
use skep_schema::span::{At, Span};
use skep_schema::spec::{self, Path, Propagation, Scalar, Service, VolumeRef};
use skep_schema::units::FileMode;

use crate::lower::Lower;
use crate::lower::plain::{flag, value};

#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) secrets: BTreeMap<String, FileRef>,
    pub(super) configs: BTreeMap<String, FileRef>,
    pub(super) mounts: BTreeMap<String, Mount>,
}

/// Where a file appears, whose it is and who may read it, as far as written.
struct Written<'a> {
    target: Option<&'a At<Path>>,
    uid: Option<&'a At<u32>>,
    gid: Option<&'a At<u32>>,
    mode: Option<&'a At<FileMode>>,
    span: Span,
}

impl Lower<'_, '_, '_> {
    pub(super) fn files(&mut self, service: &Service) -> Files {
        let mut files = Files::default();
        let mut taken = BTreeMap::new();
        for file in &service.secret {
            let name = file.name.value.as_str();
            self.refuse_variable(file);
            let written = Written {
                target: file.target.as_ref(),
                uid: file.uid.as_ref(),
                gid: file.gid.as_ref(),
                mode: file.mode.as_ref(),
                span: file.span,
            };
            self.file_ref(
                Kind::Secret,
                name,
                format!("/run/secrets/{name}"),
                &written,
                &mut taken,
                &mut files.secrets,
            );
        }
        for file in &service.config {
            let name = file.name.value.as_str();
            let written = Written {
                target: file.target.as_ref(),
                uid: file.uid.as_ref(),
                gid: file.gid.as_ref(),
                mode: file.mode.as_ref(),
                span: file.span,
            };
            self.file_ref(
                Kind::Config,
                name,
                format!("/{name}"),
                &written,
                &mut taken,
                &mut files.configs,
            );
        }
        for mount in &service.mount {
            let target = mount.to.value.as_str().to_owned();
            if let Some(lowered) = self.mount(mount) {
                self.claim_target(&target, mount.to.span, &mut taken);
                files.mounts.insert(target, lowered);
            }
        }
        files
    }

    fn file_ref(
        &mut self,
        kind: Kind,
        name: &str,
        usual: String,
        written: &Written<'_>,
        taken: &mut BTreeMap<String, Span>,
        into: &mut BTreeMap<String, FileRef>,
    ) {
        let Some(source) = self.physical(kind, name) else {
            return;
        };
        let target = written
            .target
            .map_or(usual, |target| target.value.as_str().to_owned());
        self.claim_target(
            &target,
            written.target.map_or(written.span, |target| target.span),
            taken,
        );
        let file = FileRef {
            source,
            uid: value(written.uid).unwrap_or(0).to_string(),
            gid: value(written.gid).unwrap_or(0).to_string(),
            mode: value(written.mode).unwrap_or(FileMode(0o444)),
        };
        into.insert(target, file);
    }

    fn claim_target(&mut self, target: &str, span: Span, taken: &mut BTreeMap<String, Span>) {
        if let Some(first) = taken.insert(target.to_owned(), span) {
            let message = format!("two things appear at `{target}`");
            self.error(
                Diagnostic::new(Code::WrittenTwice, span, message)
                    .label("again here")
                    .and(first, "first here")
                    .help("give one of them another target"),
            );
        }
    }

    fn refuse_variable(&mut self, file: &spec::SecretUse) {
        if let Some(env) = &file.env {
            self.error(
                Diagnostic::new(
                    Code::Contradiction,
                    env.span,
                    "a secret of a service is a file; `env=` is for flows",
                )
                .help(format!(
                    "read the file, or write env {{ {} (secret){} }}",
                    env.value.0,
                    file.name.value.as_str()
                )),
            );
        }
    }

    fn mount(&mut self, mount: &spec::Mount) -> Option<Mount> {
        let spec::Mount {
            span,
            volume,
            bind,
            tmpfs,
            npipe,
            read_only,
            ..
        } = mount;
        let memory = tmpfs.as_ref().filter(|tmpfs| tmpfs.value);
        let choices = [
            ("volume", volume.as_ref().map(|at| at.span)),
            ("bind", bind.as_ref().map(|at| at.span)),
            ("tmpfs", memory.map(|at| at.span)),
            ("npipe", npipe.as_ref().map(|at| at.span)),
        ];
        if !self.exactly_one("mount", *span, &choices) {
            return None;
        }
        self.refuse_strangers(mount);
        let from = match (volume, bind, npipe) {
            (Some(volume), _, _) => self.volume_source(volume, mount)?,
            (None, Some(bind), _) => self.bind_source(bind, mount),
            (None, None, Some(npipe)) => MountSource::Npipe {
                path: npipe.value.0.clone(),
            },
            (None, None, None) => MountSource::Tmpfs {
                size: value(mount.size.as_ref()),
                mode: value(mount.mode.as_ref()),
            },
        };
        Some(Mount {
            from,
            read_only: flag(read_only.as_ref()),
        })
    }

    /// The volume's own properties travel with each mount, because the first one makes the volume.
    fn volume_source(
        &mut self,
        volume: &At<VolumeRef>,
        mount: &spec::Mount,
    ) -> Option<MountSource> {
        let node = self.lowered(Kind::Volume, volume.value.as_str());
        let Some(Payload::Volume(volume)) = node.map(|node| &node.payload) else {
            self.whole = false;
            return None;
        };
        Some(MountSource::Volume {
            name: volume.name.clone(),
            driver: volume.driver.clone(),
            options: volume.options.clone(),
            labels: volume.labels.clone(),
            no_copy: flag(mount.no_copy.as_ref()),
            subpath: mount.subpath.as_ref().map(|path| path.value.0.clone()),
        })
    }

    fn bind_source(&mut self, bind: &At<Scalar>, mount: &spec::Mount) -> MountSource {
        let path = &bind.value.0;
        self.check_engine_template(path, bind.span);
        if !is_absolute(path) {
            self.error(
                Diagnostic::new(
                    Code::SwarmCannot,
                    bind.span,
                    format!("`{path}` is relative, and the swarm has many disks"),
                )
                .help("write an absolute path of the nodes, or use a `volume` or a `config`"),
            );
        }
        let propagation = value(mount.propagation.as_ref()).filter(|p| *p != Propagation::Rprivate);
        MountSource::Bind {
            path: path.clone(),
            propagation: propagation.map(|p| p.word().to_owned()),
        }
    }

    /// Refuses properties that mean nothing for what is mounted.
    fn refuse_strangers(&mut self, mount: &spec::Mount) {
        let spec::Mount {
            volume,
            bind,
            size,
            mode,
            propagation,
            no_copy,
            subpath,
            option,
            ..
        } = mount;
        if let Some(option) = option.first() {
            self.error(
                Diagnostic::new(
                    Code::SwarmCannot,
                    option.span,
                    "services cannot set mount options of a tmpfs",
                )
                .help("`size` and `mode` are what there is"),
            );
        }
        let (of_volume, of_bind) = (volume.is_some(), bind.is_some());
        let of_memory = mount.tmpfs.is_some();
        let strangers = [
            ("size", size.as_ref().map(|at| at.span), of_memory, "tmpfs"),
            ("mode", mode.as_ref().map(|at| at.span), of_memory, "tmpfs"),
            (
                "propagation",
                propagation.as_ref().map(|at| at.span),
                of_bind,
                "bind",
            ),
            (
                "no-copy",
                no_copy.as_ref().map(|at| at.span),
                of_volume,
                "volume",
            ),
            (
                "subpath",
                subpath.as_ref().map(|at| at.span),
                of_volume,
                "volume",
            ),
        ];
        for (word, span, fits, home) in strangers {
            if let (Some(span), false) = (span, fits) {
                let message = format!("`{word}` means nothing here");
                self.error(
                    Diagnostic::new(Code::Contradiction, span, message)
                        .help(format!("it belongs to `{home}`")),
                );
            }
        }
    }
}

/// On Linux or on Windows; an engine template in front is whole as well.
fn is_absolute(path: &str) -> bool {
    let windows = path.as_bytes().get(1) == Some(&b':')
        && path.starts_with(|c: char| c.is_ascii_alphabetic());
    path.starts_with('/') || windows
}
