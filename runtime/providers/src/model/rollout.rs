//! Rolling updates in virtual time: slot after slot, watched, and undone when too many fail.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use skep_schema::plan::{self, FailureAction, Order};

use super::tasks::millis;
use super::world::{Desired, Service, Slot, TaskState, UpdateState, UpdateStatus, World};

/// An update that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Rollout {
    /// Slots it had to update when it began.
    total: u64,
    /// Slots whose turn is still to come, the next one last.
    waiting: Vec<Slot>,
    workers: Vec<Worker>,
    /// Tasks it made; those that replace them later do not count.
    made: BTreeSet<u64>,
    failed: BTreeSet<u64>,
    /// When watching ends, once every slot had its turn.
    ends: Option<u64>,
}

/// Updates one slot at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Worker {
    free_at: u64,
    turn: Option<Turn>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Turn {
    new: u64,
    old: Vec<u64>,
}

/// How an update proceeds, with the engine's defaults filled in.
struct Terms {
    parallelism: usize,
    delay: u64,
    monitor: u64,
    order: Order,
    on_failure: FailureAction,
    ratio: u64,
}

enum Course {
    Going,
    Over,
    /// By the failure of this task.
    Broken(u64),
}

impl Service {
    /// Whether a change of its spec still has to be looked at.
    pub(crate) fn awaits_rollout(&self) -> bool {
        matches!(&self.status, Some(status) if matches!(status.state, UpdateState::Updating | UpdateState::RollbackStarted))
    }

    fn is_rolling_back(&self) -> bool {
        self.status
            .as_ref()
            .is_some_and(|status| status.state == UpdateState::RollbackStarted)
    }

    fn terms(&self) -> Terms {
        let chosen = if self.is_rolling_back() {
            &self.spec.rollback
        } else {
            &self.spec.update
        };
        let plan::Rollout {
            parallelism,
            delay,
            order,
            on_failure,
            monitor,
            max_failure_ratio,
        } = chosen;
        Terms {
            parallelism: usize::try_from(parallelism.unwrap_or(1)).unwrap_or(usize::MAX),
            delay: millis(*delay, 0),
            monitor: millis(monitor.filter(|monitor| monitor.0 > 0), 5_000),
            order: order.unwrap_or(Order::StopFirst),
            on_failure: on_failure.unwrap_or(FailureAction::Pause),
            ratio: max_failure_ratio.map_or(0, |ratio| u64::from(ratio.0)),
        }
    }
}

impl World {
    pub(crate) fn roll(&mut self, name: &str) {
        let Some(service) = self.services.get_mut(name) else {
            return;
        };
        let terms = service.terms();
        let Some(mut rollout) = service.rollout.take() else {
            return;
        };
        match self.course(name, &mut rollout, &terms) {
            Course::Going => {
                if let Some(service) = self.services.get_mut(name) {
                    service.rollout = Some(rollout);
                }
            }
            Course::Over => self.complete(name),
            Course::Broken(task) => self.break_off(name, task, terms.on_failure),
        }
    }

    /// Begins an update where tasks differ from the spec. One that ended is never begun again.
    pub(crate) fn begin_rollout(&mut self, name: &str) {
        let Some(service) = self.services.get(name) else {
            return;
        };
        if service.rollout.is_some() || service.status.is_some() && !service.awaits_rollout() {
            return;
        }
        let dirty = self.dirty_slots(name);
        if dirty.is_empty() {
            if service.awaits_rollout() {
                self.complete(name);
            }
            return;
        }
        let parallelism = service.terms().parallelism;
        let workers = if parallelism == 0 {
            dirty.len()
        } else {
            parallelism.min(dirty.len())
        };
        let rollout = Rollout {
            total: dirty.len() as u64,
            waiting: dirty.into_iter().rev().collect(),
            workers: vec![Worker::default(); workers],
            made: BTreeSet::new(),
            failed: BTreeSet::new(),
            ends: None,
        };
        if service.status.is_none() {
            self.report(name, UpdateState::Updating, "update in progress");
        }
        if let Some(service) = self.services.get_mut(name) {
            service.rollout = Some(rollout);
        }
    }

    fn dirty_slots(&self, name: &str) -> Vec<Slot> {
        let Some(template) = self.template_of(name) else {
            return Vec::new();
        };
        let is_dirty = |tasks: &[u64]| {
            let mut tasks_here = tasks.iter().filter_map(|number| self.task(name, *number));
            tasks.len() > 1 || tasks_here.any(|task| self.is_dirty(task, &template))
        };
        let slots = self.slots(name).into_iter();
        slots
            .filter(|(_, tasks)| is_dirty(tasks))
            .map(|(slot, _)| slot)
            .collect()
    }

    fn course(&mut self, name: &str, rollout: &mut Rollout, terms: &Terms) -> Course {
        if let Some(task) = self.watch(name, rollout, terms) {
            return Course::Broken(task);
        }
        self.work(name, rollout, terms);
        let busy = !rollout.waiting.is_empty()
            || rollout.workers.iter().any(|worker| worker.turn.is_some());
        if busy {
            return Course::Going;
        }
        let watched = if terms.on_failure == FailureAction::Continue {
            0
        } else {
            terms.monitor
        };
        let ends = *rollout.ends.get_or_insert(self.clock + watched);
        if self.clock >= ends {
            Course::Over
        } else {
            Course::Going
        }
    }

    /// The task whose end was one too many. An end with 0 counts too.
    fn watch(&self, name: &str, rollout: &mut Rollout, terms: &Terms) -> Option<u64> {
        if terms.on_failure == FailureAction::Continue {
            return None;
        }
        for number in &rollout.made {
            let Some(task) = self.task(name, *number) else {
                continue;
            };
            let alone = task.ended_by_itself();
            let early = task
                .ran_from
                .is_none_or(|from| task.since - from <= terms.monitor);
            if alone && early && rollout.failed.insert(*number) {
                let failed = rollout.failed.len() as u64;
                if failed * 1_000_000 > terms.ratio * rollout.total {
                    return Some(*number);
                }
            }
        }
        None
    }

    fn work(&mut self, name: &str, rollout: &mut Rollout, terms: &Terms) {
        for worker in &mut rollout.workers {
            if worker
                .turn
                .as_ref()
                .is_some_and(|turn| self.is_over(name, turn, terms.order))
            {
                *worker = Worker {
                    free_at: self.clock + terms.delay,
                    turn: None,
                };
            }
            while worker.turn.is_none() && self.clock >= worker.free_at {
                let Some(slot) = rollout.waiting.pop() else {
                    break;
                };
                worker.turn = self.begin_turn(name, &slot, terms.order);
                rollout
                    .made
                    .extend(worker.turn.as_ref().map(|turn| turn.new));
            }
        }
    }

    /// Makes the new task of a slot; nothing when the slot has one already, or is gone.
    fn begin_turn(&mut self, name: &str, slot: &Slot, order: Order) -> Option<Turn> {
        let template = self.template_of(name)?;
        let tasks = self.slots(name).remove(slot)?;
        let clean = tasks.iter().copied().find(|number| {
            self.task(name, *number)
                .is_some_and(|task| task.is_wanted() && !self.is_dirty(task, &template))
        });
        let old: Vec<u64> = tasks
            .into_iter()
            .filter(|number| Some(*number) != clean)
            .collect();
        if clean.is_some() {
            self.shut_down(name, &old);
            return None;
        }
        let spec = self.services.get(name)?.spec.clone();
        let desired = match order {
            Order::StartFirst => Desired::Running,
            Order::StopFirst => Desired::Ready,
        };
        let new = self.make_task(name, &spec, slot.clone(), desired);
        if order == Order::StopFirst {
            self.shut_down(name, &old);
        }
        Some(Turn { new, old })
    }

    fn is_over(&mut self, name: &str, turn: &Turn, order: Order) -> bool {
        let state = self.task(name, turn.new).map(|task| task.state);
        if order == Order::StartFirst && state == Some(TaskState::Running) {
            self.shut_down(name, &turn.old);
        }
        state.is_none_or(|state| state >= TaskState::Running)
    }

    fn shut_down(&mut self, name: &str, tasks: &[u64]) {
        for number in tasks {
            if let Some(task) = self.task_mut(name, *number) {
                task.desired = task.desired.max(Desired::Shutdown);
            }
        }
    }

    fn complete(&mut self, name: &str) {
        if self.services[name].is_rolling_back() {
            self.report(name, UpdateState::RollbackCompleted, "rollback completed");
        } else {
            self.report(name, UpdateState::Completed, "update completed");
        }
    }

    fn break_off(&mut self, name: &str, task: u64, action: FailureAction) {
        let id = self.task(name, task).map_or("", |task| &task.id);
        let because =
            |what: &str| format!("{what} due to failure or early termination of task {id}");
        let service = &self.services[name];
        if service.is_rolling_back() {
            let message = because("rollback paused");
            self.report(name, UpdateState::RollbackPaused, &message);
        } else if let (FailureAction::Rollback, Some(previous)) = (action, service.previous.clone())
        {
            let message = because("update rolled back");
            self.roll_back(name, previous, message);
        } else {
            let message = because("update paused");
            self.report(name, UpdateState::Paused, &message);
        }
    }

    /// The engine's own rollback leaves nothing to go back to.
    fn roll_back(&mut self, name: &str, previous: Box<plan::Service>, message: String) {
        self.rewrite(name, |service| {
            service.spec = previous;
            service.previous = None;
            service.status = Some(UpdateStatus {
                state: UpdateState::RollbackStarted,
                message,
            });
        });
    }

    fn report(&mut self, name: &str, state: UpdateState, message: &str) {
        self.index += 1;
        if let Some(service) = self.services.get_mut(name) {
            service.meta.touch(self.index, self.clock);
            service.status = Some(UpdateStatus {
                state,
                message: message.to_owned(),
            });
        }
    }
}
