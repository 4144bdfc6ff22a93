//! Making what is not there.

use serde_json::json;
use skep_engine::provider::ProviderError;
use skep_schema::address::Address;
use skep_schema::plan::{Config, Content, Payload, PlanNode, Secret, Service};

use bollard::models::ConfigSpec;

use super::fault::{Fault, Meaning};
use super::find::Standing;
use super::http::{Ask, of_bollard};
use super::{Swarm, rejected, write_service};

type Outcome = Result<(), ProviderError>;

impl Swarm {
    /// Makes the object of a node. What is there already as wanted is left alone, so that a create
    /// whose answer was lost can be tried again.
    pub(crate) async fn create(&self, address: &Address, node: &PlanNode) -> Outcome {
        if let Some(outcome) = self.settled(address, node).await? {
            return outcome;
        }
        match self.send_create(address, node).await? {
            Ok(()) => Ok(()),
            Err(fault) if may_be_there(&fault) => self.doubted(address, node, fault).await,
            Err(fault) => Err(self.error(fault, Some(address))),
        }
    }

    /// How a create ends that failed although the object may be there.
    async fn doubted(&self, address: &Address, node: &PlanNode, fault: Fault) -> Outcome {
        if let Some(outcome) = self.settled(address, node).await? {
            return outcome;
        }
        if let Payload::Service(service) = &node.payload {
            let other = self.other_spelling(&service.name).await;
            if let Some(other) = other.map_err(|fault| self.error(fault, Some(address)))? {
                return Err(other.denies(address));
            }
        }
        Err(self.error(fault, Some(address)))
    }

    /// How a create ends without a write; nothing when there is something to write.
    async fn settled(
        &self,
        address: &Address,
        node: &PlanNode,
    ) -> Result<Option<Outcome>, ProviderError> {
        Ok(match self.standing(address, node).await? {
            Standing::Absent => None,
            Standing::Wanted(_) => Some(Ok(())),
            Standing::Other(_) => Some(Err(ProviderError::Conflict {
                address: address.clone(),
            })),
        })
    }

    async fn send_create(
        &self,
        address: &Address,
        node: &PlanNode,
    ) -> Result<Result<(), Fault>, ProviderError> {
        let ours = self.owner(address).labels(&node.digest);
        Ok(match &node.payload {
            Payload::Network(network) => self.create_network(address, network, ours).await,
            Payload::Config(config) => {
                let data = content(address, config)?;
                let labels = ours.into_iter().chain(config.labels.clone());
                let spec = ConfigSpec {
                    name: Some(config.name.clone()),
                    labels: Some(labels.collect()),
                    data: Some(Content::encode(&data)),
                    templating: None,
                };
                self.docker
                    .create_config(spec)
                    .await
                    .map(|_| ())
                    .map_err(of_bollard)
            }
            Payload::Secret(secret) => self.create_secret(address, secret, ours).await?,
            Payload::Service(service) => self.create_service(address, service, node).await?,
            Payload::Node(_) | Payload::Volume(_) | Payload::Declared(_) => Ok(()),
        })
    }

    async fn create_secret(
        &self,
        address: &Address,
        secret: &Secret,
        ours: super::labels::Labels,
    ) -> Result<Result<(), Fault>, ProviderError> {
        let value = self
            .secrets
            .get(address)
            .ok_or_else(|| rejected(self.secrets.why(address)))?;
        if secret.name.ends_with('*') {
            return Err(rejected(format!(
                "the name of {address} was not completed with the fingerprint of its value"
            )));
        }
        let labels: super::labels::Labels = ours.into_iter().chain(secret.labels.clone()).collect();
        let body =
            json!({"Name": secret.name, "Labels": labels, "Data": Content::encode(value.expose())});
        Ok(self
            .http
            .send(Ask::post("/secrets/create", &body))
            .await
            .map(|_| ()))
    }

    async fn create_service(
        &self,
        address: &Address,
        service: &Service,
        node: &PlanNode,
    ) -> Result<Result<(), Fault>, ProviderError> {
        let completion = self.completion(address, service, node, None).await?;
        let spec = write_service::write(service, &completion);
        let ask = Ask::post("/services/create", &spec)
            .registry_auth(self.credentials.header(&service.image).await);
        Ok(self.http.send(ask).await.map(|_| ()))
    }
}

/// Whether the object can be there although the create failed.
fn may_be_there(fault: &Fault) -> bool {
    match fault {
        Fault::Lost(_) => true,
        Fault::NoConnection(_) => false,
        Fault::Refused(refusal) => match refusal.meaning() {
            Meaning::Exists | Meaning::Unavailable | Meaning::Leaderless => true,
            Meaning::OutOfSequence | Meaning::Missing | Meaning::InUse | Meaning::Invalid => false,
        },
    }
}

fn content(address: &Address, config: &Config) -> Result<Vec<u8>, ProviderError> {
    let content = config
        .content
        .as_ref()
        .ok_or_else(|| rejected(format!("{address} has no content")))?;
    content
        .bytes()
        .map_err(|error| rejected(format!("the content of {address}: {error}")))
}
