//! One change becomes calls: as few as can be, and none on what is not ours.

use skep_engine::provider::ProviderError;
use skep_schema::address::{Address, Kind};
use skep_schema::change::{Action, Change, Effect};
use skep_schema::digest::DigestText;
use skep_schema::plan::{self, Payload, PlanNode};

use super::edit::edited;
use super::fault::Verb;
use super::objects::{ADDRESS, DIGEST, Labels, Object, STACK, VALUE, object, spelled_like, taken};
use super::observe::is_used_before;
use super::world::{Desired, World};
use super::{Model, Trouble};
use crate::secrets::fingerprint;

type Outcome = Result<(), ProviderError>;

/// The engine writes a service itself while it updates it, so that a race may be lost more than once.
pub(super) const RACES: usize = 5;

/// What holds the name of a node.
pub(super) enum Standing {
    Nothing,
    /// Not ours, and so refused.
    Foreign(ProviderError),
    /// Ours, and it is the node already.
    Same {
        version: u64,
    },
    /// Ours, in another form.
    Other {
        version: u64,
        payload: Box<Payload>,
    },
}

/// What may be written besides what carries our stack and the node's address.
#[derive(Clone, Copy)]
pub(super) enum Claim<'a> {
    Ours,
    /// Ours, under this address.
    Was(&'a Address),
    /// What no stack of Skep owns.
    Nobodys,
}

impl<'a> Claim<'a> {
    fn of(change: &'a Change) -> Self {
        match (change.action, &change.was) {
            (Action::Adopt, _) => Claim::Nobodys,
            (_, Some(was)) => Claim::Was(was),
            (_, None) => Claim::Ours,
        }
    }
}

impl Model {
    pub(super) fn write(&self, change: &Change) -> Outcome {
        let address = &change.address;
        let (before, after) = (change.before.as_deref(), change.after.as_deref());
        if before
            .or(after)
            .is_some_and(|node| node.payload.as_node().is_some())
        {
            return self.write_node(address, before, after);
        }
        match (
            change.action,
            change.before.as_deref(),
            change.after.as_deref(),
        ) {
            (Action::Create, _, Some(after)) => self.create(address, after),
            (Action::Update | Action::Adopt, Some(before), Some(after)) => {
                self.update(change, before, after)
            }
            (Action::Forget, Some(before), _) => self.forget(change.carried(), before),
            (Action::Replace, Some(before), Some(after)) => self.replace(change, before, after),
            (Action::Delete, Some(before), _) => self.delete(change.carried(), before),
            (
                Action::Create
                | Action::Update
                | Action::Replace
                | Action::Delete
                | Action::Adopt
                | Action::Forget,
                _,
                _,
            ) => Err(rejected(format!(
                "the change of {address} does not say what it is about"
            ))),
        }
    }

    fn create(&self, address: &Address, node: &PlanNode) -> Outcome {
        match self.standing(address, node)? {
            Standing::Nothing => self.answered(address, self.send_create(address, node)),
            Standing::Same { .. } => Ok(()),
            Standing::Foreign(refusal) => Err(refusal),
            Standing::Other { .. } => Err(conflict(address)),
        }
    }

    /// What the engine cannot hold beside its successor goes first; the rest is collected later.
    fn replace(&self, change: &Change, before: &PlanNode, after: &PlanNode) -> Outcome {
        let address = &change.address;
        let same_name = before.payload.physical_name() == after.payload.physical_name();
        let claim = Claim::of(change);
        if same_name
            && matches!(
                self.standing_of(address, after, claim)?,
                Standing::Same { .. }
            )
        {
            return Ok(());
        }
        if same_name {
            // Nothing can go back to what loses its name.
            self.clear(change.carried(), before)?;
        } else if change.effect >= Effect::Downtime {
            self.delete(change.carried(), before)?;
        }
        self.create(address, after)
    }

    fn send_create(&self, address: &Address, node: &PlanNode) -> Result<(), Trouble> {
        let labels = |own: &Labels| self.labelled(own, address, &node.digest);
        let id = match &node.payload {
            Payload::Network(network) => {
                let spec = plan::Network {
                    labels: labels(&network.labels),
                    ..network.clone()
                };
                self.send(Verb::Create, Kind::Network, &network.name, |world| {
                    world.create_network(spec)
                })
            }
            Payload::Config(config) => {
                let (data, labels) = (content(address, config)?, labels(&config.labels));
                self.send(Verb::Create, Kind::Config, &config.name, |world| {
                    world.create_config(&config.name, labels, &data)
                })
            }
            Payload::Secret(secret) => {
                let value = self
                    .secrets
                    .get(address)
                    .ok_or_else(|| rejected(self.secrets.why(address)))?;
                let labels = labels(&secret.labels);
                self.send(Verb::Create, Kind::Secret, &secret.name, |world| {
                    world.create_secret(&secret.name, labels, value.expose())
                })
            }
            Payload::Service(service) => {
                let spec = self.service(address, service, &node.digest)?;
                self.send(Verb::Create, Kind::Service, &service.name, |world| {
                    world.create_service(spec)
                })
            }
            Payload::Node(_) | Payload::Volume(_) | Payload::Declared(_) => return Ok(()),
        };
        id.map(drop)
    }

    /// The spec that is sent: whole, or not at all.
    fn service(
        &self,
        address: &Address,
        service: &plan::Service,
        digest: &DigestText,
    ) -> Result<plan::Service, ProviderError> {
        match service
            .secret_env
            .iter()
            .find(|(_, text)| text.fingerprint.is_none())
        {
            None => Ok(plan::Service {
                labels: self.labelled(&service.labels, address, digest),
                ..service.clone()
            }),
            Some((variable, _)) => Err(rejected(format!(
                "the variable `{variable}` of {address} holds a secret whose value is not at hand"
            ))),
        }
    }

    /// Writes until nobody else was faster, as long as the object is what the change was made
    /// against.
    fn update(&self, change: &Change, before: &PlanNode, after: &PlanNode) -> Outcome {
        let address = &change.address;
        for _ in 0..RACES {
            let version = match self.standing_of(address, after, Claim::of(change))? {
                Standing::Same { .. } => return Ok(()),
                Standing::Foreign(refusal) => return Err(refusal),
                Standing::Other { version, payload } if is_same(&payload, &before.payload) => {
                    version
                }
                Standing::Nothing | Standing::Other { .. } => return Err(conflict(address)),
            };
            match self.send_update(address, after, version) {
                Err(Trouble::Refused(refusal)) if refusal.is_race() => {}
                answer => return self.answered(address, answer),
            }
        }
        Err(conflict(address))
    }

    fn send_update(&self, address: &Address, node: &PlanNode, version: u64) -> Result<(), Trouble> {
        let labels = |own: &Labels| self.labelled(own, address, &node.digest);
        match &node.payload {
            Payload::Service(service) => {
                let spec = self.service(address, service, &node.digest)?;
                self.send(Verb::Update, Kind::Service, &service.name, |world| {
                    let old = world.services.get(&service.name);
                    let spec = old.map_or_else(|| spec.clone(), |old| edited(&old.spec, &spec));
                    world.update_service(&service.name, version, spec)
                })
            }
            Payload::Config(config) => {
                let labels = labels(&config.labels);
                self.send(Verb::Update, Kind::Config, &config.name, |world| {
                    world.update_config(&config.name, version, labels, None)
                })
            }
            Payload::Secret(secret) => {
                let mut labels = labels(&secret.labels);
                labels.extend(self.value_mark(address)?);
                self.send(Verb::Update, Kind::Secret, &secret.name, |world| {
                    world.update_secret(&secret.name, version, labels, None)
                })
            }
            Payload::Network(_) => {
                Err(rejected(format!("{address} cannot be changed in place")).into())
            }
            Payload::Node(_) | Payload::Volume(_) | Payload::Declared(_) => Ok(()),
        }
    }

    /// The label that says which value a secret is taken to hold, where the value is at hand.
    fn value_mark(&self, address: &Address) -> Result<Option<(String, String)>, ProviderError> {
        let key = self.look(World::key)?;
        let print = key
            .zip(self.secrets.get(address))
            .map(|(key, value)| fingerprint(&key, &self.stack, address, value));
        Ok(print.map(|print| (VALUE.to_owned(), print)))
    }

    /// What a rollback by the engine would need is left to [`Self::collect_superseded`].
    fn delete(&self, address: &Address, node: &PlanNode) -> Outcome {
        let object = node.payload.object().zip(node.payload.physical_name());
        let is_used_before =
            |world: &World| object.is_some_and(|(kind, name)| is_used_before(world, kind, name));
        let stands = matches!(self.standing(address, node)?, Standing::Same { .. });
        if stands && self.look(is_used_before)? {
            return Ok(());
        }
        self.clear(address, node)
    }

    /// Removes what was reviewed, and nothing that took its place meanwhile.
    fn clear(&self, address: &Address, node: &PlanNode) -> Outcome {
        match self.standing(address, node)? {
            Standing::Nothing => return Ok(()),
            Standing::Foreign(refusal) => return Err(refusal),
            Standing::Other { .. } => return Err(conflict(address)),
            Standing::Same { .. } => {}
        }
        let (Some(kind), Some(name)) = (node.payload.object(), node.payload.physical_name()) else {
            return Ok(());
        };
        self.remove(address, kind, name)?;
        if kind == Kind::Service {
            self.wait_for_end(name)
        } else {
            Ok(())
        }
    }

    /// A port or a volume is free only when the last task has stopped.
    fn wait_for_end(&self, service: &str) -> Outcome {
        let ended = self.within(|world| {
            while world
                .tasks_of(service)
                .any(|task| task.desired == Desired::Remove)
                && world.advance(1)
            {}
        });
        ended.map_err(|error| self.unreachable(&error))
    }

    pub(super) fn remove(&self, address: &Address, kind: Kind, name: &str) -> Outcome {
        let sent = self.send(Verb::Remove, kind, name, |world| match kind {
            Kind::Network => world.remove_network(name),
            Kind::Secret => world.remove_secret(name),
            Kind::Config => world.remove_config(name),
            Kind::Service => world.remove_service(name),
            Kind::Param
            | Kind::Registry
            | Kind::Node
            | Kind::Volume
            | Kind::Certificate
            | Kind::Gateway
            | Kind::Route
            | Kind::Flow => Ok(()),
        });
        match sent {
            Err(Trouble::Refused(refusal)) if refusal.status == 404 => Ok(()),
            sent => self.answered(address, sent),
        }
    }

    fn standing(&self, address: &Address, node: &PlanNode) -> Result<Standing, ProviderError> {
        self.standing_of(address, node, Claim::Ours)
    }

    pub(super) fn standing_of(
        &self,
        address: &Address,
        node: &PlanNode,
        claim: Claim<'_>,
    ) -> Result<Standing, ProviderError> {
        let (Some(kind), Some(name)) = (node.payload.object(), node.payload.physical_name()) else {
            return Ok(Standing::Same { version: 0 });
        };
        self.look(|world| match object(world, kind, name) {
            None => Standing::Nothing,
            Some(object) if !self.owns(&object, address) && !self.may_take(claim, &object) => {
                Standing::Foreign(foreign(address, &object))
            }
            Some(object)
                if self.owns(&object, address) && is_same(&object.payload, &node.payload) =>
            {
                Standing::Same {
                    version: object.meta.version,
                }
            }
            Some(Object { meta, payload, .. }) => Standing::Other {
                version: meta.version,
                payload: Box::new(payload),
            },
        })
    }

    fn owns(&self, object: &Object<'_>, address: &Address) -> bool {
        object.is_of(&self.stack) && object.address().as_ref() == Some(address)
    }

    fn may_take(&self, claim: Claim<'_>, object: &Object<'_>) -> bool {
        match claim {
            Claim::Ours => false,
            Claim::Was(address) => self.owns(object, address),
            Claim::Nobodys => !object.labels.contains_key(STACK),
        }
    }

    fn labelled(&self, own: &Labels, address: &Address, digest: &DigestText) -> Labels {
        let ours = [
            (STACK, self.stack.clone()),
            (ADDRESS, address.to_string()),
            (DIGEST, digest.to_string()),
        ];
        let ours = ours.map(|(key, value)| (key.to_owned(), value));
        own.iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .chain(ours)
            .collect()
    }

    pub(super) fn look<T>(&self, at: impl FnOnce(&World) -> T) -> Result<T, ProviderError> {
        self.within(|world| at(world))
            .map_err(|error| self.unreachable(&error))
    }

    pub(super) fn answered(&self, address: &Address, answer: Result<(), Trouble>) -> Outcome {
        answer.map_err(|trouble| match trouble {
            Trouble::Lost(message) => ProviderError::Unreachable {
                target: self.name(),
                message: message.to_owned(),
            },
            Trouble::Store(error) => self.unreachable(&error),
            Trouble::Unsent(error) => error,
            Trouble::Refused(refusal) if refusal.is_race() || refusal.status == 409 => {
                conflict(address)
            }
            Trouble::Refused(refusal) => rejected(refusal.message),
        })
    }
}

/// Whether two payloads are one in the target, which does not know where a secret comes from.
fn is_same(found: &Payload, meant: &Payload) -> bool {
    spelled_like(found.clone(), Some(meant)) == *meant
}

fn content(address: &Address, config: &plan::Config) -> Result<Vec<u8>, ProviderError> {
    let content = config
        .content
        .as_ref()
        .ok_or_else(|| rejected(format!("{address} has no content")))?;
    content
        .bytes()
        .map_err(|error| rejected(format!("the content of {address}: {error}")))
}

fn foreign(address: &Address, object: &Object<'_>) -> ProviderError {
    let owner = taken(object.labels).owner;
    let whose = owner.map_or_else(
        || "somebody else's".to_owned(),
        |owner| format!("of {owner}"),
    );
    ProviderError::Denied {
        message: format!(
            "`{}`, the name of {address}, is a {} {whose}",
            object.name, object.kind
        ),
    }
}

pub(super) fn conflict(address: &Address) -> ProviderError {
    ProviderError::Conflict {
        address: address.clone(),
    }
}

fn rejected(message: String) -> ProviderError {
    ProviderError::Rejected { message }
}
