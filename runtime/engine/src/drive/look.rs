//! Looking at a target before touching it.

use std::collections::BTreeSet;

use skep_schema::address::Address;
use skep_schema::change::{Action, Change, ChangeSet, Meant};
use skep_schema::inventory::{Inventory, Readiness, Taken};
use skep_schema::plan::Plan;

use crate::journal::Journal;
use crate::provider::{Provider, ProviderError};
use crate::records::Home;

/// What an apply of a plan would meet and do.
#[derive(Clone, Debug)]
pub struct Look {
    /// The plan, with the fingerprints of its secrets as far as they are known.
    pub plan: Plan,
    pub inventory: Inventory,
    pub changes: ChangeSet,
    /// Changes that would need the name of somebody else's object: a reason to refuse.
    pub taken: Vec<(Address, Taken)>,
}

/// Finds out what `plan` would change in the target, without writing anything.
///
/// # Errors
/// The target could not be read; without a complete answer nothing is compared, so that what
/// could not be seen is never taken for missing.
pub async fn look(provider: &dyn Provider, plan: &Plan) -> Result<Look, ProviderError> {
    let inventory = provider.observe(plan).await?;
    let plan = plan.bind(&inventory.fingerprints);
    let changes = ChangeSet::toward(&plan, &inventory);
    let taken = changes
        .changes
        .iter()
        .filter_map(|change| taken(change, &inventory))
        .collect();
    Ok(Look {
        plan,
        inventory,
        changes,
        taken,
    })
}

/// Looks at the target and at what was applied to it before, and tells apart who changed what.
///
/// # Errors
/// The target could not be read.
pub async fn look_back(home: &dyn Home, plan: &Plan) -> Result<(Look, Journal), ProviderError> {
    let (mut seen, journal) = tokio::try_join!(look(home, plan), Journal::read(home))?;
    if !seen.changes.is_empty() {
        seen.changes.blame(&meant(home, &seen, &journal));
    }
    Ok((seen, journal))
}

/// What the objects that were seen were last meant to be.
pub fn meant(home: &dyn Home, seen: &Look, journal: &Journal) -> Meant {
    Meant::of(
        &seen.plan,
        &seen.inventory,
        journal.entries(),
        &|found, like| home.respelled(found, like),
    )
}

impl Look {
    /// Services that are as the plan wants them and have not arrived.
    pub fn unsettled(&self) -> BTreeSet<Address> {
        let found = self.inventory.nodes.iter();
        let unsettled = found.filter(|(address, found)| {
            let is_wanted = self.plan.nodes.contains_key(*address);
            let is_changed = self.changes.get(address).is_some();
            is_wanted && !is_changed && !matches!(found.readiness, Readiness::Ready { .. })
        });
        unsettled.map(|(address, _)| address.clone()).collect()
    }
}

fn taken(change: &Change, inventory: &Inventory) -> Option<(Address, Taken)> {
    let payload = &change
        .after
        .as_ref()
        .filter(|_| change.action != Action::Update)?
        .payload;
    let name = payload.physical_name()?.to_owned();
    let taken = inventory.taken.get(&(payload.object()?, name))?;
    Some((change.address.clone(), taken.clone()))
}
