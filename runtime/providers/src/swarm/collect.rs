//! Removing what was superseded, once nothing can go back to it.

use std::collections::BTreeMap;

use skep_engine::provider::{Kept, ProviderError};
use skep_schema::address::{Address, Kind};
use skep_schema::plan::Plan;

use super::Swarm;
use super::fault::{Fault, Meaning};
use super::http::Ask;
use super::labels::Owner;
use super::survey::{Object, References, settle, survey, used_before};
use super::wire::Service;

impl Swarm {
    pub(crate) async fn collect_superseded(
        &self,
        plan: &Plan,
        kept: &Kept,
    ) -> Result<(), ProviderError> {
        let key = self.key().await?;
        let fingerprints = key
            .map(|key| self.secrets.fingerprints(&key, plan))
            .unwrap_or_default();
        let plan = plan.bind(&fingerprints);
        self.collect_bound(&plan, kept, key.as_ref())
            .await
            .map_err(|fault| self.error(fault, None))
    }

    async fn collect_bound(
        &self,
        plan: &Plan,
        kept: &Kept,
        key: Option<&[u8; 32]>,
    ) -> Result<(), Fault> {
        let (view, configs, secrets) =
            tokio::try_join!(self.view(), self.owned("/configs"), self.owned("/secrets"))?;
        let objects = self.objects(&view, &configs, &secrets, key);
        let settled = settle(&objects, plan);
        let left: Vec<Object> = objects
            .iter()
            .filter(|object| is_left_over(object, plan, &settled))
            .cloned()
            .collect();
        let superseded = survey(objects, &view, plan).superseded.into_iter();
        let superseded = superseded.filter(|o| !kept.contains(&(o.kind, o.name.clone())));
        let old: Vec<Object> = left
            .into_iter()
            .chain(superseded)
            .filter(|object| object.kind != Kind::Service)
            .collect();
        if old.is_empty() {
            return Ok(());
        }
        // Other stacks may use them too, and the engine guards only present specs.
        let services: Vec<Service> = self.http.json(Ask::get("/services")).await?;
        let specs = services.iter().map(|service| &service.spec);
        let tasks = view.tasks.iter().filter(|task| !task.has_ended());
        let tasks: Vec<serde_json::Value> = tasks
            .map(|task| serde_json::json!({"TaskTemplate": task.spec}))
            .collect();
        let (now, before) = (
            References::of(specs.chain(&tasks)),
            used_before(services.iter()),
        );
        for object in old
            .iter()
            .filter(|object| !now.has(&object.id) && !before.has(&object.id))
        {
            match self.send_remove(object).await {
                Err(fault)
                    if matches!(fault.meaning(), Some(Meaning::InUse | Meaning::Missing)) => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }
}

/// Older content of a node that is gone: its delete took the newest.
///
/// A network that was forgotten carries our labels for ever, and stays.
fn is_left_over(object: &Object, plan: &Plan, settled: &BTreeMap<Address, Address>) -> bool {
    let is_kept =
        |owner: &Owner| object.kind == Kind::Network && plan.identity.forgets(&owner.address);
    let owner = Owner::of(&object.labels).filter(|owner| !is_kept(owner));
    owner.is_some_and(|owner| {
        let address = settled.get(&owner.address).unwrap_or(&owner.address);
        !plan.nodes.contains_key(address)
    })
}
