//! Whether a service has arrived, and with which evidence it has not.
//!
//! The verdicts and their words are those of the real swarm's provider, over virtual time.

use std::collections::{BTreeMap, BTreeSet};

use skep_schema::address::Kind;
use skep_schema::inventory::{FailedTask, Failure, Readiness, Verdict};
use skep_schema::place::Lacking;
use skep_schema::plan::{Mode, Payload, PlanNode, Service as Spec};

use super::Model;
use super::image::NO_IMAGE;
use super::objects::{not_as_written, object, spelled_like};
use super::world::{Desired, Service, Slot, Task, TaskState, UpdateState, World};

/// How long a task may look for a node, in milliseconds.
const PATIENCE: u64 = 10_000;
/// So many failures in one slot are no accident.
const TOO_OFTEN: usize = 3;
/// A node that refused a task will refuse the next one too.
const REFUSED: usize = 2;
/// Failed tasks that are reported.
const EVIDENCE: usize = 3;

impl Model {
    /// Whether what was written is what is there, and has arrived.
    pub(super) fn arrival(&self, world: &World, node: &PlanNode) -> Readiness {
        let name = node.payload.physical_name().unwrap_or_default();
        let Some(kind) = node.payload.object() else {
            return arrived();
        };
        let Some(object) = object(world, kind, name) else {
            return gone();
        };
        let seen = spelled_like(object.payload, Some(&node.payload));
        let as_meant = seen == node.payload;
        let case = Case::of(world, name).filter(|_| kind == Kind::Service);
        match (case, as_meant) {
            (Some(case), true) => explained(world, case.service, self.told(case.readiness())),
            (Some(case), false) => self.told(case.other_spec(&seen, &node.payload)),
            (None, true) => arrived(),
            (None, false) => superseded(&not_as_written(&seen, &node.payload)),
        }
    }

    /// Whether the service is as its own spec wants it.
    pub(super) fn readiness(&self, world: &World, name: &str) -> Readiness {
        let told = |case: Case<'_>| explained(world, case.service, self.told(case.readiness()));
        Case::of(world, name).map_or_else(gone, told)
    }

    /// Without the values of secrets that a task may have printed.
    fn told(&self, mut readiness: Readiness) -> Readiness {
        if let Readiness::Failed(failure) = &mut readiness {
            failure.message = self.redact.text(&failure.message);
            for task in &mut failure.tasks {
                task.error = self.redact.text(&task.error);
                task.log = task.log.iter().map(|line| self.redact.text(line)).collect();
            }
        }
        readiness
    }
}

/// With what each node lacks, where a task finds none.
fn explained(world: &World, service: &Service, readiness: Readiness) -> Readiness {
    match &readiness {
        Readiness::Failed(failure) if failure.verdict == Verdict::Unschedulable => {
            Lacking::explain(readiness, &service.spec, &world.machines())
        }
        Readiness::Failed(_) | Readiness::Ready { .. } | Readiness::Progressing { .. } => readiness,
    }
}

fn arrived() -> Readiness {
    Readiness::Ready {
        running: 0,
        desired: 0,
    }
}

fn gone() -> Readiness {
    superseded("it is gone: somebody removed it")
}

fn superseded(why: &str) -> Readiness {
    Readiness::Failed(Failure {
        verdict: Verdict::Superseded,
        message: why.to_owned(),
        tasks: Vec::new(),
    })
}

/// A service with all that is known of it.
struct Case<'a> {
    world: &'a World,
    service: &'a Service,
    name: &'a str,
    /// Of the tasks its present spec makes.
    template: Spec,
}

impl<'a> Case<'a> {
    fn of(world: &'a World, name: &str) -> Option<Self> {
        let (name, service) = world.services.get_key_value(name)?;
        Some(Self {
            world,
            service,
            name,
            template: world.template_of(name)?,
        })
    }

    fn readiness(&self) -> Readiness {
        if self.service.spec.mode == Mode::Once {
            return self.once();
        }
        match self.state() {
            Some(UpdateState::Paused) => {
                self.failed(Verdict::Paused, &self.words("the engine paused its update"))
            }
            Some(UpdateState::RollbackPaused) => self.failed(
                Verdict::Paused,
                &self.words("the engine paused its rollback"),
            ),
            Some(UpdateState::Updating) => self
                .unplaced()
                .or_else(|| self.relentless())
                .unwrap_or_else(|| self.progress("updated")),
            Some(UpdateState::RollbackStarted) => self.progress("rolled back"),
            Some(UpdateState::Completed | UpdateState::RollbackCompleted) | None => self.settled(),
        }
    }

    /// What to say of a service that holds another spec than the one that was written.
    fn other_spec(&self, seen: &Payload, wanted: &Payload) -> Readiness {
        match self.state() {
            Some(UpdateState::RollbackStarted) => self.progress("rolled back"),
            Some(UpdateState::RollbackCompleted) => self.failed(
                Verdict::RolledBack,
                &self.blame("the engine went back to the spec before"),
            ),
            Some(UpdateState::RollbackPaused) => self.failed(
                Verdict::RolledBack,
                &self.blame("the engine went back and stopped halfway"),
            ),
            Some(UpdateState::Updating | UpdateState::Paused | UpdateState::Completed) | None => {
                self.failed_by(Verdict::Superseded, &not_as_written(seen, wanted), &[])
            }
        }
    }

    fn settled(&self) -> Readiness {
        let steady =
            self.slots(|task| task.is_steady(self.world.clock) && task.desired == Desired::Running);
        if steady.len() as u64 == self.desired() {
            return self.ready();
        }
        self.unplaced()
            .or_else(|| self.hopeless())
            .unwrap_or_else(|| self.progress("running"))
    }

    fn once(&self) -> Readiness {
        let completed = self.slots(|task| task.state == TaskState::Complete);
        if completed.len() as u64 >= self.desired() {
            return self.ready();
        }
        let lost = self
            .given_up()
            .into_iter()
            .find(|task| !completed.contains(&task.slot));
        let ended = lost.map(|task| match task.state {
            TaskState::Rejected => self.refused(task),
            _ => self.failed(
                Verdict::Exited,
                &format!("it did not end with 0: {}", task.error),
            ),
        });
        ended
            .or_else(|| self.unplaced())
            .unwrap_or_else(|| self.count(completed.len() as u64, "completed"))
    }

    fn state(&self) -> Option<UpdateState> {
        self.service.status.as_ref().map(|status| status.state)
    }

    fn tasks(&self) -> impl DoubleEndedIterator<Item = &'a Task> {
        self.world.tasks_of(self.name)
    }

    fn is_current(&self, task: &Task) -> bool {
        !self.world.is_dirty(task, &self.template)
    }

    /// The slots in which a task of the present spec does this.
    fn slots(&self, does: impl Fn(&Task) -> bool) -> BTreeSet<&'a Slot> {
        self.tasks()
            .filter(|task| does(task) && self.is_current(task))
            .map(|task| &task.slot)
            .collect()
    }

    fn running(&self) -> u64 {
        self.slots(|task| task.state == TaskState::Running && task.desired == Desired::Running)
            .len() as u64
    }

    fn desired(&self) -> u64 {
        self.world.wanted_slots(&self.service.spec).len() as u64
    }

    fn ready(&self) -> Readiness {
        Readiness::Ready {
            running: self.running(),
            desired: self.desired(),
        }
    }

    fn progress(&self, what: &str) -> Readiness {
        self.count(self.running(), what)
    }

    fn count(&self, count: u64, what: &str) -> Readiness {
        let desired = self.desired();
        Readiness::Progressing {
            detail: format!("{count} of {desired} {what}"),
            running: self.running(),
            desired,
        }
    }

    /// A task that finds no node, for too long.
    fn unplaced(&self) -> Option<Readiness> {
        let waits = |task: &&Task| {
            task.is_stuck() && self.world.clock - task.created >= PATIENCE && self.is_current(task)
        };
        let task = self.tasks().find(waits)?;
        Some(self.failed_by(
            Verdict::Unschedulable,
            &task.error,
            &self.worst(|task| waits(&task)),
        ))
    }

    /// Failures in an update that the engine will never call failed.
    fn relentless(&self) -> Option<Readiness> {
        let many = self
            .failures()
            .values()
            .any(|tasks| tasks.len() > TOO_OFTEN);
        if many { self.hopeless() } else { None }
    }

    /// Tasks that end too often, or that ended and are not tried again.
    fn hopeless(&self) -> Option<Readiness> {
        let steady = self.slots(|task| task.is_steady(self.world.clock));
        let failures = self.failures();
        let often = failures
            .iter()
            .filter(|(slot, _)| !steady.contains(*slot))
            .find_map(|(_, tasks)| {
                let newest = *tasks.last()?;
                let limit = if newest.state == TaskState::Rejected {
                    REFUSED
                } else {
                    TOO_OFTEN
                };
                (tasks.len() >= limit).then_some(newest)
            });
        let over = || {
            self.given_up()
                .into_iter()
                .find(|task| !steady.contains(&task.slot))
        };
        let task = often.or_else(over)?;
        Some(match task.state {
            TaskState::Rejected => self.refused(task),
            TaskState::Complete => {
                self.failed(Verdict::Exited, "it ended with 0, and is meant to go on")
            }
            _ => self.failed(
                Verdict::CrashLooping,
                &format!("its tasks end again and again: {}", task.error),
            ),
        })
    }

    /// Why a node did not even start a task.
    fn refused(&self, task: &Task) -> Readiness {
        let (verdict, what) = if task.error.starts_with(NO_IMAGE) {
            (Verdict::NoImage, "its image cannot be had")
        } else {
            (Verdict::Rejected, "a node refuses its tasks")
        };
        self.failed(verdict, &format!("{what}: {}", task.error))
    }

    /// Ends of tasks of the present spec by slot, the oldest first.
    fn failures(&self) -> BTreeMap<&'a Slot, Vec<&'a Task>> {
        let mut all: BTreeMap<&Slot, Vec<&Task>> = BTreeMap::new();
        for task in self
            .tasks()
            .filter(|task| task.ended_by_itself() && self.is_current(task))
        {
            all.entry(&task.slot).or_default().push(task);
        }
        all
    }

    /// The last tasks of slots in which no task is wanted any more.
    fn given_up(&self) -> Vec<&'a Task> {
        let alive = self.slots(Task::is_wanted);
        let last = self
            .failures()
            .into_iter()
            .filter(|(slot, _)| !alive.contains(slot));
        last.filter_map(|(_, tasks)| tasks.last().copied())
            .collect()
    }

    /// The engine's message about the update after these words.
    fn words(&self, what: &str) -> String {
        let message = self
            .service
            .status
            .as_ref()
            .map_or("", |status| &status.message);
        format!("{what}: {message}")
    }

    fn blame(&self, what: &str) -> String {
        let task = self.worst(|_| true).into_iter().next();
        task.map_or_else(
            || self.words(what),
            |task| format!("{what}: {}", task.error),
        )
    }

    /// The newest tasks that failed or wait with an error, one for each slot.
    fn worst(&self, which: impl Fn(&Task) -> bool) -> Vec<&'a Task> {
        let mut seen = BTreeSet::new();
        let bad = self
            .tasks()
            .rev()
            .filter(|task| task.state.has_failed() || task.is_stuck());
        bad.filter(|task| which(task) && seen.insert(&task.slot))
            .take(EVIDENCE)
            .collect()
    }

    fn failed(&self, verdict: Verdict, message: &str) -> Readiness {
        self.failed_by(verdict, message, &self.worst(|_| true))
    }

    fn failed_by(&self, verdict: Verdict, message: &str, culprits: &[&Task]) -> Readiness {
        let tasks = culprits.iter().map(|task| self.evidence(task)).collect();
        Readiness::Failed(Failure {
            verdict,
            message: message.to_owned(),
            tasks,
        })
    }

    fn evidence(&self, task: &Task) -> FailedTask {
        let place = match &task.slot {
            Slot::Number(number) => number.to_string(),
            Slot::Node(host) => host.clone(),
        };
        FailedTask {
            task: format!("{}.{place}", self.name),
            node: task.node.clone(),
            exit_code: task.exit_code,
            error: task.error.clone(),
            log: task.log.clone(),
        }
    }
}

impl Task {
    /// It looks for a node in vain.
    fn is_stuck(&self) -> bool {
        self.is_wanted() && self.state == TaskState::Pending && !self.error.is_empty()
    }
}
