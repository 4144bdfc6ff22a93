//! From a file into a database.

use std::path::Path;

use super::postgres::Postgres;
use super::sqlite::{self, Sqlite};
use super::{Log, Shelf, Store, StoreError};

/// The file afterwards: nobody takes it for a store that is used, and nothing is lost.
const MOVED: &str = "skep.db.moved";

/// Puts what a file in the daemon's folder has into a database that has nothing yet, all of it or nothing.
///
/// # Errors
/// The file is open elsewhere or cannot be read, or the database takes nothing.
pub(super) async fn take(folder: &Path, database: &Postgres) -> Result<(), StoreError> {
    let file = sqlite::file(folder);
    if !file.exists() {
        return Ok(());
    }
    if !is_empty(database).await? || !fill(folder, database).await? {
        let file = file.display();
        tracing::warn!("the database has a store of its own: `{file}` is not used, and may go");
        return Ok(());
    }
    let moved = folder.join(MOVED);
    if let Err(error) = std::fs::rename(&file, &moved) {
        tracing::warn!(%error, file = %file.display(), "it is in the database, and stays");
    } else {
        tracing::info!(file = %moved.display(), "what the file had is in the database");
    }
    Ok(())
}

/// Whether it was all put there: somebody else may have come first.
async fn fill(folder: &Path, database: &Postgres) -> Result<bool, StoreError> {
    let kept = Sqlite::open(folder)?;
    database.fill(&kept.whole().await?).await
}

async fn is_empty(store: &dyn Store) -> Result<bool, StoreError> {
    for shelf in Shelf::ALL {
        if !store.list(shelf).await?.is_empty() {
            return Ok(false);
        }
    }
    for log in Log::ALL {
        if store.last(log).await?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}
