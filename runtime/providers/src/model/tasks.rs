//! Tasks in virtual time: what one does from its making to its end.

use std::collections::BTreeMap;

use skep_schema::plan::{Health, HealthTest, Mode, Rollout, Service};
use skep_schema::units::Duration;

use super::image::{Image, NO_IMAGE};
use super::world::{Desired, Slot, Task, TaskState, Tasks, World, id};

/// Milliseconds in which everything takes one step.
const TICK: u64 = 500;
/// From the container's start until it runs.
const START: u64 = 500;
/// From the container's start until an image that ends has ended.
const END: u64 = 1_000;
/// A task that ran for so long is taken to go on running.
const STEADY: u64 = 5_000;
/// How long a new task waits for one that cannot be stopped because it never began.
const OLD_TASK_TIMEOUT: u64 = 60_000;

impl World {
    /// Lets time pass, as long as it changes anything; whether it did, which counts as a write.
    pub fn advance(&mut self, millis: u64) -> bool {
        let allocated = self.allocate();
        let (begun, until) = (self.clock, self.clock + millis);
        while self.clock < until {
            let restless = self.restless();
            if restless.is_empty() {
                break;
            }
            self.clock += TICK.min(until - self.clock);
            self.tick(&restless);
        }
        let moved = self.clock > begun;
        self.index += u64::from(moved);
        moved || allocated
    }

    /// Gives services their addresses and ports, by a write of its own that nobody asked for.
    fn allocate(&mut self) -> bool {
        let before = self.index;
        let waiting = self.services.values_mut();
        for service in waiting.filter(|service| service.unallocated) {
            self.index += 1;
            service.unallocated = false;
            service.meta.touch(self.index, self.clock);
        }
        self.index > before
    }

    /// Services that time alone would change, and those that are gone while their tasks stop.
    fn restless(&self) -> Vec<String> {
        let rolls = self
            .services
            .iter()
            .filter(|(_, service)| service.awaits_rollout())
            .map(|(name, _)| name);
        let moves = |tasks: &Tasks| !tasks.values().all(|task| task.is_at_rest(self.clock));
        let tasks = self
            .tasks
            .iter()
            .filter(|(_, tasks)| moves(tasks))
            .map(|(name, _)| name);
        let mut names: Vec<String> = rolls.chain(tasks).cloned().collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn tick(&mut self, restless: &[String]) {
        for name in restless {
            if let Some(tasks) = self.tasks.get_mut(name) {
                stop(tasks, self.clock);
                promote(tasks);
                step(tasks, self.clock);
            }
        }
        for name in restless {
            self.restart(name);
            self.reconcile(name);
            self.roll(name);
        }
        self.schedule();
        for name in restless {
            self.forget(name);
        }
        self.tasks.retain(|_, tasks| !tasks.is_empty());
    }

    /// A task of the service made now; its number.
    pub(crate) fn make_task(
        &mut self,
        service: &str,
        spec: &Service,
        slot: Slot,
        desired: Desired,
    ) -> u64 {
        self.index += 1;
        let task = Task {
            id: id(&self.seed, &format!("task {}", self.index)),
            service: service.to_owned(),
            slot,
            node: None,
            template: Box::new(template(spec)),
            desired,
            state: TaskState::Pending,
            created: self.clock,
            since: self.clock,
            not_before: self.clock,
            ran_from: None,
            error: String::new(),
            exit_code: None,
            log: Vec::new(),
        };
        let tasks = self.tasks.entry(service.to_owned()).or_default();
        let number = tasks.keys().next_back().map_or(1, |last| last + 1);
        tasks.insert(number, task);
        number
    }
}

/// Stops what shall not run, and drops what shall not stay.
fn stop(tasks: &mut Tasks, clock: u64) {
    let waited_for = waited_for(tasks, clock);
    for (number, task) in tasks.iter_mut().filter(|(_, task)| task.is_stopping()) {
        if task.state != TaskState::Pending || !waited_for.contains(number) {
            task.enter(TaskState::Shutdown, clock);
        }
    }
    tasks.retain(|_, task| task.desired != Desired::Remove || !task.state.has_ended());
}

/// Tasks that never began and for which a new task of their slot still waits.
fn waited_for(tasks: &Tasks, clock: u64) -> Vec<u64> {
    let waits = |old: &Task| {
        tasks.values().any(|new| {
            new.desired == Desired::Ready
                && new.slot == old.slot
                && clock < new.created + OLD_TASK_TIMEOUT
        })
    };
    let old = tasks
        .iter()
        .filter(|(_, task)| task.desired == Desired::Shutdown && task.is_stopping());
    old.filter(|(_, task)| waits(task))
        .map(|(number, _)| *number)
        .collect()
}

/// Lets a task that is ready start once the one before it has stopped.
fn promote(tasks: &mut Tasks) {
    let stopping: Vec<Slot> = tasks
        .values()
        .filter(|task| task.is_stopping())
        .map(|task| task.slot.clone())
        .collect();
    for task in tasks
        .values_mut()
        .filter(|task| task.desired == Desired::Ready)
    {
        if !stopping.contains(&task.slot) {
            task.desired = Desired::Running;
        }
    }
}

fn step(tasks: &mut Tasks, clock: u64) {
    let mut failed: BTreeMap<Slot, Vec<Box<Service>>> = BTreeMap::new();
    for task in tasks.values_mut() {
        let before = failed.get(&task.slot);
        let failed_before = before.is_some_and(|templates| templates.contains(&task.template));
        task.step(clock, failed_before);
        if task.state.has_failed() {
            failed
                .entry(task.slot.clone())
                .or_default()
                .push(task.template.clone());
        }
    }
}

impl Task {
    fn is_stopping(&self) -> bool {
        self.desired >= Desired::Shutdown && !self.state.has_ended()
    }

    /// Whether it has run for so long that it is taken to go on running.
    pub(crate) fn is_steady(&self, clock: u64) -> bool {
        self.state == TaskState::Running && clock - self.since >= STEADY
    }

    pub(crate) fn enter(&mut self, state: TaskState, clock: u64) {
        self.state = state;
        self.since = clock;
    }

    /// Whether time alone changes nothing about it.
    fn is_at_rest(&self, clock: u64) -> bool {
        let image = Image::of(&self.template.image);
        let ends = matches!(image, Image::Fails | Image::Flaky) || self.template.mode == Mode::Once;
        match self.state {
            TaskState::Running => {
                self.desired == Desired::Running && !ends && self.is_steady(clock)
            }
            TaskState::Complete | TaskState::Shutdown | TaskState::Failed | TaskState::Rejected => {
                self.desired == Desired::Shutdown
            }
            TaskState::Pending | TaskState::Preparing | TaskState::Ready | TaskState::Starting => {
                false
            }
        }
    }

    fn step(&mut self, clock: u64, failed_before: bool) {
        let image = Image::of(&self.template.image);
        let passed = clock - self.since;
        match self.state {
            TaskState::Preparing if passed >= image.pull() => self.prepared(image, clock),
            TaskState::Ready if self.desired == Desired::Running && clock >= self.not_before => {
                self.enter(TaskState::Starting, clock);
            }
            TaskState::Starting => self.starting(image, passed, clock, failed_before),
            TaskState::Running => self.running(image, passed, clock, failed_before),
            TaskState::Pending
            | TaskState::Preparing
            | TaskState::Ready
            | TaskState::Complete
            | TaskState::Shutdown
            | TaskState::Failed
            | TaskState::Rejected => {}
        }
    }

    fn prepared(&mut self, image: Image, clock: u64) {
        if image == Image::Missing {
            self.error = format!("{NO_IMAGE}: {}", self.template.image);
            self.enter(TaskState::Rejected, clock);
        } else {
            self.enter(TaskState::Ready, clock);
        }
    }

    fn starting(&mut self, image: Image, passed: u64, clock: u64, failed_before: bool) {
        match probe(&self.template) {
            Some(_) if exits(image, failed_before) && passed >= END => self.fail(clock),
            Some(probe) if image == Image::Unhealthy && passed >= probe.gives_up => {
                "dockerexec: unhealthy container".clone_into(&mut self.error);
                self.log.push(format!(
                    "model: health check failed {} times",
                    probe.retries
                ));
                self.enter(TaskState::Failed, clock);
            }
            Some(probe) if image != Image::Unhealthy && passed >= probe.passes => self.run(clock),
            None if passed >= START => self.run(clock),
            Some(_) | None => {}
        }
    }

    fn run(&mut self, clock: u64) {
        self.ran_from = Some(clock);
        self.enter(TaskState::Running, clock);
    }

    fn running(&mut self, image: Image, passed: u64, clock: u64, failed_before: bool) {
        if passed < END {
            return;
        }
        if exits(image, failed_before) {
            self.fail(clock);
        } else if self.template.mode == Mode::Once {
            self.exit_code = Some(0);
            self.enter(TaskState::Complete, clock);
        }
    }

    fn fail(&mut self, clock: u64) {
        "task: non-zero exit (3)".clone_into(&mut self.error);
        self.exit_code = Some(3);
        self.log
            .push(format!("model: {} exits with 3", self.template.image));
        self.enter(TaskState::Failed, clock);
    }
}

/// What of a spec makes a task what it is: a change of the rest restarts nothing.
pub(crate) fn template(spec: &Service) -> Service {
    Service {
        replicas: None,
        update: Rollout::default(),
        rollback: Rollout::default(),
        labels: BTreeMap::new(),
        ..spec.clone()
    }
}

const fn exits(image: Image, failed_before: bool) -> bool {
    match image {
        Image::Fails => true,
        Image::Flaky => !failed_before,
        Image::Runs | Image::Missing | Image::Unhealthy | Image::Slow => false,
    }
}

/// When a health check passes for the first time, or is given up, in milliseconds.
struct Probe {
    passes: u64,
    gives_up: u64,
    retries: u64,
}

fn probe(spec: &Service) -> Option<Probe> {
    let health = spec
        .health
        .as_ref()
        .filter(|health| !matches!(health.test, HealthTest::None))?;
    let Health {
        test: _,
        every,
        timeout: _,
        retries,
        start,
        start_every,
    } = health;
    let every = millis(*every, 30_000);
    let start = millis(*start, 0);
    let first = if start > 0 {
        millis(*start_every, every)
    } else {
        every
    };
    let retries = u64::from(retries.filter(|retries| *retries > 0).unwrap_or(3));
    Some(Probe {
        passes: first.max(1),
        gives_up: start + every * retries,
        retries,
    })
}

/// In health checks 0 is the engine's word for its default too.
pub(crate) fn millis(duration: Option<Duration>, default: u64) -> u64 {
    duration.map_or(default, |duration| duration.0 / 1_000_000)
}
