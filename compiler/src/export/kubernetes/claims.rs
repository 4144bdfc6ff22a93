//! Where volumes lie.
//!
//! A volume of a swarm is a folder on every machine whose tasks mount it. What that means to a service
//! depends on who else mounts it, so that decides what it becomes.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Kind;
use skep_schema::plan::{Mode, Mount, MountSource, Payload, Plan, Service, Volume};

use super::Export;
use super::objects::one;
use crate::export::finding::About;
use crate::export::yaml::Map;

/// What a plan without a word for it is given, by volume.
const SIZE: &str = "10Gi";

/// What a volume becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// One claim for each pod of the one service that writes to it.
    Own,
    /// One claim for all pods.
    Shared(Access),
    /// A folder of the machine, since one of the services runs on every machine.
    Machine,
    /// A claim that is there already.
    Elsewhere,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Once,
    Many,
}

impl Access {
    const fn word(self) -> &'static str {
        match self {
            Self::Once => "ReadWriteOnce",
            Self::Many => "ReadWriteMany",
        }
    }
}

/// What all named volumes of a plan become, by physical name.
#[derive(Debug)]
pub(super) struct Claims(BTreeMap<String, Claim>);

/// Who mounts a volume, and how.
#[derive(Default)]
struct Users<'p> {
    services: BTreeSet<&'p str>,
    pods: u64,
    is_global: bool,
    is_only_read: bool,
    can_have_own: bool,
    is_local: bool,
}

impl Claims {
    pub(super) fn of(plan: &Plan) -> Self {
        let mut users: BTreeMap<&str, Users<'_>> = BTreeMap::new();
        for (service, mount) in mounts(plan).map(|(about, mount)| (about.node, mount)) {
            if let (MountSource::Volume { name, .. }, Ok(service)) =
                (&mount.from, service.payload.as_service())
            {
                users.entry(name).or_default().add(service, mount);
            }
        }
        let volumes = plan.nodes.values().filter_map(|node| match &node.payload {
            Payload::Volume(volume) => Some(volume),
            Payload::Config(_)
            | Payload::Node(_)
            | Payload::Network(_)
            | Payload::Secret(_)
            | Payload::Service(_)
            | Payload::Declared(_) => None,
        });
        let declared: BTreeMap<&str, &Volume> = volumes
            .map(|volume| (volume.name.as_str(), volume))
            .collect();
        let of = |(name, users): (&str, Users<'_>)| {
            let claim = users.claim(declared.get(name).is_some_and(|volume| volume.external));
            (name.to_owned(), claim)
        };
        Self(users.into_iter().map(of).collect())
    }

    pub(super) fn of_volume(&self, physical: &str) -> Option<Claim> {
        self.0.get(physical).copied()
    }

    /// Whether pods of a service have something of their own to keep, and so are not alike.
    pub(super) fn has_own(&self, service: &Service) -> bool {
        service.mounts.values().any(|mount| match &mount.from {
            MountSource::Volume { name, .. } => self.of_volume(name) == Some(Claim::Own),
            MountSource::Bind { .. } | MountSource::Tmpfs { .. } | MountSource::Npipe { .. } => {
                false
            }
        })
    }
}

impl<'p> Users<'p> {
    fn add(&mut self, service: &'p Service, mount: &Mount) {
        let MountSource::Volume {
            name: _,
            driver,
            options,
            labels: _,
            no_copy: _,
            subpath: _,
        } = &mount.from
        else {
            return;
        };
        let is_first = self.services.is_empty();
        if self.services.insert(&service.name) {
            self.pods += u64::from(service.replicas.unwrap_or(1));
        }
        self.is_global |= service.mode == Mode::Global;
        self.is_only_read = mount.read_only && (is_first || self.is_only_read);
        self.can_have_own = service.mode == Mode::Replicated;
        self.is_local = options.is_empty() && driver.as_deref().is_none_or(|d| d == "local");
    }

    fn claim(&self, is_external: bool) -> Claim {
        let is_alone = self.services.len() == 1;
        if is_external {
            Claim::Elsewhere
        } else if self.is_global && self.is_local {
            Claim::Machine
        } else if is_alone && self.can_have_own && self.is_local && !self.is_only_read {
            Claim::Own
        } else if is_alone && self.pods < 2 && !self.is_global {
            Claim::Shared(Access::Once)
        } else {
            Claim::Shared(Access::Many)
        }
    }
}

impl Export<'_> {
    /// Volumes that services mount and no node declares.
    pub(super) fn undeclared(&mut self) {
        let payloads = self.plan.nodes.values().map(|node| &node.payload);
        let mut known: BTreeSet<String> = payloads
            .filter(|payload| payload.object() == Some(Kind::Volume))
            .filter_map(Payload::physical_name)
            .map(str::to_owned)
            .collect();
        for (about, mount) in mounts(self.plan) {
            let made = Volume::of_mount(&mount.from);
            if let Some(volume) = made.filter(|volume| known.insert(volume.name.clone())) {
                self.volume(about, &volume);
            }
        }
    }

    /// The claim of a volume, where pods share one.
    pub(super) fn volume(&mut self, about: About<'_>, volume: &Volume) {
        let Volume {
            name,
            driver,
            options,
            labels,
            external,
        } = volume;
        let claim = self.claims.of_volume(name);
        if *external {
            let called = self.name(Kind::Volume, name);
            self.findings.near(
                about,
                "external",
                "kubernetes knows no volume of a swarm",
                &format!("make a claim called `{called}` in the namespace before the first apply"),
            );
        }
        let Some(claim) = claim else {
            self.findings
                .near(about, "", "no service mounts it, so nothing is made", "");
            return;
        };
        self.unclaimed(about, claim, driver.as_ref(), options, labels);
        if let Claim::Shared(access) = claim {
            let called = self.name(Kind::Volume, name);
            let notes = self.notes(about, "label", labels);
            let mut map = self.noted("v1", "PersistentVolumeClaim", &called, &notes);
            map.put("spec", claim_spec(access));
            self.objects.push(map);
        }
    }

    /// What of a volume is not in its claim.
    fn unclaimed(
        &mut self,
        about: About<'_>,
        claim: Claim,
        driver: Option<&String>,
        options: &BTreeMap<String, String>,
        labels: &BTreeMap<String, String>,
    ) {
        match claim {
            Claim::Own => self.findings.near(
                about,
                "size",
                &format!("a claim asks for a size, and the plan knows none: each pod gets {SIZE}"),
                "set it before the first apply, and bring what the volume holds",
            ),
            Claim::Shared(access) => self.findings.near(
                about,
                "size",
                &format!(
                    "a claim asks for a size, and the plan knows none: {SIZE}, {}",
                    access.word()
                ),
                "set it before the first apply, and a storage class that has this access",
            ),
            Claim::Machine => self.findings.near(
                about,
                "",
                "a service on every machine mounts it, so it is a folder of each machine",
                "bring what the volume holds there",
            ),
            Claim::Elsewhere => {}
        }
        let next = "set `storageClassName` of the claim to a class that does the same";
        if let Some(driver) = driver.filter(|driver| *driver != "local") {
            let reason = format!("no claim can ask for docker's driver `{driver}`");
            self.findings.dropped(about, "driver", &reason, next);
        }
        for option in options.keys() {
            let reason = "a claim has no options of a driver";
            self.findings
                .dropped(about, &format!("option.{option}"), reason, next);
        }
        if !matches!(claim, Claim::Shared(_)) {
            for key in labels.keys() {
                let reason = "no object stands for the volume alone";
                self.findings
                    .dropped(about, &format!("label.{key}"), reason, "");
            }
        }
    }

    /// What each pod of a service claims for itself.
    pub(super) fn own_claims(&self, service: &Service) -> Vec<crate::export::yaml::Yaml> {
        let mut seen = BTreeSet::new();
        let mut all = Vec::new();
        for mount in service.mounts.values() {
            if let MountSource::Volume { name, .. } = &mount.from
                && self.claims.of_volume(name) == Some(Claim::Own)
                && seen.insert(name)
            {
                let mut meta = Map::default();
                meta.put("name", self.name(Kind::Volume, name));
                let mut map = Map::default();
                map.put("metadata", meta);
                map.put("spec", claim_spec(Access::Once));
                all.extend(one(map));
            }
        }
        all
    }
}

/// Mounts of volumes with names. Those of gateways are the cluster's business.
fn mounts(plan: &Plan) -> impl Iterator<Item = (About<'_>, &Mount)> {
    let services = plan
        .nodes
        .iter()
        .filter(|(address, _)| address.kind == Kind::Service);
    services.flat_map(|(address, node)| {
        let mounts = node
            .payload
            .as_service()
            .map(|service| service.mounts.values());
        let named = mounts
            .into_iter()
            .flatten()
            .filter(|mount| match &mount.from {
                MountSource::Volume { name, .. } => !name.is_empty(),
                MountSource::Bind { .. }
                | MountSource::Tmpfs { .. }
                | MountSource::Npipe { .. } => false,
            });
        named.map(move |mount| (About { address, node }, mount))
    })
}

fn claim_spec(access: Access) -> Map {
    let mut requests = Map::default();
    requests.put("storage", SIZE);
    let mut resources = Map::default();
    resources.put("requests", requests);
    let mut spec = Map::default();
    spec.put("accessModes", vec![access.word()]);
    spec.put("resources", resources);
    spec
}
