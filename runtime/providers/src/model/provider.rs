//! The model as a place where plans come true.

use skep_engine::provider::{Kept, Promise, Provider};
use skep_schema::address::{Address, Kind};
use skep_schema::change::Change;
use skep_schema::inventory::{Inventory, Readiness};
use skep_schema::plan::{Payload, Plan, PlanNode};

use super::Model;
use super::fault::Verb;
use super::objects::respelled;

/// The object that holds the key of the fingerprints.
const KEY: &str = "skep-key";

impl Provider for Model {
    fn prepare(&self) -> Promise<'_, ()> {
        Box::pin(async move {
            if self.look(|world| world.key().is_some())? {
                return Ok(());
            }
            let sent = self.send(Verb::Create, Kind::Config, KEY, |world| Ok(world.prepare()));
            self.answered(&Address::new(Kind::Config, KEY), sent.map(|_made| ()))
        })
    }

    fn observe<'a>(&'a self, plan: &'a Plan) -> Promise<'a, Inventory> {
        Box::pin(async move {
            let name = self.name();
            self.look(|world| self.inventory(world, plan, name))
        })
    }

    fn apply<'a>(&'a self, change: &'a Change) -> Promise<'a, ()> {
        Box::pin(async move { self.write(change) })
    }

    fn check<'a>(&'a self, _address: &'a Address, node: &'a PlanNode) -> Promise<'a, Readiness> {
        Box::pin(async move {
            let arrival = self.within(|world| {
                world.advance(self.step);
                self.arrival(world, node)
            });
            arrival.map_err(|error| self.unreachable(&error))
        })
    }

    fn respelled(&self, seen: &Payload, like: &Payload) -> Payload {
        respelled(seen, like)
    }

    fn collect<'a>(&'a self, plan: &'a Plan, kept: &'a Kept) -> Promise<'a, ()> {
        Box::pin(async move { self.collect_superseded(plan, kept) })
    }
}
