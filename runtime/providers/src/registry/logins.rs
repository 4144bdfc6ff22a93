//! Who we are at each registry of a round. However many images a registry has, a program that keeps
//! its login is run once: it may ask its user for a password.

use std::collections::BTreeMap;

use tokio::sync::OnceCell;

use crate::docker::DockerConfig;
use crate::docker::credentials::{HelperError, Login};

type Found = Result<Option<Login>, HelperError>;

/// Looked up when a registry first wants to know.
pub(super) struct Logins(BTreeMap<String, OnceCell<Found>>);

impl Logins {
    pub(super) fn of<'a>(registries: impl Iterator<Item = &'a str>) -> Self {
        Self(
            registries
                .map(|name| (name.to_owned(), OnceCell::new()))
                .collect(),
        )
    }

    pub(super) async fn get(&self, registry: &str, config: &DockerConfig) -> Found {
        let look = || config.credentials.login(registry);
        match self.0.get(registry) {
            Some(cell) => cell.get_or_init(look).await.clone(),
            None => look().await,
        }
    }
}
