//! Letting go of what is there: our labels are taken off, and nothing else is touched.

use serde_json::Value;
use skep_engine::provider::ProviderError;
use skep_schema::address::{Address, Kind};
use skep_schema::plan::PlanNode;

use super::Swarm;
use super::fault::Fault;
use super::find::{Claim, Found, Standing};
use super::http::Ask;
use super::labels::{STACK, theirs};
use super::update::{RACES, may_try_again};

impl Swarm {
    /// Makes the object of a node nobody's. What is there no more, or is nobody's already, is left
    /// alone, so that a write whose answer was lost can be tried again.
    pub(crate) async fn forget(
        &self,
        address: &Address,
        node: &PlanNode,
    ) -> Result<(), ProviderError> {
        for _ in 0..RACES {
            let found = match self.standing_of(address, node, &Claim::Nobodys).await? {
                Standing::Absent => return Ok(()),
                Standing::Wanted(found) | Standing::Other(found) => found,
            };
            if !found.object.labels.contains_key(STACK) {
                return Ok(());
            }
            match self.take_labels_off(&found).await {
                Ok(()) => return Ok(()),
                Err(fault) if may_try_again(&fault) => {}
                Err(fault) => return Err(self.error(fault, Some(address))),
            }
        }
        Err(ProviderError::Conflict {
            address: address.clone(),
        })
    }

    async fn take_labels_off(&self, found: &Found) -> Result<(), Fault> {
        let labels = theirs(&found.object.labels);
        let name = &found.object.name;
        match found.object.kind {
            Kind::Service => {
                let ask_to = format!("/services/{}/update", found.object.id);
                let spec = unlabelled(&found.spec);
                let ask = Ask::post(ask_to, &spec).query("version", found.version.to_string());
                self.http.send(ask).await.map(|_| ())
            }
            Kind::Config => self.relabel("/configs", name, &labels, found).await,
            Kind::Secret => self.relabel("/secrets", name, &labels, found).await,
            Kind::Node
            | Kind::Param
            | Kind::Registry
            | Kind::Network
            | Kind::Volume
            | Kind::Certificate
            | Kind::Gateway
            | Kind::Route
            | Kind::Flow => Ok(()),
        }
    }
}

/// The spec as it was read, but for the labels that are ours.
fn unlabelled(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(Value::Object(labels)) = spec.get_mut("Labels") {
        labels.retain(|key, _| !key.starts_with("skep."));
    }
    spec
}
