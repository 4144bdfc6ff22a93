//! Before a PostgreSQL of Debian, on a socket in a folder.

mod broken;
mod cluster;
mod migration;
mod moving;
mod tls;

use std::sync::Arc;

use crate::store::laws::laws;
use crate::store::{Store, postgres::Postgres};

pub(crate) use cluster::Database;

/// A store in a database of its own, and the database.
async fn open() -> (Arc<dyn Store>, Database) {
    let database = Database::new();
    let store = Postgres::open(&database.told()).await.expect("it opens");
    (Arc::new(store), database)
}

laws!(open);
