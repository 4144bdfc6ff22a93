//! Removing what is not wanted any more.

use std::time::Duration;

use serde_json::json;
use skep_engine::provider::ProviderError;
use skep_schema::address::{Address, Kind};
use skep_schema::plan::{Payload, PlanNode, Service};
use tokio::time::{Instant, sleep};

use super::Swarm;
use super::fault::{Fault, Meaning};
use super::find::Standing;
use super::http::{Ask, of_bollard};
use super::labels::{ADDRESS, STACK};
use super::survey::{Object, used_before};
use super::wire::Task;

type Outcome = Result<(), ProviderError>;

const PAUSE: Duration = Duration::from_millis(200);
/// How long what uses an object may take to let go of it.
const IN_USE: Duration = Duration::from_secs(30);
/// Beyond the time in which its tasks may end, a service needs this to be gone.
const ENDING: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(10);

impl Swarm {
    /// The same as [`Self::clear`], but what a rollback by the engine would need stays; it is
    /// collected later.
    pub(crate) async fn delete(&self, address: &Address, node: &PlanNode) -> Outcome {
        if let Standing::Wanted(found) = self.standing(address, node).await?
            && found.object.kind != Kind::Service
        {
            let view = self
                .view()
                .await
                .map_err(|fault| self.error(fault, Some(address)))?;
            if used_before(view.services.iter()).has(&found.object.id) {
                return Ok(());
            }
        }
        self.clear(address, node).await
    }

    /// Removes the object of a node, if it is there, ours, and still as it was when the delete was
    /// planned; the engine knows no version to delete, so this is looked up just before.
    pub(crate) async fn clear(&self, address: &Address, node: &PlanNode) -> Outcome {
        let found = match self.standing(address, node).await? {
            Standing::Absent => return Ok(()),
            Standing::Wanted(found) => found,
            Standing::Other(_) => {
                return Err(ProviderError::Conflict {
                    address: address.clone(),
                });
            }
        };
        let fail = |fault| self.error(fault, Some(address));
        let tasks = self.tasks_to_end(&found.object).await.map_err(fail)?;
        self.remove(&found.object).await.map_err(fail)?;
        match &node.payload {
            Payload::Service(service) => self
                .wait_for_end(address, &found.object, &tasks, service)
                .await
                .map_err(fail),
            Payload::Node(_)
            | Payload::Network(_)
            | Payload::Config(_)
            | Payload::Secret(_)
            | Payload::Volume(_)
            | Payload::Declared(_) => Ok(()),
        }
    }

    /// Removes an object, trying again while what used it is still on its way out.
    pub(crate) async fn remove(&self, object: &Object) -> Result<(), Fault> {
        let deadline = Instant::now() + IN_USE;
        loop {
            match self.send_remove(object).await {
                Err(fault) if fault.meaning() == Some(Meaning::Missing) => return Ok(()),
                Err(fault)
                    if fault.meaning() == Some(Meaning::InUse) && Instant::now() < deadline =>
                {
                    sleep(PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    pub(crate) async fn send_remove(&self, object: &Object) -> Result<(), Fault> {
        let removed = match object.kind {
            Kind::Service => self.docker.delete_service(&object.id).await,
            Kind::Network => self.docker.remove_network(&object.id).await,
            Kind::Config => self.docker.delete_config(&object.id).await,
            Kind::Secret => self.docker.delete_secret(&object.id).await,
            Kind::Param
            | Kind::Registry
            | Kind::Node
            | Kind::Volume
            | Kind::Certificate
            | Kind::Gateway
            | Kind::Route
            | Kind::Flow => Ok(()),
        };
        removed.map_err(of_bollard)
    }

    /// Tasks that may not carry the labels of the service: those from before it was adopted or
    /// moved. When it is gone they cannot be asked for by its name.
    async fn tasks_to_end(&self, object: &Object) -> Result<Vec<String>, Fault> {
        if object.kind != Kind::Service {
            return Ok(Vec::new());
        }
        let ask = Ask::get("/tasks").filters(&json!({"service": [object.id]}));
        let tasks: Vec<Task> = self.http.json(ask).await?;
        let open = tasks.into_iter().filter(|task| !task.has_ended());
        Ok(open.map(|task| task.id).collect())
    }

    /// Waits until no task is left, as long as the tasks may take: a port or a volume is free only
    /// then. Tasks on nodes that are gone never end, so the wait does.
    async fn wait_for_end(
        &self,
        address: &Address,
        object: &Object,
        tasks: &[String],
        service: &Service,
    ) -> Result<(), Fault> {
        let grace = service
            .stop
            .grace
            .map_or(GRACE, skep_schema::units::Duration::as_std);
        let deadline = Instant::now() + grace + ENDING;
        let labels = [
            format!("{STACK}={}", self.scope.stack),
            format!("{ADDRESS}={address}"),
        ];
        let by_label = || Ask::get("/tasks").filters(&json!({"label": labels}));
        loop {
            let mut left = self.http.json::<Vec<Task>>(by_label()).await?;
            if !tasks.is_empty() {
                let ask = Ask::get("/tasks").filters(&json!({"id": tasks}));
                left.extend(self.http.json::<Vec<Task>>(ask).await?);
            }
            let left = left.iter().any(|task| task.service == object.id);
            if !left || Instant::now() >= deadline {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
    }
}
