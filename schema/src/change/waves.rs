//! How the engine gets from the old tasks of a service to the new ones.

use super::{Action, Change};
use crate::plan::{Mode, Order, Rollout, Service};
use crate::units::Duration;

/// How long the engine watches the last tasks where a spec says nothing.
const MONITOR: Duration = Duration::seconds(5);

/// The course of an update of a service, as far as its own settings tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waves {
    /// Tasks that others take the place of; never 0.
    pub tasks: u64,
    /// How many of them at the same time; never 0, and never more than there are.
    pub at_once: u64,
    /// Whether the new task or the old one moves first.
    pub order: Order,
    /// From the start of an update that succeeds until the engine calls it completed: its delays
    /// and the time it watches the last tasks.
    ///
    /// What tasks need to stop, start and get healthy comes on top. Engine 20.10 was measured to
    /// wait for one delay more than there are waves; one after each is what can be counted on.
    pub least: Duration,
}

impl Waves {
    fn of(tasks: u64, rollout: &Rollout) -> Option<Self> {
        if tasks == 0 {
            return None;
        }
        let at_once = match rollout.parallelism.unwrap_or(1) {
            0 => tasks,
            some => u64::from(some).min(tasks),
        };
        let waves = tasks.div_ceil(at_once);
        let delays = rollout.delay.unwrap_or(Duration(0)).0.saturating_mul(waves);
        let monitor = rollout.monitor.unwrap_or(MONITOR).0;
        Some(Self {
            tasks,
            at_once,
            order: rollout.order.unwrap_or(Order::StopFirst),
            least: Duration(delays.saturating_add(monitor)),
        })
    }

    /// How many tasks each wave has, the first first.
    ///
    /// The engine does not wait for a whole wave: as soon as one of its tasks is done, and the
    /// delay over, the next begins.
    pub fn sizes(self) -> impl Iterator<Item = u64> {
        let starts = (0..self.tasks).step_by(usize::try_from(self.at_once).unwrap_or(usize::MAX));
        starts.map(move |start| self.at_once.min(self.tasks - start))
    }
}

impl Change {
    /// The waves of an update in place; nothing for a change that restarts no task, or that makes
    /// the service anew, and nothing for a global service before a look has counted its tasks.
    pub fn waves(&self) -> Option<Waves> {
        let after = self.after.as_deref()?.payload.as_service().ok()?;
        if self.action != Action::Update || !self.restarts() {
            return None;
        }
        Waves::of(kept(self.tasks, after), &after.update)
    }
}

/// Tasks that scaling takes away are not replaced.
fn kept(tasks: u64, after: &Service) -> u64 {
    match after.mode {
        Mode::Replicated => tasks.min(u64::from(after.replicas.unwrap_or(1))),
        Mode::Global | Mode::Once => tasks,
    }
}
