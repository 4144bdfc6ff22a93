//! What runs, as the project that would make it: the other way round from `lower`.
//!
//! Where an object can be taken over, the project adopts it, so that the first apply writes labels and
//! restarts nothing. What the engine does by itself stays unsaid, but where the edition would do
//! something else.

mod blocks;
mod files;
mod names;
mod objects;
mod service;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::{Address, Kind};
use skep_schema::image::{ImageDigest, Reference};
use skep_schema::inventory::Running;
use skep_schema::plan::{Payload, Service};
use skep_schema::span::FileId;

use crate::format::format;
use crate::lock::Lock;
use crate::source::{File, LOCK, ROOT, SourceSet};
use crate::{Compiled, compile, syntax};
use names::Names;

/// How the labels of `docker stack deploy` itself begin.
const OF_DOCKER_STACK: &str = "com.docker.stack.";

/// A project that says what runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lifted {
    /// `skep.kdl`, `skep.lock` where images have digests, and the contents of configs.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What a spec cannot say, or says otherwise than it runs.
    pub remarks: Vec<Remark>,
}

impl Lifted {
    /// The project compiled as it is, without a disk.
    pub fn compile(&self) -> Compiled {
        let mut set = SourceSet::default();
        for (path, bytes) in &self.files {
            let file = File::Bytes(bytes.as_slice().into());
            set.files.insert(path.clone(), file);
        }
        loop {
            let compiled = compile(&set);
            if compiled.wanted.is_empty() {
                return compiled;
            }
            set.settle(&compiled.wanted);
        }
    }
}

/// Something to know of a node before it is adopted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    pub node: Address,
    /// A lowercase fragment.
    pub text: String,
}

/// Writes the project of a stack. The same stack gives the same bytes.
pub fn lift(running: &Running) -> Lifted {
    let mut lift = Lift {
        names: Names::of(running),
        lock: Lock::default(),
        lifted: Lifted::default(),
    };
    let text = lift.project(running);
    let parsed = syntax::parse(FileId(0), text.as_str().into());
    let text = format(&parsed.document);
    lift.lifted.files.insert(ROOT.to_owned(), text.into_bytes());
    if !lift.lock.images.is_empty() {
        let text = lift.lock.to_string();
        lift.lifted.files.insert(LOCK.to_owned(), text.into_bytes());
    }
    lift.lifted.remarks.sort();
    lift.lifted
}

/// A project on its way.
struct Lift {
    names: Names,
    lock: Lock,
    lifted: Lifted,
}

impl Lift {
    fn project(&mut self, running: &Running) -> String {
        let found = running.objects.iter();
        let mut services: Vec<&Service> = found
            .filter_map(|object| object.as_service().ok())
            .collect();
        services.sort_unstable_by_key(|service| &service.name);
        let mut parts = vec![write::head("project", &running.stack) + " edition=1"];
        parts.push(blocks::as_the_engine_does());
        parts.push(self.adopted(running));
        parts.push(self.objects(running, &services));
        for service in services {
            parts.push(self.service(service));
        }
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n") + "\n"
    }

    /// A line for everything that is taken over, with its name where the spec would give another.
    fn adopted(&self, running: &Running) -> String {
        let lines: BTreeSet<String> = running
            .objects
            .iter()
            .filter_map(|object| self.adopt(object))
            .collect();
        lines.into_iter().collect::<Vec<_>>().join("\n")
    }

    fn adopt(&self, object: &Payload) -> Option<String> {
        let kind = object.object()?;
        let physical = object.physical_name()?;
        if !matches!(kind, Kind::Service | Kind::Network | Kind::Config) || object.is_external() {
            return None;
        }
        let name = self.names.of_object(kind, physical);
        let line = format!(
            "adopt {}",
            write::quoted(&Address::new(kind, name).to_string())
        );
        Some(
            if kind == Kind::Service && self.names.is_derived(name, physical) {
                line
            } else {
                format!("{line} name={}", write::quoted(physical))
            },
        )
    }

    /// The image as it was asked for; its digest goes to the lock file, unless two services mean
    /// different programs by one tag.
    fn image(&mut self, image: &str) -> String {
        let familiar = Reference::read(image).familiar();
        let Some((asked, digest)) = familiar.split_once('@') else {
            return familiar;
        };
        let digest = ImageDigest::parse(digest);
        let Some(digest) = digest.filter(|_| Reference::read(asked).tag().is_some()) else {
            return familiar;
        };
        let known = self.lock.images.entry(asked.to_owned());
        if *known.or_insert_with(|| digest.clone()) == digest {
            asked.to_owned()
        } else {
            familiar
        }
    }

    fn remark(&mut self, kind: Kind, name: &str, text: impl Into<String>) {
        self.lifted.remarks.push(Remark {
            node: Address::new(kind, name),
            text: text.into(),
        });
    }
}

/// The labels that are not `docker stack deploy`'s own.
fn meant(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let is_meant = |(key, _): &(&String, &String)| !key.starts_with(OF_DOCKER_STACK);
    let kept = labels.iter().filter(is_meant);
    kept.map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
