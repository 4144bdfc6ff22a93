//! Objects that a plan takes over: there under the name it wants, and no stack of Skep's own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use skep_schema::address::{Address, Kind};
use skep_schema::inventory::{DOCKER_STACK, Observed, Readiness, SWARMCLI_RECORD, is_mark};
use skep_schema::plan::{self, Payload, Plan};

use super::Swarm;
use super::fault::Fault;
use super::http::Ask;
use super::labels::{Labels, STACK};
use super::survey::spelled_like;
use super::wire::Stored;

impl Swarm {
    /// Looks for what the plan adopts and does not have yet. Asks nothing where that is nothing.
    pub(crate) async fn adoptable(
        &self,
        plan: &Plan,
        ours: &BTreeMap<Address, Observed>,
        key: Option<&[u8; 32]>,
    ) -> Result<BTreeMap<Address, Observed>, Fault> {
        let mut found = BTreeMap::new();
        for (address, wanted) in open(plan, ours) {
            let object = self.find(wanted, key).await?.map(|found| found.object);
            if let Some(object) = object.filter(|object| is_nobodys(&object.labels)) {
                found.insert(address.clone(), observed(object.payload, wanted));
            }
        }
        Ok(found)
    }
}

impl Swarm {
    /// The stacks of some objects of which swarmcli keeps a record. Asks nothing where there are none.
    pub(crate) async fn releases(
        &self,
        adoptable: &BTreeMap<Address, Observed>,
    ) -> Result<BTreeSet<String>, Fault> {
        let stacks = stacks(adoptable);
        if stacks.is_empty() {
            return Ok(stacks);
        }
        let ask = Ask::get("/configs").filters(&json!({"name": [SWARMCLI_RECORD]}));
        let found: Vec<Stored> = self.http.json(ask).await?;
        let names = found.iter().map(|stored| stored.spec.name.as_str());
        Ok(released(stacks, names))
    }
}

/// The stacks of `docker stack deploy` that objects are of.
pub(crate) fn stacks(adoptable: &BTreeMap<Address, Observed>) -> BTreeSet<String> {
    let labels = adoptable
        .values()
        .filter_map(|found| found.payload.labels());
    let stacks = labels.filter_map(|labels| labels.get(DOCKER_STACK));
    stacks.cloned().collect()
}

/// Those of the stacks of which one of the configs is swarmcli's record.
pub(crate) fn released<'n>(
    mut stacks: BTreeSet<String>,
    configs: impl Iterator<Item = &'n str>,
) -> BTreeSet<String> {
    let releases = configs.filter_map(|name| {
        let (release, _) = name.strip_prefix(SWARMCLI_RECORD)?.rsplit_once(".v")?;
        Some(release)
    });
    let releases: BTreeSet<&str> = releases.collect();
    stacks.retain(|stack| releases.contains(stack.as_str()));
    stacks
}

/// Nodes that the plan adopts and that have no object yet.
pub(crate) fn open<'a>(
    plan: &'a Plan,
    ours: &BTreeMap<Address, Observed>,
) -> impl Iterator<Item = (&'a Address, &'a Payload)> {
    let missing = |address: &&Address| !ours.contains_key(*address);
    let adopted = plan.identity.adopt.iter().filter(missing);
    let nodes: Vec<_> = adopted
        .filter_map(|address| Some((address, &plan.nodes.get(address)?.payload)))
        .collect();
    nodes.into_iter()
}

pub(crate) fn is_nobodys(labels: &Labels) -> bool {
    !labels.contains_key(STACK)
}

pub(crate) fn observed(seen: Payload, wanted: &Payload) -> Observed {
    Observed {
        payload: spelled_like(unlabelled(seen, wanted), Some(wanted)),
        digest: None,
        readiness: Readiness::Ready {
            running: 0,
            desired: 0,
        },
        was: None,
    }
}

/// Nothing can be written on a network, so its labels are not held against it; nor is the range of
/// addresses that the engine chose.
fn unlabelled(seen: Payload, wanted: &Payload) -> Payload {
    match (seen, wanted) {
        (Payload::Network(seen), Payload::Network(wanted)) => Payload::Network(plan::Network {
            labels: wanted.labels.clone(),
            subnets: if wanted.subnets.is_empty() {
                wanted.subnets.clone()
            } else {
                seen.subnets
            },
            ..seen
        }),
        (
            seen @ (Payload::Network(_)
            | Payload::Node(_)
            | Payload::Volume(_)
            | Payload::Secret(_)
            | Payload::Config(_)
            | Payload::Service(_)
            | Payload::Declared(_)),
            _,
        ) => seen,
    }
}

/// Whether one of them has this name.
pub(crate) fn holds(adoptable: &BTreeMap<Address, Observed>, kind: Kind, name: &str) -> bool {
    adoptable.values().any(|found| {
        let payload = &found.payload;
        payload.object() == Some(kind) && payload.physical_name() == Some(name)
    })
}

/// What of a service's tasks means nothing, and would cost them a restart to be rid of: the marks of
/// `docker stack deploy` and of others who deploy, where the plan does not want it, and, where it does, an alias that is the
/// service's own name.
pub(crate) fn meaningless(seen: plan::Service, wanted: &plan::Service) -> plan::Service {
    let mut seen = seen;
    let kept = &wanted.container_labels;
    let is_meant = |key: &String| kept.contains_key(key) || !(key == DOCKER_STACK || is_mark(key));
    seen.container_labels.retain(|key, _| is_meant(key));
    for (place, mount) in &mut seen.mounts {
        let kept = wanted.mounts.get(place).and_then(volume_labels);
        if let plan::MountSource::Volume { labels, .. } = &mut mount.from
            && !kept.is_some_and(|kept| kept.contains_key(DOCKER_STACK))
        {
            labels.remove(DOCKER_STACK);
        }
    }
    for (network, aliases) in &mut seen.networks {
        let wants = wanted.networks.get(network);
        if wants.is_some_and(|wants| wants.contains(&wanted.name)) {
            aliases.insert(wanted.name.clone());
        }
    }
    seen
}

fn volume_labels(mount: &plan::Mount) -> Option<&Labels> {
    match &mount.from {
        plan::MountSource::Volume { labels, .. } => Some(labels),
        plan::MountSource::Bind { .. }
        | plan::MountSource::Tmpfs { .. }
        | plan::MountSource::Npipe { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(labels: &[&str], aliases: &[&str]) -> plan::Service {
        let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        plan::Service {
            name: "web".to_owned(),
            container_labels: labels
                .iter()
                .map(|label| ((*label).to_owned(), "blog".to_owned()))
                .collect(),
            networks: [("front".to_owned(), named(aliases))].into(),
            ..plan::Service::default()
        }
    }

    #[test]
    fn the_mark_of_docker_means_nothing_unless_it_is_wanted() {
        let (marked, plain) = (
            service(&[DOCKER_STACK, "team"], &[]),
            service(&["team"], &[]),
        );
        let deployed = service(&["cd.doco.metadata.manager", "team"], &[]);
        assert_eq!(meaningless(deployed, &plain), plain);
        assert_eq!(meaningless(marked.clone(), &plain), plain);
        assert_eq!(meaningless(marked.clone(), &marked), marked);
    }

    #[test]
    fn an_alias_that_is_the_services_own_name_means_nothing() {
        let (bare, named) = (service(&[], &[]), service(&[], &["web"]));
        assert_eq!(meaningless(bare.clone(), &named), named);
        let other = service(&[], &["site"]);
        assert_eq!(meaningless(bare.clone(), &other), bare);
    }
}
