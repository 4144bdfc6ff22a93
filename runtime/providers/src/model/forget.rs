//! Letting go of what is there: our labels are taken off, and nothing else is touched.

use skep_engine::provider::ProviderError;
use skep_schema::address::{Address, Kind};
use skep_schema::plan::{self, PlanNode};

use super::fault::Verb;
use super::objects::{object, theirs};
use super::write::{Claim, RACES, Standing, conflict};
use super::{Model, Trouble};

impl Model {
    /// Makes the object of a node nobody's, unless it is already.
    pub(super) fn forget(&self, address: &Address, node: &PlanNode) -> Result<(), ProviderError> {
        let object = node.payload.object().zip(node.payload.physical_name());
        let Some((kind, name)) = object else {
            return Ok(());
        };
        for _ in 0..RACES {
            let version = match self.standing_of(address, node, Claim::Nobodys)? {
                Standing::Nothing => return Ok(()),
                Standing::Foreign(refusal) => return Err(refusal),
                Standing::Same { version } | Standing::Other { version, .. } => version,
            };
            if self.is_nobodys(kind, name)? {
                return Ok(());
            }
            match self.take_labels_off(kind, name, version) {
                Err(Trouble::Refused(refusal)) if refusal.is_race() => {}
                answer => return self.answered(address, answer),
            }
        }
        Err(conflict(address))
    }

    fn is_nobodys(&self, kind: Kind, name: &str) -> Result<bool, ProviderError> {
        self.look(|world| {
            let found = object(world, kind, name);
            found.is_none_or(|object| crate::swarm::adopt::is_nobodys(object.labels))
        })
    }

    fn take_labels_off(&self, kind: Kind, name: &str, version: u64) -> Result<(), Trouble> {
        self.send(Verb::Update, kind, name, |world| {
            let labels = object(world, kind, name).map(|object| theirs(object.labels));
            let labels = labels.unwrap_or_default();
            match kind {
                Kind::Service => {
                    let spec = world.services.get(name).map(|service| plan::Service {
                        labels,
                        ..plan::Service::clone(&service.spec)
                    });
                    world.update_service(name, version, spec.unwrap_or_default())
                }
                Kind::Config => world.update_config(name, version, labels, None),
                Kind::Secret => world.update_secret(name, version, labels, None),
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
        })
    }
}
