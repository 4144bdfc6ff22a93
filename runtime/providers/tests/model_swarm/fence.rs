//! What may still be written, and for how long, when nobody confirms that the lock is ours.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use skep_engine::lock::{Fence, LEASE, Lease, release, take};
use skep_engine::provider::{Kept, Promise, Provider, ProviderError};
use skep_providers::model::{Fate, Model};
use skep_schema::address::Address;
use skep_schema::change::{Change, ChangeSet};
use skep_schema::event::Timestamp;
use skep_schema::inventory::{Inventory, Readiness};
use skep_schema::plan::{Payload, Plan, PlanNode};
use tokio::time::{Duration, Instant, sleep};

use crate::lock::{START, holder, lives, model};
use crate::support::{STACK, plan, service};

/// Of requests that the engine holds back while it looks for a leader.
const HELD_BACK: Duration = Duration::from_secs(20);

/// A write of two requests, of which the second comes a minute after the first.
#[derive(Default)]
struct Slow {
    sent: AtomicUsize,
}

impl Provider for Slow {
    fn prepare(&self) -> Promise<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn observe<'a>(&'a self, _plan: &'a Plan) -> Promise<'a, Inventory> {
        Box::pin(async { Ok(Inventory::default()) })
    }

    fn apply<'a>(&'a self, _change: &'a Change) -> Promise<'a, ()> {
        Box::pin(async {
            self.sent.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_mins(1)).await;
            self.sent.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
    }

    fn check<'a>(&'a self, _address: &'a Address, _node: &'a PlanNode) -> Promise<'a, Readiness> {
        Box::pin(async {
            Ok(Readiness::Ready {
                running: 0,
                desired: 0,
            })
        })
    }

    fn respelled(&self, seen: &Payload, _like: &Payload) -> Payload {
        seen.clone()
    }

    fn collect<'a>(&'a self, _plan: &'a Plan, _kept: &'a Kept) -> Promise<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

fn change() -> Change {
    let plan = plan([service("api", "app:1", |_| {})]);
    ChangeSet::between(&Plan::empty(STACK, None), &plan)
        .changes
        .remove(0)
}

/// A clock that goes on with the time of the test.
fn clock() -> impl Fn() -> Timestamp + Send + Sync {
    let zero = Instant::now();
    move || START.plus(u64::try_from(zero.elapsed().as_millis()).expect("it is short"))
}

async fn taken(model: &Model) -> Lease<'_> {
    take(model, holder("ann"), START, &lives)
        .await
        .expect("it is free")
}

fn fence<'a>(
    inner: &'a Slow,
    lease: &'a Lease<'a>,
    clock: &'a (dyn Fn() -> Timestamp + Send + Sync),
) -> Fence<'a, Slow> {
    Fence {
        inner,
        lease,
        clock,
    }
}

fn is_unsure(outcome: &Result<(), ProviderError>) -> bool {
    matches!(outcome, Err(ProviderError::Unreachable { .. }))
}

#[tokio::test(start_paused = true)]
async fn without_a_renewal_nothing_more_is_written_and_looking_is_free() {
    let (model, clock, slow) = (model(), clock(), Slow::default());
    let lease = taken(&model).await;
    let fence = fence(&slow, &lease, &clock);
    sleep(LEASE.checked_sub(HELD_BACK).expect("a lease is longer")).await;
    let refused = fence.apply(&change()).await;
    assert!(is_unsure(&refused), "{refused:?}");
    assert_eq!(slow.sent.load(Ordering::Relaxed), 0);
    let plan = Plan::empty(STACK, None);
    assert!(fence.observe(&plan).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_write_of_several_requests_ends_with_the_term() {
    let (model, clock, slow) = (model(), clock(), Slow::default());
    let lease = taken(&model).await;
    let fence = fence(&slow, &lease, &clock);
    let begun = Instant::now();
    let broken = fence.apply(&change()).await;
    assert!(is_unsure(&broken), "{broken:?}");
    assert_eq!(slow.sent.load(Ordering::Relaxed), 1);
    assert!(begun.elapsed() + HELD_BACK < LEASE, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_write_that_takes_long_goes_on_while_the_lock_is_renewed() {
    let (model, clock, slow) = (model(), clock(), Slow::default());
    let lease = taken(&model).await;
    let fence = fence(&slow, &lease, &clock);
    let change = change();
    let done = lease.during(&clock, fence.apply(&change)).await;
    assert_eq!(done, Ok(()));
}

/// Renewals fail for a while, and the lock is still nobody else's.
#[tokio::test(start_paused = true)]
async fn a_write_that_was_held_up_can_be_tried_again_once_the_lock_is_confirmed() {
    let (model, clock, slow) = (model(), clock(), Slow::default());
    let lease = taken(&model).await;
    let fence = fence(&slow, &lease, &clock);
    model.break_with(|_| Fate::LoseRequest);
    let change = change();
    let outcomes = lease.during(&clock, async {
        let held_up = fence.apply(&change).await;
        model.mend();
        sleep(Duration::from_secs(2)).await;
        (held_up, fence.apply(&change).await)
    });
    let (held_up, done) = outcomes.await;
    assert!(is_unsure(&held_up), "{held_up:?}");
    let words = format!("{held_up:?}");
    assert!(
        words.contains("got no answer"),
        "why the renewal failed: {words}"
    );
    assert_eq!(done, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn who_lost_the_lock_is_told_so() {
    let (model, clock, slow) = (model(), clock(), Slow::default());
    let lease = taken(&model).await;
    let fence = fence(&slow, &lease, &clock);
    assert!(release(&model).await.expect("it answers").is_some());
    let change = change();
    let refused = lease.during(&clock, fence.apply(&change)).await;
    assert!(
        matches!(refused, Err(ProviderError::Denied { .. })),
        "{refused:?}"
    );
    assert_eq!(
        slow.sent.load(Ordering::Relaxed),
        1,
        "only what was sent before"
    );
}

/// The time that a machine sleeps is on its clock, and on no timer.
#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_writes_nothing_before_it_has_asked() {
    let (model, slow) = (model(), Slow::default());
    let slept = AtomicU64::new(0);
    let awake = clock();
    let clock = || awake().plus(slept.load(Ordering::Relaxed));
    let lease = taken(&model).await;
    let fence = fence(&slow, &lease, &clock);
    slept.store(3_600_000, Ordering::Relaxed);
    let change = change();
    let outcomes = lease.during(&clock, async {
        let refused = fence.apply(&change).await;
        sleep(Duration::from_secs(9)).await;
        (refused, fence.apply(&change).await)
    });
    let (refused, done) = outcomes.await;
    assert!(is_unsure(&refused), "{refused:?}");
    assert_eq!(done, Ok(()), "the lock is still ours");
}
