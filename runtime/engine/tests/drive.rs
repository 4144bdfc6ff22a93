//! The driver: real futures and real waiting, on a clock that jumps.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use skep_engine::apply::Limits;
use skep_engine::drive::{Watch, drive, look};
use skep_engine::provider::{Kept, Promise, Provider, ProviderError};
use skep_schema::address::{Address, Kind};
use skep_schema::change::Change;
use skep_schema::event::{ApplyReport, Event, NodeOutcome, Outcome, Timestamp};
use skep_schema::inventory::{Inventory, Readiness, Taken};
use skep_schema::plan::{Need, Origin, Payload, Plan, PlanNode, Service, Target};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep};

const START: Timestamp = Timestamp(1_000_000);

/// A target that takes its time and counts what it is asked.
struct Slow {
    inventory: Inventory,
    write: Duration,
    /// From its first check on, a service needs this long.
    ready: Duration,
    zero: Instant,
    writes: AtomicUsize,
    checks: AtomicUsize,
    collects: AtomicUsize,
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Slow {
    fn new(write: Duration, ready: Duration) -> Self {
        Self {
            inventory: Inventory::default(),
            write,
            ready,
            zero: Instant::now(),
            writes: AtomicUsize::new(0),
            checks: AtomicUsize::new(0),
            collects: AtomicUsize::new(0),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }
    }
}

impl Provider for Slow {
    fn prepare(&self) -> Promise<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn observe<'a>(&'a self, _: &'a Plan) -> Promise<'a, Inventory> {
        Box::pin(async { Ok(self.inventory.clone()) })
    }

    fn apply<'a>(&'a self, _: &'a Change) -> Promise<'a, ()> {
        Box::pin(async {
            let now = self.under_way.fetch_add(1, Ordering::Relaxed) + 1;
            self.most.fetch_max(now, Ordering::Relaxed);
            sleep(self.write).await;
            self.under_way.fetch_sub(1, Ordering::Relaxed);
            self.writes.fetch_add(1, Ordering::Relaxed);
            Ok(())
        })
    }

    fn check<'a>(&'a self, _: &'a Address, _: &'a PlanNode) -> Promise<'a, Readiness> {
        Box::pin(async {
            self.checks.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(5)).await;
            if self.zero.elapsed() < self.ready {
                return Ok(Readiness::Progressing {
                    detail: "0 of 1 running".to_owned(),
                    running: 0,
                    desired: 1,
                });
            }
            Ok(Readiness::Ready {
                running: 1,
                desired: 1,
            })
        })
    }

    fn respelled(&self, seen: &Payload, _like: &Payload) -> Payload {
        seen.clone()
    }

    fn collect<'a>(&'a self, _: &'a Plan, _: &'a Kept) -> Promise<'a, ()> {
        Box::pin(async {
            self.collects.fetch_add(1, Ordering::Relaxed);
            Err(ProviderError::Rejected {
                message: "still in use".to_owned(),
            })
        })
    }
}

fn services(count: usize) -> Plan {
    let node = |i: usize| {
        let address = Address::new(Kind::Service, format!("s{i}"));
        let service = Service {
            name: format!("shop_s{i}"),
            image: "app:1".to_owned(),
            ..Service::default()
        };
        let payload = Payload::Service(Box::new(service));
        (
            address.clone(),
            PlanNode::new(&address, Target::Swarm, payload, Origin::default()),
        )
    };
    Plan::new("shop", None, (0..count).map(node).collect())
}

struct Told {
    report: ApplyReport,
    events: Vec<(Timestamp, Event)>,
}

/// Looks and applies; cancels after each of the given pauses.
async fn apply(provider: &Slow, plan: &Plan, limits: Limits, cancels: &[u64]) -> Told {
    let seen = look(provider, plan).await.expect("it can be read");
    let (cancel, mut cancelled) = mpsc::channel(4);
    let mut events = Vec::new();
    let mut tell = |at: Timestamp, event: &Event| events.push((at, event.clone()));
    let watch = Watch {
        start: START,
        cancel: &mut cancelled,
        tell: &mut tell,
        kept: &Kept::new(),
    };
    let pressing = async {
        for pause in cancels {
            sleep(Duration::from_millis(*pause)).await;
            cancel.send(()).await.expect("the apply listens");
        }
        drop(cancel);
    };
    let (report, ()) = tokio::join!(
        drive(provider, &seen.plan, &seen.changes, limits, watch),
        pressing
    );
    Told { report, events }
}

#[tokio::test(start_paused = true)]
async fn it_writes_waits_collects_and_reports() {
    let provider = Slow::new(Duration::from_millis(50), Duration::from_secs(3));
    let mut plan = services(2);
    let (first, second) = (
        Address::new(Kind::Service, "s0"),
        Address::new(Kind::Service, "s1"),
    );
    plan.nodes
        .get_mut(&second)
        .expect("s1")
        .needs
        .insert(first.clone(), Need::Healthy);
    let told = apply(&provider, &plan, Limits::default(), &[]).await;
    assert_eq!(told.report.outcome, Outcome::Done);
    assert_eq!(provider.writes.load(Ordering::Relaxed), 2);
    assert_eq!(provider.collects.load(Ordering::Relaxed), 1);
    let at = |wanted: &Event| {
        told.events
            .iter()
            .find(|(_, event)| event == wanted)
            .map(|(at, _)| *at)
    };
    let done = told
        .events
        .iter()
        .find(|(_, e)| matches!(e, Event::Done { address, .. } if *address == first));
    let begun = at(&Event::Begun {
        address: second,
        action: skep_schema::change::Action::Create,
    });
    assert!(begun >= done.map(|(at, _)| *at), "{:?}", told.events);
    let last = told.events.last().expect("events");
    assert_eq!(
        last.1,
        Event::Uncollected {
            message: "still in use".to_owned()
        }
    );
    assert_eq!(last.0.since(START), told.report.millis);
}

#[tokio::test(start_paused = true)]
async fn it_writes_no_more_at_once_than_it_may() {
    let provider = Slow::new(Duration::from_millis(50), Duration::ZERO);
    let limits = Limits {
        writes: 3,
        ..Limits::default()
    };
    let told = apply(&provider, &services(20), limits, &[]).await;
    assert_eq!(told.report.outcome, Outcome::Done);
    assert_eq!(provider.writes.load(Ordering::Relaxed), 20);
    assert_eq!(provider.most.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn it_asks_each_waiting_node_twice_a_second_at_most() {
    let provider = Slow::new(Duration::ZERO, Duration::from_secs(10));
    let told = apply(&provider, &services(4), Limits::default(), &[]).await;
    assert_eq!(told.report.outcome, Outcome::Done);
    let checks = provider.checks.load(Ordering::Relaxed);
    assert!((4 * 19..=4 * 21).contains(&checks), "{checks} checks");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_passes_although_nothing_answers() {
    let provider = Slow::new(Duration::from_hours(1), Duration::ZERO);
    let limits = Limits {
        deadline: 2_000,
        ..Limits::default()
    };
    let told = apply(&provider, &services(1), limits, &[]).await;
    assert_eq!(
        (told.report.outcome, told.report.millis),
        (Outcome::TimedOut, 2_000)
    );
}

#[tokio::test(start_paused = true)]
async fn the_second_cancel_stops_waiting() {
    let provider = Slow::new(Duration::from_millis(50), Duration::from_hours(1));
    let told = apply(&provider, &services(1), Limits::default(), &[700, 900]).await;
    assert_eq!(
        (told.report.outcome, told.report.millis),
        (Outcome::Cancelled, 1_600)
    );
    assert!(matches!(
        told.report.nodes.values().next(),
        Some(NodeOutcome::Unsettled { .. })
    ));
    assert!(
        told.events
            .iter()
            .any(|(at, event)| *event == Event::Cancelling && at.since(START) == 700)
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_change_it_asks_and_writes_nothing() {
    let provider = Slow::new(Duration::ZERO, Duration::ZERO);
    let told = apply(&provider, &services(0), Limits::default(), &[]).await;
    assert_eq!(
        (told.report.outcome, told.report.millis),
        (Outcome::Done, 0)
    );
    assert_eq!(
        (told.events.len(), provider.collects.load(Ordering::Relaxed)),
        (0, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_look_names_whose_objects_are_in_the_way() {
    let mut provider = Slow::new(Duration::ZERO, Duration::ZERO);
    let owner = Taken {
        owner: Some("stack blog".to_owned()),
        adoptable: false,
    };
    let taken = [(Kind::Service, "shop_s1"), (Kind::Network, "shop_s0")];
    provider.inventory.taken = taken
        .into_iter()
        .map(|(kind, name)| ((kind, name.to_owned()), owner.clone()))
        .collect::<BTreeMap<_, _>>();
    let seen = look(&provider, &services(2)).await.expect("it can be read");
    let found: BTreeSet<&Address> = seen.taken.iter().map(|(address, _)| address).collect();
    assert_eq!(found, BTreeSet::from([&Address::new(Kind::Service, "s1")]));
    assert_eq!(seen.taken[0].1, owner);
}

#[tokio::test(start_paused = true)]
async fn without_a_deadline_it_waits_as_long_as_it_takes() {
    let provider = Slow::new(Duration::ZERO, Duration::from_hours(50));
    let limits = Limits {
        deadline: u64::MAX,
        poll: 3_600_000,
        ..Limits::default()
    };
    let told = apply(&provider, &services(1), limits, &[]).await;
    assert_eq!(told.report.outcome, Outcome::Done);
}

#[test]
fn an_apply_can_run_on_any_thread() {
    fn is_send<T: Send>(_: T) {}
    let provider = Slow::new(Duration::ZERO, Duration::ZERO);
    let plan = services(0);
    let changes = skep_schema::change::ChangeSet::between(&plan, &plan);
    let (_, mut cancel) = mpsc::channel(1);
    let watch = Watch {
        start: START,
        cancel: &mut cancel,
        tell: &mut |_, _| (),
        kept: &Kept::new(),
    };
    is_send(drive(&provider, &plan, &changes, Limits::default(), watch));
}
