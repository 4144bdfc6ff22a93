//! Removing what was superseded, once nothing can go back to it.

use std::collections::BTreeMap;

use skep_engine::provider::{Kept, ProviderError};
use skep_schema::address::{Address, Kind};
use skep_schema::plan::Plan;

use super::Model;
use super::objects::{Object, objects};
use super::observe::{is_used_before, refers, settle, survey};
use super::world::{Task, World};

impl Model {
    pub(super) fn collect_superseded(&self, plan: &Plan, kept: &Kept) -> Result<(), ProviderError> {
        let idle = self.look(|world| self.idle(world, plan, kept))?;
        idle.iter()
            .try_for_each(|(address, kind, name)| self.remove(address, *kind, name))
    }

    /// What the plan does not name and nothing refers to any more.
    fn idle(&self, world: &World, plan: &Plan, kept: &Kept) -> Vec<(Address, Kind, String)> {
        let fingerprints = world
            .key()
            .map(|key| self.secrets.fingerprints(&key, plan))
            .unwrap_or_default();
        let plan = plan.bind(&fingerprints);
        let superseded = survey(world, &self.stack, &plan).superseded;
        let is_kept = |object: &Object<'_>| kept.contains(&(object.kind, object.name.to_owned()));
        let all = objects(world, &self.stack);
        let settled = settle(&all, &plan);
        let left = all.into_iter().filter(|object| {
            let parted = superseded
                .iter()
                .any(|old| (old.kind, old.name) == (object.kind, object.name));
            object.kind != Kind::Service
                && (parted && !is_kept(object) || is_left_over(object, &plan, &settled))
        });
        left.filter(|object| !is_in_use(world, object.kind, object.name))
            .filter_map(|object| Some((object.address()?, object.kind, object.name.to_owned())))
            .collect()
    }
}

/// Older content of a node that is gone: its delete took the newest.
///
/// A network that was forgotten carries our labels for ever, and stays.
fn is_left_over(object: &Object<'_>, plan: &Plan, settled: &BTreeMap<Address, Address>) -> bool {
    let is_kept =
        |address: &Address| object.kind == Kind::Network && plan.identity.forgets(address);
    let address = object.address().filter(|address| !is_kept(address));
    address.is_some_and(|address| {
        let now = settled.get(&address).unwrap_or(&address);
        !plan.nodes.contains_key(now)
    })
}

fn is_in_use(world: &World, kind: Kind, name: &str) -> bool {
    let runs = |task: &&Task| !task.state.has_ended();
    world
        .services
        .values()
        .any(|service| refers(&service.spec, kind, name))
        || is_used_before(world, kind, name)
        || world
            .tasks()
            .filter(runs)
            .any(|task| refers(&task.template, kind, name))
}
