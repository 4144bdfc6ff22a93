//! What a plan leaves open in a service until the moment it is written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use skep_engine::provider::ProviderError;
use skep_schema::address::{Address, Kind};
use skep_schema::plan::{PlanNode, SecretText, Service};

use super::fault::Fault;
use super::find::Found;
use super::http::Ask;
use super::view::networks;
use super::wire::Stored;
use super::write_service::{Completion, Ids};
use super::{Swarm, rejected, version};
use crate::secrets::fill;

/// Networks that every engine has and none lists.
pub(crate) const OF_THE_ENGINE: [&str; 3] = ["host", "none", "bridge"];

impl Swarm {
    /// Ids, labels and values for `service`; `found` is what is there already.
    ///
    /// # Errors
    /// Something it refers to is not there, a secret has no value, or the engine would drop a part.
    pub(crate) async fn completion(
        &self,
        address: &Address,
        service: &Service,
        node: &PlanNode,
        found: Option<&Found>,
    ) -> Result<Completion, ProviderError> {
        self.refuse_loss(address, service)?;
        let ids = self
            .ids(service)
            .await
            .map_err(|fault| self.error(fault, Some(address)))?;
        missing(address, service, &ids)?;
        let mut secret_env = BTreeMap::new();
        for (variable, text) in &service.secret_env {
            let value = self.value(address, variable, text, found)?;
            secret_env.insert(variable.clone(), value);
        }
        Ok(Completion {
            ids,
            labels: self.owner(address).labels(&node.digest),
            secret_env,
        })
    }

    fn refuse_loss(&self, address: &Address, service: &Service) -> Result<(), ProviderError> {
        let lost = version::lost(service, self.version);
        let Some(first) = lost.first() else {
            return Ok(());
        };
        Err(rejected(format!(
            "{address} asks for `{}`, which this engine would take and forget: it speaks API {}, and that came with \
             Docker Engine {}",
            first.property, self.version, first.since
        )))
    }

    /// The value of a variable. A plan that was compared without it cannot want it changed, so then
    /// the one that is there stays.
    fn value(
        &self,
        address: &Address,
        variable: &str,
        text: &SecretText,
        found: Option<&Found>,
    ) -> Result<String, ProviderError> {
        let unreadable = || {
            rejected(format!(
                "the variable `{variable}` of {address} holds a secret whose value is not at hand"
            ))
        };
        match (fill(&text.template, &self.secrets), &text.fingerprint) {
            (Some(bytes), _) => String::from_utf8(bytes.expose().to_vec()).map_err(|_| {
                rejected(format!(
                    "the variable `{variable}` of {address} is no text: the engine takes only UTF-8"
                ))
            }),
            (None, None) => found
                .and_then(|found| found.variable(variable))
                .ok_or_else(unreadable),
            (None, Some(_)) => Err(unreadable()),
        }
    }

    async fn ids(&self, service: &Service) -> Result<Ids, Fault> {
        let spec = service.security.credential_spec.as_deref();
        let credentials = spec.and_then(|text| text.strip_prefix("config:"));
        let configs = service
            .configs
            .values()
            .map(|file| file.source.as_str())
            .chain(credentials);
        let secrets = service.secrets.values().map(|file| file.source.as_str());
        let networks = async {
            let all = networks(&self.http).await?;
            Ok(all
                .into_iter()
                .map(|network| (network.name, network.id))
                .collect())
        };
        let (networks, configs, secrets) = tokio::try_join!(
            networks,
            self.ids_of("/configs", configs.collect()),
            self.ids_of("/secrets", secrets.collect())
        )?;
        Ok(Ids {
            networks,
            configs,
            secrets,
        })
    }

    async fn ids_of(
        &self,
        path: &str,
        names: BTreeSet<&str>,
    ) -> Result<BTreeMap<String, String>, Fault> {
        if names.is_empty() {
            return Ok(BTreeMap::new());
        }
        let found: Vec<Stored> = self
            .http
            .json(Ask::get(path).filters(&json!({"name": names})))
            .await?;
        Ok(found
            .into_iter()
            .map(|stored| (stored.spec.name, stored.id))
            .collect())
    }
}

/// The engine would say so too, but in other words for each kind, and as an error of its own.
fn missing(address: &Address, service: &Service, ids: &Ids) -> Result<(), ProviderError> {
    let lacks = |kind: Kind, name: &str, known: &BTreeMap<String, String>| {
        (!known.contains_key(name)).then(|| format!("{kind} `{name}`"))
    };
    let networks = service
        .networks
        .keys()
        .filter(|name| !OF_THE_ENGINE.contains(&name.as_str()));
    let first = networks
        .filter_map(|name| lacks(Kind::Network, name, &ids.networks))
        .chain(
            service
                .configs
                .values()
                .filter_map(|file| lacks(Kind::Config, &file.source, &ids.configs)),
        )
        .chain(
            service
                .secrets
                .values()
                .filter_map(|file| lacks(Kind::Secret, &file.source, &ids.secrets)),
        )
        .next();
    first.map_or(Ok(()), |what| {
        Err(rejected(format!(
            "{address} uses the {what}, which is not in the swarm"
        )))
    })
}
