//! Which daemon has a stack, where several share a store: the one that said so last. What another one
//! commits about it is refused, so that who slept through his successor's start cannot write over him.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use skep_schema::event::Timestamp;

use crate::store::{Batch, Expect, Shelf, Store, StoreError};

/// Races for one reign that may be lost, before it is left to a later turn.
const TRIES: u32 = 3;

/// The document of a reign. Its version is what commits of it depend on.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Reign {
    /// Always [`FORMAT`].
    format: String,
    /// `skep@m1`
    who: String,
    since: Timestamp,
}

const FORMAT: &str = "skep.reign/1";

/// Begins the reign over stacks, all together, and says by which numbers. Whoever had them has them no
/// more from now on.
pub(crate) async fn begin(
    store: &dyn Store,
    stacks: &[String],
    who: String,
    now: Timestamp,
) -> Result<BTreeMap<String, u64>, StoreError> {
    let reign = Reign {
        format: FORMAT.to_owned(),
        who,
        since: now,
    };
    let body = serde_json::to_vec(&reign).expect("plain data");
    let mut tries = 0;
    loop {
        tries += 1;
        let (batch, reigns) = next(store, stacks, &body).await?;
        match store.commit(batch).await {
            Ok(_) => return Ok(reigns),
            Err(StoreError::Conflict { .. }) if tries < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

/// A write for each of the stacks, and the numbers that they then have.
async fn next(
    store: &dyn Store,
    stacks: &[String],
    body: &[u8],
) -> Result<(Batch, BTreeMap<String, u64>), StoreError> {
    let mut batch = Batch::default();
    let mut reigns = BTreeMap::new();
    for stack in stacks {
        let found = store.get(Shelf::Reign, stack).await?;
        let version = found.map(|document| document.version);
        let expect = version.map_or(Expect::Absent, Expect::Version);
        batch = batch.put(Shelf::Reign, stack, expect, body.to_vec());
        reigns.insert(stack.clone(), version.unwrap_or(0) + 1);
    }
    Ok((batch, reigns))
}

/// Who has a stack.
pub(crate) async fn holder(store: &dyn Store, stack: &str) -> Result<Option<String>, StoreError> {
    let found = store.get(Shelf::Reign, stack).await?;
    let reign = found.and_then(|found| serde_json::from_slice::<Reign>(&found.body).ok());
    Ok(reign.map(|reign| reign.who))
}
