//! A provider that writes only while a lease is good.

use skep_schema::address::Address;
use skep_schema::change::Change;
use skep_schema::inventory::{Inventory, Readiness};
use skep_schema::plan::{Payload, Plan, PlanNode};

use super::Lease;
use crate::provider::{Kept, Promise, Provider, ProviderError};

/// Lets reads pass, and writes as long as the lock is ours.
#[derive(Debug)]
pub struct Fence<'a, P: ?Sized> {
    pub inner: &'a P,
    pub lease: &'a Lease<'a>,
}

impl<P: Provider + ?Sized> Fence<'_, P> {
    fn guarded<'a>(&'a self, write: Promise<'a, ()>) -> Promise<'a, ()> {
        if self.lease.is_good() {
            return write;
        }
        Box::pin(std::future::ready(Err(ProviderError::Denied {
            message: "the lock was lost, so nothing more is written; apply again".to_owned(),
        })))
    }
}

impl<P: Provider + ?Sized> Provider for Fence<'_, P> {
    fn prepare(&self) -> Promise<'_, ()> {
        self.guarded(self.inner.prepare())
    }

    fn observe<'a>(&'a self, plan: &'a Plan) -> Promise<'a, Inventory> {
        self.inner.observe(plan)
    }

    fn apply<'a>(&'a self, change: &'a Change) -> Promise<'a, ()> {
        self.guarded(self.inner.apply(change))
    }

    fn check<'a>(&'a self, address: &'a Address, node: &'a PlanNode) -> Promise<'a, Readiness> {
        self.inner.check(address, node)
    }

    fn respelled(&self, seen: &Payload, like: &Payload) -> Payload {
        self.inner.respelled(seen, like)
    }

    fn collect<'a>(&'a self, plan: &'a Plan, kept: &'a Kept) -> Promise<'a, ()> {
        self.guarded(self.inner.collect(plan, kept))
    }
}
