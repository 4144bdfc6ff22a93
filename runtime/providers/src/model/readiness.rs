//! Whether a service has arrived, and with which evidence it has not.

use skep_schema::inventory::{FailedTask, Failure, Readiness, Verdict};
use skep_schema::plan::{Mode, PlanNode, Service};

use super::Model;
use super::objects::object;
use super::world::{Desired, Task, TaskState, UpdateState, World};

/// How long a task may look for a node, in milliseconds.
const PATIENCE: u64 = 10_000;
/// So many failures in one slot are no accident.
const TOO_OFTEN: usize = 2;
/// Failed tasks that are reported.
const EVIDENCE: usize = 3;

impl Model {
    /// Whether what was written is what is there, and has arrived.
    pub(super) fn arrival(&self, world: &World, node: &PlanNode) -> Readiness {
        let name = node.payload.physical_name().unwrap_or_default();
        let Some(kind) = node.payload.object() else {
            return Readiness::Ready {
                running: 0,
                desired: 0,
            };
        };
        let found = object(world, kind, name);
        let Some(object) = found else {
            return failed(
                Verdict::Superseded,
                "it is gone: somebody removed it",
                Vec::new(),
            );
        };
        let Ok(meant) = node.payload.as_service() else {
            return Readiness::Ready {
                running: 0,
                desired: 0,
            };
        };
        if object.payload.as_service() == Ok(meant) {
            return self.readiness(world, name);
        }
        self.other_spec(world, name)
    }

    /// Another spec than the one that was written is there.
    fn other_spec(&self, world: &World, name: &str) -> Readiness {
        let status = world
            .services
            .get(name)
            .and_then(|service| service.status.as_ref());
        let rolled_back = status.filter(|status| match status.state {
            UpdateState::RollbackStarted
            | UpdateState::RollbackPaused
            | UpdateState::RollbackCompleted => true,
            UpdateState::Updating | UpdateState::Paused | UpdateState::Completed => false,
        });
        match rolled_back {
            Some(status) => failed(
                Verdict::RolledBack,
                &status.message,
                self.failed_tasks(world, name, |_| true),
            ),
            None => failed(
                Verdict::Superseded,
                "somebody changed it meanwhile",
                Vec::new(),
            ),
        }
    }

    /// Whether the service is as its own spec wants it.
    pub(super) fn readiness(&self, world: &World, name: &str) -> Readiness {
        let Some(service) = world.services.get(name) else {
            return failed(
                Verdict::Superseded,
                "it is gone: somebody removed it",
                Vec::new(),
            );
        };
        let tally = Tally::of(world, name, &service.spec);
        let state = service
            .status
            .as_ref()
            .map(|status| (status.state, status.message.as_str()));
        match state {
            Some((UpdateState::Paused | UpdateState::RollbackPaused, message)) => failed(
                Verdict::Paused,
                message,
                self.failed_tasks(world, name, |_| true),
            ),
            Some((UpdateState::Updating, _)) => self
                .unplaced(world, name)
                .unwrap_or_else(|| tally.progress("updated")),
            Some((UpdateState::RollbackStarted, _)) => tally.progress("rolled back"),
            Some((UpdateState::Completed | UpdateState::RollbackCompleted, _)) | None => {
                self.settled(world, name, &service.spec, &tally)
            }
        }
    }

    fn settled(&self, world: &World, name: &str, spec: &Service, tally: &Tally) -> Readiness {
        if tally.arrived == tally.desired {
            return Readiness::Ready {
                running: tally.running,
                desired: tally.desired,
            };
        }
        self.unplaced(world, name)
            .or_else(|| self.hopeless(world, name, spec))
            .unwrap_or_else(|| {
                tally.progress(if spec.mode == Mode::Once {
                    "completed"
                } else {
                    "running"
                })
            })
    }

    /// A task that finds no node, for too long.
    fn unplaced(&self, world: &World, name: &str) -> Option<Readiness> {
        let waits = |task: &&Task| {
            task.is_wanted()
                && task.state == TaskState::Pending
                && task.error.starts_with("no suitable node")
                && world.clock - task.created >= PATIENCE
        };
        let task = world.tasks_of(name).find(waits)?;
        let tasks = self.failed_tasks(world, name, |task| waits(&task));
        Some(failed(Verdict::Unschedulable, &task.error, tasks))
    }

    /// Tasks that end too often, or that ended and are not tried again.
    fn hopeless(&self, world: &World, name: &str, spec: &Service) -> Option<Readiness> {
        let template = world.template_of(name)?;
        let current = |task: &Task| *task.template == template;
        let failures = |of: &Task| {
            let same = world
                .tasks_of(name)
                .filter(|task| current(task) && task.slot == of.slot);
            same.filter(|task| task.state.has_failed()).count()
        };
        let given_up = |task: &Task| {
            let slot = world.tasks_of(name).filter(|other| other.slot == task.slot);
            slot.filter(|other| other.is_wanted()).count() == 0
        };
        // A one-shot with a number of tries is given all of them.
        let counted = spec.mode == Mode::Once && spec.restart.max.is_some_and(|max| max > 0);
        let culprit = world
            .tasks_of(name)
            .rev()
            .filter(|task| current(task) && task.state.has_failed());
        let culprit = culprit
            .into_iter()
            .find(|task| given_up(task) || !counted && failures(task) >= TOO_OFTEN)?;
        let (verdict, message) = match (culprit.state, spec.mode) {
            (TaskState::Rejected, _) => (Verdict::NoImage, "its image cannot be had"),
            (_, Mode::Once) if given_up(culprit) => (Verdict::Exited, "it did not end with 0"),
            _ => (Verdict::CrashLooping, "its tasks end again and again"),
        };
        Some(failed(
            verdict,
            message,
            self.failed_tasks(world, name, current),
        ))
    }

    /// The newest tasks that failed, or could not begin.
    fn failed_tasks(
        &self,
        world: &World,
        name: &str,
        which: impl Fn(&Task) -> bool,
    ) -> Vec<FailedTask> {
        let stuck = |task: &Task| task.state == TaskState::Pending && !task.error.is_empty();
        let all = world.tasks_of(name).rev().filter(|task| which(task));
        let bad = all.filter(|task| task.state.has_failed() || stuck(task));
        bad.take(EVIDENCE)
            .map(|task| self.evidence(world, task))
            .collect()
    }

    fn evidence(&self, world: &World, task: &Task) -> FailedTask {
        FailedTask {
            task: task.name(&world.nodes),
            node: task.node.clone(),
            exit_code: task.exit_code,
            error: task.error.clone(),
            log: task.log.iter().map(|line| self.redact.text(line)).collect(),
        }
    }
}

/// How many tasks of the present spec there are.
struct Tally {
    desired: u64,
    /// They run.
    running: u64,
    /// They ran long enough, or ended with 0 where that is the aim.
    arrived: u64,
}

impl Tally {
    fn of(world: &World, name: &str, spec: &Service) -> Self {
        let desired = world.wanted_slots(spec).len() as u64;
        let template = world.template_of(name);
        let clean = |task: &&Task| {
            template
                .as_ref()
                .is_some_and(|template| !world.is_dirty(task, template))
        };
        let once = spec.mode == Mode::Once;
        let (mut running, mut arrived) = (0, 0);
        for task in world.tasks_of(name).filter(clean) {
            let runs = task.state == TaskState::Running && task.desired == Desired::Running;
            running += u64::from(runs);
            let steady = runs && !once && task.is_steady(world.clock);
            arrived += u64::from(steady || once && task.state == TaskState::Complete);
        }
        Self {
            desired,
            running,
            arrived: arrived.min(desired),
        }
    }

    fn progress(&self, what: &str) -> Readiness {
        let Self {
            desired,
            running,
            arrived,
        } = *self;
        let count = match what {
            "completed" => arrived,
            _ => running,
        };
        Readiness::Progressing {
            detail: format!("{count} of {desired} {what}"),
            running,
            desired,
        }
    }
}

fn failed(verdict: Verdict, message: &str, tasks: Vec<FailedTask>) -> Readiness {
    Readiness::Failed(Failure {
        verdict,
        message: message.to_owned(),
        tasks,
    })
}
