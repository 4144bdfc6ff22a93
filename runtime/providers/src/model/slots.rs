//! How many tasks a service has: filling slots, emptying them, and trying again after a failure.

use std::collections::BTreeMap;

use skep_schema::plan::{Condition, Restart, Service};

use super::place::is_eligible;
use super::services::is_global;
use super::tasks::{millis, template};
use super::world::{Desired, Slot, Task, TaskState, World};

/// Ended tasks the engine remembers for each slot.
const HISTORY: usize = 5;

impl World {
    /// Gives a service the tasks its spec asks for.
    pub(crate) fn reconcile(&mut self, name: &str) {
        let Some(service) = self.services.get(name) else {
            return;
        };
        let wanted = self.wanted_slots(&service.spec);
        let filled = self.slots(name);
        let missing: Vec<Slot> = wanted
            .iter()
            .filter(|slot| !filled.contains_key(slot))
            .cloned()
            .collect();
        for slot in filled.into_keys().filter(|slot| !wanted.contains(slot)) {
            self.empty(name, &slot);
        }
        if !missing.is_empty() {
            let spec = self.services[name].spec.clone();
            for slot in missing {
                self.make_task(name, &spec, slot, Desired::Running);
            }
        }
    }

    pub(crate) fn wanted_slots(&self, spec: &Service) -> Vec<Slot> {
        if is_global(spec) {
            let hosts = self
                .nodes
                .iter()
                .filter(|(host, node)| is_eligible(spec, host, node));
            return hosts.map(|(host, _)| Slot::Node(host.clone())).collect();
        }
        (1..=spec.replicas.unwrap_or(1)).map(Slot::Number).collect()
    }

    fn empty(&mut self, service: &str, slot: &Slot) {
        let tasks = self
            .tasks
            .get_mut(service)
            .into_iter()
            .flat_map(BTreeMap::values_mut);
        tasks
            .filter(|task| task.slot == *slot)
            .for_each(|task| task.desired = Desired::Remove);
    }

    /// The tasks that fill each slot of a service: those that shall run, or the last one where it
    /// ended by itself and is not tried again.
    pub(crate) fn slots(&self, service: &str) -> BTreeMap<Slot, Vec<u64>> {
        let mut slots: BTreeMap<Slot, Vec<u64>> = BTreeMap::new();
        let mut ended: BTreeMap<Slot, u64> = BTreeMap::new();
        for (number, task) in self.tasks.get(service).into_iter().flatten() {
            if task.is_wanted() {
                slots.entry(task.slot.clone()).or_default().push(*number);
            } else if task.desired == Desired::Shutdown && task.ended_by_itself() {
                ended.insert(task.slot.clone(), *number);
            }
        }
        for (slot, number) in ended {
            slots.entry(slot).or_insert_with(|| vec![number]);
        }
        slots
    }

    /// Whether the task was made from a spec other than this one. A task whose node still fits
    /// is left alone when only the placement differs.
    pub(crate) fn is_dirty(&self, task: &Task, template: &Service) -> bool {
        if *task.template == *template {
            return false;
        }
        let host = task
            .node
            .as_ref()
            .and_then(|host| self.nodes.get_key_value(host));
        let fits = host.is_some_and(|(host, node)| is_eligible(template, host, node));
        let moved = Service {
            placement: template.placement.clone(),
            ..(*task.template).clone()
        };
        !fits || moved != *template
    }

    /// Replaces what ended although it shall run, as often as the service allows.
    pub(crate) fn restart(&mut self, name: &str) {
        let Some(tasks) = self.tasks.get_mut(name) else {
            return;
        };
        let over = tasks
            .values_mut()
            .filter(|task| task.is_wanted() && task.state.has_ended());
        let ended: Vec<Task> = over
            .map(|task| {
                task.desired = Desired::Shutdown;
                task.clone()
            })
            .collect();
        for task in ended {
            let Some(service) = self.services.get(name) else {
                return;
            };
            if !self.may_restart(&task, &service.spec.restart) {
                continue;
            }
            let spec = service.spec.clone();
            let not_before = self.clock + millis(spec.restart.delay, 5_000);
            let replacement = self.make_task(name, &spec, task.slot, Desired::Running);
            if let Some(task) = self.task_mut(name, replacement) {
                task.not_before = not_before;
            }
        }
    }

    fn may_restart(&self, task: &Task, restart: &Restart) -> bool {
        let wanted = match restart.condition.unwrap_or(Condition::Any) {
            Condition::Any => true,
            Condition::OnFailure => task.state != TaskState::Complete,
            Condition::None => false,
        };
        let same = |other: &&Task| {
            other.slot == task.slot && other.ended_by_itself() && other.template == task.template
        };
        let ended = self.tasks_of(&task.service).filter(same).count();
        wanted && limit(restart).is_none_or(|limit| ended <= limit)
    }

    /// Drops the oldest ended tasks of each slot.
    pub(crate) fn forget(&mut self, name: &str) {
        let Some(tasks) = self.tasks.get_mut(name) else {
            return;
        };
        let restart = self.services.get(name).map(|service| &service.spec.restart);
        let tries = restart
            .and_then(limit)
            .map_or(0, |limit| limit.saturating_add(1));
        let mut kept: BTreeMap<&Slot, usize> = BTreeMap::new();
        let mut dropped = Vec::new();
        for (number, task) in tasks
            .iter()
            .rev()
            .filter(|(_, task)| !task.is_wanted() && task.state.has_ended())
        {
            let count = kept.entry(&task.slot).or_default();
            *count += 1;
            dropped.extend((*count > HISTORY.max(tries)).then_some(*number));
        }
        for number in dropped {
            tasks.remove(&number);
        }
    }

    /// The template of a service's tasks.
    pub(crate) fn template_of(&self, service: &str) -> Option<Service> {
        self.services
            .get(service)
            .map(|service| template(&service.spec))
    }
}

/// How often a task may be started again; nothing for as often as it takes.
fn limit(restart: &Restart) -> Option<usize> {
    restart
        .max
        .filter(|max| *max > 0)
        .and_then(|max| usize::try_from(max).ok())
}

impl Task {
    /// And not because the swarm stopped it.
    pub(crate) fn ended_by_itself(&self) -> bool {
        self.state.has_ended() && self.state != TaskState::Shutdown
    }
}
