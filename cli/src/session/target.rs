//! The target of a command.

use skep_engine::provider::Provider;
use skep_providers::model::Model;
use skep_providers::secrets::Secrets;
use skep_schema::inventory::Cluster;
use skep_schema::plan::Plan;

use super::Session;
use crate::args::Target;
use crate::exit::Exit;
use crate::failure::Failure;

/// A target, and the one thread everything asynchronous runs on.
pub(crate) struct Connection {
    pub(crate) provider: Box<dyn Provider>,
    pub(crate) runtime: tokio::runtime::Runtime,
}

impl Session<'_> {
    /// Opens the target for the plan's stack, with the values of its secrets as far as they are here.
    pub(crate) fn connect(&self, plan: &Plan) -> Result<Connection, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Failure::new(Exit::Bug, format!("cannot start the event loop: {e}")))?;
        let secrets = Secrets::read(plan, self.project.root(), |name| std::env::var_os(name));
        let provider: Box<dyn Provider> = match self.global.target {
            Target::Model => Box::new(self.model(plan, secrets)?),
            Target::Swarm => return Err(Failure::new(Exit::Unreachable, "no swarm yet")),
        };
        Ok(Connection { provider, runtime })
    }

    fn model(&self, plan: &Plan, secrets: Secrets) -> Result<Model, Failure> {
        let file = self
            .global
            .model_file
            .clone()
            .unwrap_or_else(|| self.project.root().join(".skep").join("model.json"));
        Model::open(Some(file), &plan.stack, secrets)
            .map_err(|e| Failure::new(Exit::Unreachable, e.to_string()))
    }
}

/// What people call the target: `swarm q6mi7l at unix:///run/docker.sock (3 nodes)`.
pub(crate) fn cluster_name(cluster: &Cluster) -> String {
    let Cluster {
        name,
        id,
        api: _,
        nodes,
    } = cluster;
    let id: String = id.chars().take(8).collect();
    let nodes = crate::output::changes::count((*nodes).into(), "node");
    if id.is_empty() {
        format!("{name} ({nodes})")
    } else {
        format!("{name} ({id}, {nodes})")
    }
}
