//! A database of a test.

use std::sync::Arc;

use skep_fixtures::postgres::Cluster;
use tokio_postgres::{Client, NoTls};

use crate::settings;

/// A database of its own.
pub(crate) struct Database {
    pub(crate) cluster: Arc<Cluster>,
    name: String,
}

impl Database {
    /// In a server that others have too.
    pub(crate) fn new() -> Self {
        Self::of(Cluster::shared())
    }

    pub(crate) fn of(cluster: Arc<Cluster>) -> Self {
        let name = cluster.database();
        Self { cluster, name }
    }

    /// Its address, as settings have it.
    pub(crate) fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn told(&self) -> settings::Postgres {
        settings::Postgres {
            url: self.url(),
            password: None,
            ca: None,
        }
    }

    /// Another hand on it.
    pub(crate) async fn client(&self) -> Client {
        let (folder, port) = (self.cluster.folder().display(), self.cluster.port());
        let config = format!("host={folder} port={port} user=skep dbname={}", self.name);
        let opened = tokio_postgres::connect(&config, NoTls).await;
        let (client, connection) = opened.expect("it is open to all");
        tokio::spawn(connection);
        client
    }
}
