//! How many tasks a service has: filling slots, emptying them, and trying again after a failure.

use std::collections::BTreeMap;

use skep_schema::plan::{Condition, Service};

use super::place::is_eligible;
use super::services::is_global;
use super::tasks::{millis, template};
use super::world::{Desired, Slot, Task, TaskState, World};

/// Ended tasks the engine remembers for each slot.
const HISTORY: usize = 5;

impl World {
    /// Gives every service the tasks its spec asks for.
    pub(crate) fn reconcile(&mut self) {
        for name in self.services.keys().cloned().collect::<Vec<_>>() {
            let spec = self.services[&name].spec.clone();
            let wanted = self.wanted_slots(&spec);
            let filled = self.slots(&name);
            for slot in filled.keys().filter(|slot| !wanted.contains(slot)) {
                self.empty(&name, slot);
            }
            for slot in wanted.into_iter().filter(|slot| !filled.contains_key(slot)) {
                self.make_task(&name, &spec, slot, Desired::Running);
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
            .values_mut()
            .filter(|task| task.service == service && task.slot == *slot);
        tasks.for_each(|task| task.desired = Desired::Remove);
    }

    /// The tasks that fill each slot of a service: those that shall run, or the last one where it
    /// ended by itself and is not tried again.
    pub(crate) fn slots(&self, service: &str) -> BTreeMap<Slot, Vec<u64>> {
        let mut slots: BTreeMap<Slot, Vec<u64>> = BTreeMap::new();
        let mut ended: BTreeMap<Slot, u64> = BTreeMap::new();
        for (number, task) in self
            .tasks
            .iter()
            .filter(|(_, task)| task.service == service)
        {
            if task.is_wanted() {
                slots.entry(task.slot.clone()).or_default().push(*number);
            } else if task.desired == Desired::Shutdown
                && task.state.has_ended()
                && task.state != TaskState::Shutdown
            {
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
    pub(crate) fn restart(&mut self) {
        let ended = self
            .tasks
            .iter()
            .filter(|(_, task)| task.is_wanted() && task.state.has_ended());
        for number in ended.map(|(number, _)| *number).collect::<Vec<_>>() {
            let again = self.may_restart(&self.tasks[&number]);
            let Some(task) = self.tasks.get_mut(&number) else {
                continue;
            };
            task.desired = Desired::Shutdown;
            let (name, slot) = (task.service.clone(), task.slot.clone());
            let Some(service) = self.services.get(&name).filter(|_| again) else {
                continue;
            };
            let spec = service.spec.clone();
            let replacement = self.make_task(&name, &spec, slot, Desired::Running);
            let not_before = self.clock + millis(spec.restart.delay, 5_000);
            if let Some(task) = self.tasks.get_mut(&replacement) {
                task.not_before = not_before;
            }
        }
    }

    fn may_restart(&self, task: &Task) -> bool {
        let Some(service) = self.services.get(&task.service) else {
            return false;
        };
        let restart = &service.spec.restart;
        let wanted = match restart.condition.unwrap_or(Condition::Any) {
            Condition::Any => true,
            Condition::OnFailure => task.state != TaskState::Complete,
            Condition::None => false,
        };
        let limit = restart
            .max
            .filter(|max| *max > 0)
            .and_then(|max| usize::try_from(max).ok());
        wanted && limit.is_none_or(|limit| self.ended_like(task) <= limit)
    }

    fn ended_like(&self, task: &Task) -> usize {
        let same = |other: &&Task| {
            (&other.service, &other.slot) == (&task.service, &task.slot)
                && other.state.has_ended()
                && other.state != TaskState::Shutdown
                && other.template == task.template
        };
        self.tasks.values().filter(same).count()
    }

    /// Drops the oldest ended tasks of each slot.
    pub(crate) fn forget(&mut self) {
        let mut kept: BTreeMap<(String, Slot), usize> = BTreeMap::new();
        let mut dropped = Vec::new();
        let ended = self
            .tasks
            .iter()
            .rev()
            .filter(|(_, task)| !task.is_wanted() && task.state.has_ended());
        for (number, task) in ended {
            let limit = self
                .services
                .get(&task.service)
                .map_or(HISTORY, |service| history(&service.spec));
            let count = kept
                .entry((task.service.clone(), task.slot.clone()))
                .or_default();
            *count += 1;
            if *count > limit {
                dropped.push(*number);
            }
        }
        for number in dropped {
            self.tasks.remove(&number);
        }
    }

    /// The template of a service's tasks.
    pub(crate) fn template_of(&self, service: &str) -> Option<Service> {
        self.services
            .get(service)
            .map(|service| template(&service.spec))
    }
}

fn history(spec: &Service) -> usize {
    let attempts = spec
        .restart
        .max
        .and_then(|max| usize::try_from(max).ok())
        .unwrap_or(0);
    HISTORY.max(attempts.saturating_add(1))
}
