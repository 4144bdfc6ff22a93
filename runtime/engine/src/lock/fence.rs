//! A provider that writes only while a lease is good.

use std::future::{Future, poll_fn};
use std::task::Poll;

use skep_schema::address::Address;
use skep_schema::change::Change;
use skep_schema::event::Timestamp;
use skep_schema::inventory::{Inventory, Readiness};
use skep_schema::plan::{Payload, Plan, PlanNode};
use tokio::time::sleep_until;

use super::Lease;
use crate::provider::{Kept, Promise, Provider};

/// Lets reads pass, and writes as long as the lock is ours for sure: one that takes longer is broken
/// off, since each of its requests is a write of its own.
pub struct Fence<'a, P: ?Sized> {
    pub inner: &'a P,
    pub lease: &'a Lease<'a>,
    /// The holder's, which goes on while the machine sleeps.
    pub clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
}

impl<P: ?Sized> std::fmt::Debug for Fence<'_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fence")
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}

impl<P: ?Sized + Sync> Fence<'_, P> {
    /// Looks at the lease each time before the write goes on, and again when its term ends.
    pub(crate) fn guarded<'a, T: 'a>(&'a self, mut write: Promise<'a, T>) -> Promise<'a, T> {
        let mut alarm = Box::pin(sleep_until(self.lease.end()));
        Box::pin(poll_fn(move |context| {
            if let Some(obstacle) = self.lease.obstacle((self.clock)()) {
                return Poll::Ready(Err(obstacle));
            }
            alarm.as_mut().reset(self.lease.end());
            if alarm.as_mut().poll(context).is_ready() {
                context.waker().wake_by_ref();
            }
            write.as_mut().poll(context)
        }))
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
