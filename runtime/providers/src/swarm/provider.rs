//! The swarm behind the trait.

use skep_engine::live::{Live, Stir, Tail};
use skep_engine::provider::{Kept, Promise, Provider, ProviderError};
use skep_schema::address::Address;
use skep_schema::change::{Action, Change, Effect};
use skep_schema::inventory::{Failure, Inventory, Readiness, Verdict};
use skep_schema::log::LogLine;
use skep_schema::place::Lacking;
use skep_schema::plan::{Payload, Plan, PlanNode, Service};
use tokio::sync::mpsc;

use super::convergence::{Case, Finding};
use super::fault::Fault;
use super::find::{Claim, Standing};
use super::http::Ask;
use super::labels::Owner;
use super::machine::machines;
use super::survey::{not_as_written, respelled, spelled_like};
use super::view::View;
use super::{Swarm, rejected};

impl Provider for Swarm {
    fn prepare(&self) -> Promise<'_, ()> {
        Box::pin(self.make_key())
    }

    fn observe<'a>(&'a self, plan: &'a Plan) -> Promise<'a, Inventory> {
        Box::pin(self.inventory(plan))
    }

    fn apply<'a>(&'a self, change: &'a Change) -> Promise<'a, ()> {
        Box::pin(self.write(change))
    }

    fn check<'a>(&'a self, address: &'a Address, node: &'a PlanNode) -> Promise<'a, Readiness> {
        Box::pin(async move {
            match &node.payload {
                Payload::Service(_) => self.arrival(address, node).await,
                Payload::Network(_) | Payload::Secret(_) | Payload::Config(_)
                    if !node.payload.is_external() =>
                {
                    self.presence(address, node).await
                }
                Payload::Node(_)
                | Payload::Network(_)
                | Payload::Volume(_)
                | Payload::Secret(_)
                | Payload::Config(_)
                | Payload::Declared(_) => Ok(PRESENT),
            }
        })
    }

    fn respelled(&self, seen: &Payload, like: &Payload) -> Payload {
        respelled(seen, like)
    }

    fn collect<'a>(&'a self, plan: &'a Plan, kept: &'a Kept) -> Promise<'a, ()> {
        Box::pin(self.collect_superseded(plan, kept))
    }
}

impl Live for Swarm {
    fn stirs(&self) -> Promise<'_, mpsc::Receiver<Stir>> {
        Box::pin(async move {
            let listened = self.listen().await;
            listened.map_err(|fault| self.error(fault, None))
        })
    }

    fn logs<'a>(
        &'a self,
        address: &'a Address,
        tail: Tail,
    ) -> Promise<'a, mpsc::Receiver<LogLine>> {
        Box::pin(self.lines(address, tail))
    }
}

/// How what has no tasks has arrived.
const PRESENT: Readiness = Readiness::Ready {
    running: 0,
    desired: 0,
};

impl Swarm {
    async fn write(&self, change: &Change) -> Result<(), ProviderError> {
        let address = &change.address;
        let (before, after) = (change.before.as_deref(), change.after.as_deref());
        if before
            .or(after)
            .is_some_and(|node| node.payload.as_node().is_some())
        {
            return self.write_node(address, before, after).await;
        }
        match (
            change.action,
            change.before.as_deref(),
            change.after.as_deref(),
        ) {
            (Action::Create, _, Some(after)) => self.create(address, after).await,
            (Action::Update, Some(before), Some(after)) => {
                let claim = change.was.as_ref().map_or(Claim::Ours, Claim::Was);
                self.update(address, &claim, before, after).await
            }
            (Action::Adopt, Some(before), Some(after)) => {
                self.update(address, &Claim::Nobodys, before, after).await
            }
            (Action::Forget, Some(before), _) => self.forget(change.carried(), before).await,
            (Action::Replace, Some(before), Some(after)) => {
                let (old, new) = (
                    before.payload.physical_name(),
                    after.payload.physical_name(),
                );
                if change.effect >= Effect::Downtime || old == new {
                    self.replace(change, before, after).await
                } else {
                    self.create(address, after).await
                }
            }
            (Action::Delete, Some(before), _) => self.delete(change.carried(), before).await,
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

    /// Old before new, because both cannot be. When the new one is there already the old one is
    /// not, so that a second try removes nothing. What the engine's own rollback could look for
    /// stays, unless it would lose its name anyway.
    async fn replace(
        &self,
        change: &Change,
        before: &PlanNode,
        after: &PlanNode,
    ) -> Result<(), ProviderError> {
        let (address, carried) = (&change.address, change.carried());
        let keeps_name = before.payload.physical_name() == after.payload.physical_name();
        let claim = change.was.as_ref().map_or(Claim::Ours, Claim::Was);
        let standing = self.standing_of(address, after, &claim).await?;
        if !matches!(standing, Standing::Wanted(_)) {
            if keeps_name {
                self.clear(carried, before).await?;
            } else {
                self.delete(carried, before).await?;
            }
        }
        self.create(address, after).await
    }

    /// Whether an object without tasks is there as it was written.
    async fn presence(
        &self,
        address: &Address,
        node: &PlanNode,
    ) -> Result<Readiness, ProviderError> {
        Ok(match self.standing(address, node).await? {
            Standing::Wanted(_) => PRESENT,
            Standing::Absent => Finding::gone().readiness,
            Standing::Other(found) => {
                let seen = spelled_like(found.object.payload, Some(&node.payload));
                Finding::superseded(&not_as_written(&seen, &node.payload)).readiness
            }
        })
    }

    /// Whether what was written is what is there, and has arrived; with the last words of the tasks
    /// to blame if not.
    async fn arrival(
        &self,
        address: &Address,
        node: &PlanNode,
    ) -> Result<Readiness, ProviderError> {
        let key = self.key().await?;
        let view = self
            .view()
            .await
            .map_err(|fault| self.error(fault, Some(address)))?;
        let owner = Some(self.owner(address));
        let name = node.payload.physical_name();
        let ours = view
            .services
            .iter()
            .find(|service| Some(service.name()) == name && Owner::of(&service.labels()) == owner);
        let Some(service) = ours else {
            return Ok(Finding::gone().readiness);
        };
        let object = self.service_object(service, &view, key.as_ref());
        let Payload::Service(spec) = &object.payload else {
            return Ok(Finding::gone().readiness);
        };
        let case = Case {
            view: &view,
            service,
            spec,
        };
        let seen = spelled_like(object.payload.clone(), Some(&node.payload));
        let finding = if seen == node.payload {
            case.readiness()
        } else {
            case.other_spec(&seen, &node.payload)
        };
        let readiness = self.with_logs(finding).await;
        self.explained(readiness, spec, &view)
            .await
            .map_err(|fault| self.error(fault, Some(address)))
    }

    /// With what each node lacks, where a task finds none: only then the others are looked at.
    async fn explained(
        &self,
        readiness: Readiness,
        spec: &Service,
        view: &View,
    ) -> Result<Readiness, Fault> {
        let is_homeless = |failure: &Failure| failure.verdict == Verdict::Unschedulable;
        if !matches!(&readiness, Readiness::Failed(failure) if is_homeless(failure)) {
            return Ok(readiness);
        }
        let services = self.http.json::<Vec<_>>(Ask::get("/services")).await?;
        let neighbours = self.tasks_of_others(&services).await?;
        let machines = machines(view, &neighbours, &services);
        Ok(Lacking::explain(readiness, spec, &machines))
    }

    async fn with_logs(&self, finding: Finding) -> Readiness {
        let Finding {
            mut readiness,
            culprits,
        } = finding;
        if let Readiness::Failed(failure) = &mut readiness {
            failure.message = self.redact.text(&failure.message);
            // A task that never had a node wrote nothing, and the engine answers with an error.
            let ran = failure.tasks.iter().zip(&culprits);
            let ran = ran.filter(|(task, _)| task.node.is_some());
            let mut lines = self
                .last_lines(ran.map(|(_, id)| id.clone()).collect())
                .await;
            for (task, id) in failure.tasks.iter_mut().zip(&culprits) {
                task.error = self.redact.text(&task.error);
                task.log = lines.remove(id).unwrap_or_default();
            }
        }
        readiness
    }
}
