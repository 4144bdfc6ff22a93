//! Everything that runs in a swarm, whoever made it.

use skep_engine::provider::ProviderError;
use skep_schema::inventory::Found;

use super::Swarm;
use super::fault::Fault;
use super::http::Ask;
use super::labels::STACK;
use super::read_service::Reading;
use super::survey::{self, Object};
use super::view::{names, networks};
use super::wire::{Service, Stored};

impl Swarm {
    /// Services, networks and configs of everybody, in the form plans have. Writes nothing. Of variables
    /// that hold a secret of Skep there is no value.
    ///
    /// # Errors
    /// The engine could not be asked.
    pub async fn running(&self) -> Result<Vec<Found>, ProviderError> {
        self.everything()
            .await
            .map_err(|fault| self.error(fault, None))
    }

    async fn everything(&self) -> Result<Vec<Found>, Fault> {
        let services = self.http.json::<Vec<Service>>(Ask::get("/services"));
        let configs = self.http.json::<Vec<Stored>>(Ask::get("/configs"));
        let (services, configs, networks) =
            tokio::try_join!(services, configs, networks(&self.http))?;
        let specs = services.iter().map(|service| &service.spec);
        let with = Reading {
            networks: &names(&self.http, &networks, specs).await?,
            fingerprint: &|_, _| None,
        };
        let services = services
            .iter()
            .map(|service| survey::service(service, &with));
        let all = services
            .chain(networks.iter().map(survey::network))
            .chain(configs.iter().map(survey::config));
        Ok(all.map(found).collect())
    }
}

fn found(object: Object) -> Found {
    Found {
        owner: object.labels.get(STACK).cloned(),
        payload: object.payload,
    }
}
