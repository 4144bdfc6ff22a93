//! From a file into a database.

use std::path::Path;

use super::StoreError;
use super::postgres::Postgres;
use super::sqlite::{self, Sqlite};

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
    // A file that is not used may be of any program, so it is not even opened.
    if !database.is_empty().await? || !fill(folder, database).await? {
        let file = file.display();
        tracing::warn!(
            "the database is in use already, so `{file}` is not: keep it elsewhere, or remove it"
        );
        return Ok(());
    }
    let moved = folder.join(MOVED);
    if let Err(error) = std::fs::rename(&file, &moved) {
        let file = file.display();
        tracing::warn!(%error, "all of `{file}` is in the database now: keep it elsewhere, or remove it");
    } else {
        let moved = moved.display();
        tracing::info!(
            "all of the daemon's file is in the database now, and the file is `{moved}`"
        );
    }
    Ok(())
}

/// Whether it was all put there: somebody else may have come first.
async fn fill(folder: &Path, database: &Postgres) -> Result<bool, StoreError> {
    let kept = Sqlite::open(folder)?;
    database.fill(&kept.whole().await?).await
}
