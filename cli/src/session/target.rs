//! The target of a command.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use skep_engine::drive::{Look, look_back};
use skep_engine::journal::Journal;
use skep_engine::records::Home;
use skep_providers::model::Model;
use skep_providers::secrets::Secrets;
use skep_providers::swarm::{Endpoint, Scope, Swarm};
use skep_schema::address::Address;
use skep_schema::inventory::Cluster;
use skep_schema::plan::Plan;

use super::Session;
use crate::args::Target;
use crate::exit::Exit;
use crate::failure::Failure;

/// A target, and the one thread everything asynchronous runs on.
pub(crate) struct Connection {
    pub(crate) home: Box<dyn Home>,
    pub(crate) runtime: tokio::runtime::Runtime,
    /// Secrets without a value here, and what to do about each.
    pub(crate) missing: BTreeMap<Address, String>,
}

/// The one thread that everything asynchronous of a command runs on.
pub(crate) fn event_loop() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::new(Exit::Bug, format!("cannot start the event loop: {e}")))
}

impl Connection {
    /// What an apply of the plan would do, and what was applied before.
    pub(crate) fn look(&self, plan: &Plan) -> Result<(Look, Journal), Failure> {
        let home = self.home.as_ref();
        Ok(self.runtime.block_on(look_back(home, plan))?)
    }
}

impl Session<'_> {
    /// Opens the target for the plan's stack, with the values of its secrets as far as they are here.
    pub(crate) fn connect(&self, plan: &Plan) -> Result<Connection, Failure> {
        let runtime = event_loop()?;
        let secrets = self.secrets(plan);
        let missing = secrets.lacking(plan);
        let home: Box<dyn Home> = match self.global.target {
            Target::Model => Box::new(self.model(plan, secrets)?),
            Target::Swarm => Box::new(runtime.block_on(self.swarm(plan, secrets))?),
        };
        Ok(Connection {
            home,
            runtime,
            missing,
        })
    }

    /// The values of the plan's secrets. What stands in a compose file in clear counts where nobody sets
    /// the variable that is to bring it.
    fn secrets(&self, plan: &Plan) -> Secrets {
        let in_clear = OnceCell::new();
        let values =
            || in_clear.get_or_init(|| self.project.values(self.inputs()).unwrap_or_default());
        let value = |name: &str| Some(values().get(name)?.expose().into());
        Secrets::read(plan, self.project.root(), |name| {
            std::env::var_os(name).or_else(|| value(name))
        })
    }

    fn model(&self, plan: &Plan, secrets: Secrets) -> Result<Model, Failure> {
        let file = self
            .global
            .model_file
            .clone()
            .unwrap_or_else(|| self.project.root().join(".skep").join("model.json"));
        Ok(Model::open(Some(file), &plan.stack, secrets)?)
    }

    async fn swarm(&self, plan: &Plan, secrets: Secrets) -> Result<Swarm, Failure> {
        let endpoint =
            Endpoint::choose(self.global.host.as_deref(), self.global.context.as_deref())?;
        Ok(Swarm::connect(endpoint, Scope::of(plan), secrets).await?)
    }
}

impl Session<'_> {
    /// What people call the target: `the swarm at unix:///run/docker.sock (q6mi7lp2, 3 nodes)`.
    pub(crate) fn cluster_name(&self, cluster: &Cluster) -> String {
        let Cluster {
            name,
            id,
            api: _,
            nodes,
            machines: _,
            foreign: _,
        } = cluster;
        let id: String = id.chars().take(8).collect();
        let nodes = crate::output::changes::count((*nodes).into(), "node");
        match self.global.target {
            Target::Swarm => format!("the swarm at {name} ({id}, {nodes})"),
            Target::Model => {
                let root = self.project.root().display().to_string();
                let file = name
                    .strip_prefix(&root)
                    .map_or(name.as_str(), |rest| rest.trim_start_matches('/'));
                format!("the model swarm in {file} ({nodes})")
            }
        }
    }
}
