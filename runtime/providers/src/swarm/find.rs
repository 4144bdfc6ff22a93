//! What holds a name now, looked at just before it is written.

use serde_json::json;
use skep_engine::provider::ProviderError;
use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Payload, PlanNode};

use super::fault::Fault;
use super::http::Ask;
use super::labels::{Labels, Owner, STACK};
use super::observe::same_name;
use super::read_service::Reading;
use super::survey::{self, Object, spelled_like};
use super::view::{names, networks};
use super::wire::{Network, Service, Stored};
use super::{Swarm, json as raw};

/// What an object with the name of a node is to it.
pub(crate) enum Standing {
    Absent,
    /// Ours, as the node wants it.
    Wanted(Found),
    /// Ours, in another form.
    Other(Found),
}

/// An object as it is this moment.
pub(crate) struct Found {
    pub(crate) object: Object,
    pub(crate) version: u64,
    /// Of a service: what a write starts from.
    pub(crate) spec: serde_json::Value,
}

/// What may be written besides what carries our stack and the node's address.
pub(crate) enum Claim<'a> {
    Ours,
    /// Ours, under this address.
    Was(&'a Address),
    /// What no stack of Skep owns.
    Nobodys,
}

/// An object that has a name we want.
pub(crate) struct Namesake {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) labels: Labels,
}

impl Swarm {
    /// Looks at what has the name of `node`.
    ///
    /// # Errors
    /// It is somebody else's, or the engine could not be asked.
    pub(crate) async fn standing(
        &self,
        address: &Address,
        node: &PlanNode,
    ) -> Result<Standing, ProviderError> {
        self.standing_of(address, node, &Claim::Ours).await
    }

    /// The same, where more than what carries the address may be written. Only what carries it
    /// already can be as the node wants it.
    pub(crate) async fn standing_of(
        &self,
        address: &Address,
        node: &PlanNode,
        claim: &Claim<'_>,
    ) -> Result<Standing, ProviderError> {
        let key = self.key().await?;
        let found = self.find(&node.payload, key.as_ref()).await;
        let Some(found) = found.map_err(|fault| self.error(fault, Some(address)))? else {
            return Ok(Standing::Absent);
        };
        let owner = Owner::of(&found.object.labels);
        let is_settled = owner == Some(self.owner(address));
        if !is_settled && !self.may_take(claim, owner.as_ref(), &found.object.labels) {
            let Object {
                kind, name, labels, ..
            } = found.object;
            return Err(Namesake { kind, name, labels }.denies(address));
        }
        let seen = spelled_like(found.object.payload.clone(), Some(&node.payload));
        Ok(if is_settled && seen == node.payload {
            Standing::Wanted(found)
        } else {
            Standing::Other(found)
        })
    }

    /// What has the name of `payload` now, whosever it is.
    pub(crate) async fn find(
        &self,
        payload: &Payload,
        key: Option<&[u8; 32]>,
    ) -> Result<Option<Found>, Fault> {
        let (Some(kind), Some(name)) = (payload.object(), payload.physical_name()) else {
            return Ok(None);
        };
        match kind {
            Kind::Service => self.find_service(name, key).await,
            Kind::Network => self.find_network(name).await,
            Kind::Config => self.find_stored(kind, "/configs", name).await,
            Kind::Secret => self.find_stored(kind, "/secrets", name).await,
            Kind::Param
            | Kind::Registry
            | Kind::Node
            | Kind::Volume
            | Kind::Certificate
            | Kind::Gateway
            | Kind::Route
            | Kind::Flow => Ok(None),
        }
    }

    fn may_take(&self, claim: &Claim<'_>, owner: Option<&Owner>, labels: &Labels) -> bool {
        match claim {
            Claim::Ours => false,
            Claim::Was(address) => owner == Some(&self.owner(address)),
            Claim::Nobodys => !labels.contains_key(STACK),
        }
    }

    async fn find_service(
        &self,
        name: &str,
        key: Option<&[u8; 32]>,
    ) -> Result<Option<Found>, Fault> {
        let all: Vec<Service> = self
            .http
            .json(Ask::get("/services").filters(&json!({"name": [name]})))
            .await?;
        let Some(service) = all.into_iter().find(|service| service.name() == name) else {
            return Ok(None);
        };
        let listed = networks(&self.http).await?;
        let networks = names(&self.http, &listed, std::iter::once(&service.spec)).await?;
        let fingerprint = self.fingerprint(key, name);
        let object = survey::service(
            &service,
            &Reading {
                networks: &networks,
                fingerprint: &fingerprint,
            },
        );
        Ok(Some(Found {
            object,
            version: service.version.index,
            spec: service.spec,
        }))
    }

    /// The owner of a service whose name differs from `name` in nothing but case.
    pub(crate) async fn other_spelling(&self, name: &str) -> Result<Option<Namesake>, Fault> {
        let all: Vec<Service> = self.http.json(Ask::get("/services")).await?;
        let other = all
            .iter()
            .find(|service| service.name() != name && same_name(service.name(), name));
        Ok(other.map(|service| Namesake {
            kind: Kind::Service,
            name: service.name().to_owned(),
            labels: service.labels(),
        }))
    }

    async fn find_network(&self, name: &str) -> Result<Option<Found>, Fault> {
        let all: Vec<Network> = networks(&self.http).await?;
        let found = all.iter().find(|network| same_name(&network.name, name));
        Ok(found.map(|network| Found {
            object: survey::network(network),
            version: 0,
            spec: serde_json::Value::Null,
        }))
    }

    async fn find_stored(
        &self,
        kind: Kind,
        path: &str,
        name: &str,
    ) -> Result<Option<Found>, Fault> {
        let all: Vec<Stored> = self
            .http
            .json(Ask::get(path).filters(&json!({"name": [name]})))
            .await?;
        let found = all.iter().find(|stored| same_name(&stored.spec.name, name));
        Ok(found.map(|stored| Found {
            object: if kind == Kind::Config {
                survey::config(stored)
            } else {
                survey::secret(stored)
            },
            version: stored.version.index,
            spec: serde_json::Value::Null,
        }))
    }
}

impl Found {
    /// The labels that are ours.
    pub(crate) fn our_labels(&self) -> Labels {
        let mut labels = self.object.labels.clone();
        labels.retain(|key, _| key.starts_with("skep."));
        labels
    }

    /// The value a variable has in the raw spec.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let all = raw::list(&self.spec, "/TaskTemplate/ContainerSpec/Env").iter();
        let pairs = all.filter_map(|entry| entry.as_str()?.split_once('='));
        pairs
            .rev()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned())
    }
}

impl Namesake {
    /// Why its name cannot be had.
    pub(crate) fn denies(&self, address: &Address) -> ProviderError {
        let owner = super::labels::taken(&self.labels).owner;
        let whose = owner.map_or_else(
            || "somebody else's".to_owned(),
            |owner| format!("of {owner}"),
        );
        let Self { kind, name, .. } = self;
        ProviderError::Denied {
            message: format!("`{name}`, the name of {address}, is a {kind} {whose}"),
        }
    }
}
