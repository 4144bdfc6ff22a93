//! Where a stack lives, opened for a look or an apply.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use skep_engine::provider::ProviderError;
use skep_engine::records::Home;
use skep_providers::model::Model;
use skep_providers::secrets::Secrets;
use skep_providers::swarm::{Endpoint, Scope, Swarm};
use skep_schema::address::Address;
use skep_schema::plan::Plan;

use crate::settings::Target;

/// A stack's place in its target, with the values of its secrets as far as they are here.
pub(crate) struct Opened {
    pub(crate) home: Arc<dyn Home>,
    /// Secrets without a value here, and what to do about each.
    pub(crate) missing: BTreeMap<Address, String>,
}

/// Opens a stack's place. Values of secrets are read anew each time, so that a file that was replaced
/// counts from the next look on.
///
/// # Errors
/// Nothing answers there, or it is no swarm.
pub(crate) async fn open(
    target: Target,
    plan: Arc<Plan>,
    secrets: Vec<PathBuf>,
) -> Result<Opened, ProviderError> {
    let reading = Arc::clone(&plan);
    let secrets = tokio::task::spawn_blocking(move || {
        let folders: Vec<&Path> = secrets.iter().map(PathBuf::as_path).collect();
        Secrets::confined(&reading, &folders)
    });
    let secrets = secrets.await.unwrap_or_default();
    let missing = secrets.lacking(&plan);
    let home: Arc<dyn Home> = match target {
        Target::Model(file) => Arc::new(model(file, &plan, secrets)?),
        Target::Swarm { host, context } => {
            let endpoint = Endpoint::choose(host.as_deref(), context.as_deref())?;
            Arc::new(Swarm::connect(endpoint, Scope::of(&plan), secrets).await?)
        }
    };
    Ok(Opened { home, missing })
}

fn model(file: PathBuf, plan: &Plan, secrets: Secrets) -> Result<Model, ProviderError> {
    let name = file.display().to_string();
    Model::open(Some(file), &plan.stack, secrets).map_err(|error| ProviderError::Unreachable {
        target: name,
        message: error.to_string(),
    })
}
