//! The objects of one stack, and which of them the plan is about.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use skep_schema::address::{Address, Kind};
use skep_schema::change::differing;
use skep_schema::plan::{self, Content, Payload, Plan, SecretSource};

use super::json::{list, text};
use super::labels::{self, Labels, Owner};
use super::network;
use super::read_service::{self, Reading};
use super::view::{View, targets};
use super::wire::{Service, Stored};

/// An object of ours.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) labels: Labels,
    pub(crate) created: Option<jiff::Timestamp>,
    /// Normal, without the labels that are ours.
    pub(crate) payload: Payload,
}

/// The objects of one stack.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The one object for each address that is or may still be wanted.
    pub(crate) nodes: BTreeMap<Address, Object>,
    /// Older content, kept as long as something can go back to it.
    pub(crate) superseded: Vec<Object>,
}

/// Ids of the objects that services refer to.
#[derive(Debug, Default)]
pub(crate) struct References(BTreeSet<String>);

impl References {
    /// All that these specs name.
    pub(crate) fn of<'a>(specs: impl Iterator<Item = &'a Value>) -> Self {
        let mut ids = BTreeSet::new();
        for spec in specs {
            let container = "/TaskTemplate/ContainerSpec";
            let files = |list_at: &str, id: &str| -> Vec<String> {
                let all = list(spec, &format!("{container}{list_at}")).iter();
                all.filter_map(|file| text(file, id).map(str::to_owned))
                    .collect()
            };
            ids.extend(files("/Configs", "/ConfigID"));
            ids.extend(files("/Secrets", "/SecretID"));
            ids.extend(targets(spec).map(str::to_owned));
        }
        Self(ids)
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.contains(id)
    }
}

/// What services would need to go back to the spec before.
pub(crate) fn used_before<'a>(services: impl Iterator<Item = &'a Service>) -> References {
    References::of(services.filter_map(|service| service.previous_spec.as_ref()))
}

/// `plan` is bound, so that names are whole as far as they can be.
pub(crate) fn survey(objects: Vec<Object>, view: &View, plan: &Plan) -> Survey {
    let before = used_before(view.services.iter());
    let now = References::of(view.services.iter().map(|service| &service.spec));
    let mut found: BTreeMap<Address, Vec<Object>> = BTreeMap::new();
    let settled = settle(&objects, plan);
    for object in objects {
        if let Some(owner) = Owner::of(&object.labels) {
            let address = settled.get(&owner.address).cloned();
            let address = address.unwrap_or(owner.address);
            found.entry(address).or_default().push(object);
        }
    }
    let mut survey = Survey::default();
    for (address, mut objects) in found {
        let wanted = plan
            .nodes
            .get(&address)
            .and_then(|node| node.payload.physical_name());
        // What the plan names comes last, after the newest.
        objects.sort_by_key(|object| (Some(object.name.as_str()) == wanted, object.created));
        let Some(chosen) = objects.pop() else {
            continue;
        };
        survey.superseded.extend(objects);
        // Nothing but a rollback could still want it, so a delete would be planned again and again.
        let is_kept =
            chosen.kind != Kind::Service && before.has(&chosen.id) && !now.has(&chosen.id);
        if wanted.is_none() && is_kept {
            survey.superseded.push(chosen);
        } else {
            survey.nodes.insert(address, chosen);
        }
    }
    survey
}

/// The plan's addresses of objects that carry others.
pub(crate) fn settle(objects: &[Object], plan: &Plan) -> BTreeMap<Address, Address> {
    let owners: Vec<(Address, &Object)> = objects
        .iter()
        .filter_map(|object| Some((Owner::of(&object.labels)?.address, object)))
        .collect();
    let carried: Vec<plan::Carried<'_>> = owners
        .iter()
        .map(|(address, object)| (address, object.kind, object.name.as_str()))
        .collect();
    plan.settle(&carried)
}

pub(crate) fn service(service: &Service, with: &Reading<'_>) -> Object {
    Object {
        kind: Kind::Service,
        id: service.id.clone(),
        name: service.name().to_owned(),
        labels: service.labels(),
        created: service.created_at,
        payload: Payload::Service(Box::new(read_service::read(&service.spec, with))),
    }
}

pub(crate) fn config(config: &Stored) -> Object {
    let bytes = config
        .spec
        .data
        .as_deref()
        .and_then(|data| Content::decode(data).ok());
    let payload = plan::Config {
        name: config.spec.name.clone(),
        content: bytes.as_deref().map(Content::of),
        labels: labels::theirs(&config.spec.labels),
        external: false,
    };
    stored(config, Kind::Config, Payload::Config(payload))
}

pub(crate) fn secret(secret: &Stored) -> Object {
    let payload = plan::Secret {
        name: secret.spec.name.clone(),
        source: SecretSource::Unknown,
        labels: labels::theirs(&secret.spec.labels),
    };
    stored(secret, Kind::Secret, Payload::Secret(payload))
}

fn stored(object: &Stored, kind: Kind, payload: Payload) -> Object {
    Object {
        kind,
        id: object.id.clone(),
        name: object.spec.name.clone(),
        labels: object.spec.labels.clone(),
        created: object.created_at,
        payload,
    }
}

pub(crate) fn network(network: &super::wire::Network) -> Object {
    Object {
        kind: Kind::Network,
        id: network.id.clone(),
        name: network.name.clone(),
        labels: network.labels.clone(),
        created: network.created,
        payload: Payload::Network(network::read(network)),
    }
}

/// What to say of an object that has another form than it was given, so that nothing is lost in
/// silence: neither somebody's later edit nor a property that an engine takes and forgets.
pub(crate) fn not_as_written(seen: &Payload, wanted: &Payload) -> String {
    let properties = differing(wanted, seen);
    let named: Vec<String> = properties
        .iter()
        .take(3)
        .map(|p| format!("`{p}`"))
        .collect();
    let more = match properties.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "it is not as it was written: {}{more}; somebody changed it meanwhile, or the engine does \
         not keep it",
        named.join(", ")
    )
}

/// [`spelled_like`] for what has the spelling of some other plan.
pub(crate) fn respelled(seen: &Payload, like: &Payload) -> Payload {
    let normal = match seen {
        Payload::Service(service) => Payload::Service(Box::new(super::normal::service(service))),
        Payload::Network(_)
        | Payload::Node(_)
        | Payload::Volume(_)
        | Payload::Secret(_)
        | Payload::Config(_)
        | Payload::Declared(_) => seen.clone(),
    };
    spelled_like(normal, Some(like))
}

/// What was read, in the plan's own spelling where both mean the same.
pub(crate) fn spelled_like(seen: Payload, wanted: Option<&Payload>) -> Payload {
    match (seen, wanted) {
        (Payload::Service(seen), Some(Payload::Service(wanted))) => {
            Payload::Service(Box::new(super::normal::spelled_like(*seen, wanted)))
        }
        (Payload::Network(seen), Some(Payload::Network(wanted))) => {
            Payload::Network(network::spelled_like(seen, wanted))
        }
        (Payload::Config(seen), Some(Payload::Config(wanted))) => {
            let bytes = |config: &plan::Config| {
                config
                    .content
                    .as_ref()
                    .and_then(|content| content.bytes().ok())
            };
            let same = bytes(&seen).is_some() && bytes(&seen) == bytes(wanted);
            let content = if same {
                wanted.content.clone()
            } else {
                seen.content
            };
            Payload::Config(plan::Config { content, ..seen })
        }
        (Payload::Secret(seen), Some(Payload::Secret(wanted)))
            if wanted.source != SecretSource::External =>
        {
            Payload::Secret(plan::Secret {
                source: wanted.source.clone(),
                ..seen
            })
        }
        (seen, _) => seen,
    }
}
