//! Whether a service has arrived, and with which evidence it has not.
//!
//! The engine never says that an update failed for good: it pauses, rolls back, or tries for ever.
//! What counts is tasks of the present spec that run, on nodes that are there, and go on running.

mod stranded;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use skep_schema::inventory::{FailedTask, Failure, Readiness, Verdict};
use skep_schema::plan::{Condition, Mode, Payload, Service as Spec};

use super::survey::not_as_written;
use super::view::View;
use super::wire::{Node, Service, State, Task, Update};

/// A task that ran for so long is taken to go on running, as the engine's own updates take it.
const STEADY: Duration = Duration::from_secs(5);
/// How long a task may look for a node.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a network may take to give a task its address.
const ADDRESS_PATIENCE: Duration = Duration::from_secs(20);
/// The orchestrator replaces a failed task at once, if it does at all.
const REACTION: Duration = Duration::from_secs(3);
/// Failures before this long ago are another story.
const RECENT: Duration = Duration::from_mins(10);
/// So many failures in one slot are no accident.
const TOO_OFTEN: usize = 3;
/// A node that refused a task will refuse the next one too.
const REFUSED: usize = 2;
/// Failed tasks that are reported.
const EVIDENCE: usize = 3;

/// How a service stands, and the tasks to blame: `culprits` are the ids of the failure's tasks.
#[derive(Debug)]
pub(crate) struct Finding {
    pub(crate) readiness: Readiness,
    pub(crate) culprits: Vec<String>,
}

/// A service with all that is known of it.
pub(crate) struct Case<'a> {
    pub(crate) view: &'a View,
    pub(crate) service: &'a Service,
    /// As read from the service.
    pub(crate) spec: &'a Spec,
}

/// A slot of a replicated service, or the node of a global one.
type Slot<'a> = (u64, &'a str);

impl<'a> Case<'a> {
    /// Whether the service is as its own spec wants it.
    pub(crate) fn readiness(&self) -> Finding {
        if self.spec.mode == Mode::Once {
            return self.once();
        }
        let status = self.service.update_status.as_ref();
        match status.map_or(Update::None, |status| status.state) {
            Update::Paused => self.failed(
                Verdict::Paused,
                &self.words("the engine paused its update"),
                |_| true,
            ),
            Update::RollbackPaused => self.failed(
                Verdict::Paused,
                &self.words("the engine paused its rollback"),
                |_| true,
            ),
            Update::Updating if self.is_stranded() => self.settled(),
            Update::Updating => self
                .unplaced()
                .or_else(|| self.relentless())
                .unwrap_or_else(|| self.progress("updated")),
            Update::RollbackStarted => self.progress("rolled back"),
            Update::Completed | Update::RollbackCompleted | Update::None => self.settled(),
        }
    }

    /// What to say of a service that holds another spec than `wanted`, which was written.
    pub(crate) fn other_spec(&self, seen: &Payload, wanted: &Payload) -> Finding {
        let status = self.service.update_status.as_ref();
        match status.map_or(Update::None, |status| status.state) {
            Update::RollbackStarted => self.progress("rolled back"),
            Update::RollbackCompleted => self.failed(
                Verdict::RolledBack,
                &self.blame("the engine went back to the spec before"),
                |_| true,
            ),
            Update::RollbackPaused => self.failed(
                Verdict::RolledBack,
                &self.blame("the engine went back and stopped halfway"),
                |_| true,
            ),
            Update::Updating | Update::Paused | Update::Completed | Update::None => {
                self.failed(Verdict::Superseded, &not_as_written(seen, wanted), |_| {
                    false
                })
            }
        }
    }

    fn settled(&self) -> Finding {
        let desired = self.desired();
        let old = self.tasks().filter(|task| {
            task.is_wanted()
                && !task.has_ended()
                && !self.view.is_current(task)
                && !self.view.is_lost(task)
        });
        let old = old.count();
        if old == 0
            && self
                .slots(|task| self.runs(task) && self.is_steady(task))
                .len() as u64
                >= desired
        {
            return Finding::plain(Readiness::Ready {
                running: self.running(),
                desired,
            });
        }
        self.unplaced()
            .or_else(|| self.hopeless())
            .unwrap_or_else(|| match old {
                0 => self.progress("running"),
                old => self.progress(&format!("running, {old} of the spec before too")),
            })
    }

    fn once(&self) -> Finding {
        let desired = self.desired();
        let completed = self.slots(|task| task.status.state == State::Complete);
        if completed.len() as u64 >= desired {
            return Finding::plain(Readiness::Ready {
                running: self.running(),
                desired,
            });
        }
        let lost = self
            .given_up()
            .into_iter()
            .find(|task| !completed.contains(&slot(task)));
        let ended = lost.map(|task| {
            let (verdict, message) = match task.status.state {
                State::Rejected => refusal(task),
                _ => (
                    Verdict::Exited,
                    format!("it did not end with 0: {}", reason(task)),
                ),
            };
            self.failed(verdict, &message, |task| self.view.is_current(task))
        });
        ended
            .or_else(|| self.unplaced())
            .unwrap_or_else(|| self.count(completed.len() as u64, "completed"))
    }

    fn tasks(&self) -> impl Iterator<Item = &'a Task> + use<'a> {
        self.view.tasks_of(self.service)
    }

    /// The slots in which a task of the present spec does this.
    fn slots(&self, does: impl Fn(&Task) -> bool) -> BTreeSet<Slot<'a>> {
        self.tasks()
            .filter(|task| self.view.is_current(task) && does(task))
            .map(slot)
            .collect()
    }

    fn runs(&self, task: &Task) -> bool {
        task.status.state == State::Running
            && task.desired_state == State::Running
            && !self.view.is_lost(task)
    }

    /// An update that the engine calls completed was watched by it for as long.
    fn is_steady(&self, task: &Task) -> bool {
        let monitor = self
            .spec
            .update
            .monitor
            .map_or(STEADY, skep_schema::units::Duration::as_std);
        self.age(task.status.timestamp)
            .is_none_or(|age| age >= monitor.min(STEADY))
    }

    /// How long ago it was by the engine's clock; nothing when it was not, or is in the future
    /// because the clocks of nodes differ by more than a little.
    fn age(&self, then: Option<jiff::Timestamp>) -> Option<Duration> {
        let age = self.view.now.duration_since(then?);
        if age.as_secs() < -5 {
            None
        } else {
            Some(Duration::try_from(age).unwrap_or_default())
        }
    }

    fn running(&self) -> u64 {
        self.slots(|task| self.runs(task)).len() as u64
    }

    fn desired(&self) -> u64 {
        let told = self
            .service
            .service_status
            .map(|status| status.desired_tasks);
        match self.spec.mode {
            Mode::Replicated | Mode::Once => self.spec.replicas.unwrap_or(1).into(),
            Mode::Global => told
                .unwrap_or(0)
                .max(self.slots(Task::is_wanted).len() as u64),
        }
    }

    fn progress(&self, what: &str) -> Finding {
        self.count(self.running(), what)
    }

    fn count(&self, count: u64, what: &str) -> Finding {
        let desired = self.desired();
        let detail = format!("{count} of {desired} {what}{}", self.out_of_reach());
        Finding::plain(Readiness::Progressing {
            detail,
            running: self.running(),
            desired,
        })
    }

    /// A task that finds no node, or gets no address, for too long.
    fn unplaced(&self) -> Option<Finding> {
        let old =
            |task: &Task, patience| self.age(task.created_at).is_some_and(|age| age >= patience);
        let waits = |task: &Task| {
            let homeless = task.status.state == State::Pending
                && !task.status.err.is_empty()
                && old(task, PATIENCE);
            let mute = task.status.state == State::New && old(task, ADDRESS_PATIENCE);
            self.view.is_current(task) && task.is_wanted() && (homeless || mute)
        };
        // A new leader places nothing on nodes that it has not heard of.
        if self.view.nodes.values().any(Node::is_unheard) {
            return None;
        }
        let task = self.tasks().find(|task| waits(task))?;
        let message = match task.status.state {
            State::New => "its tasks get no address: one of its networks does not work",
            _ => &task.status.err,
        };
        Some(self.failed(Verdict::Unschedulable, message, waits))
    }

    /// Failures in an update that the engine will never call failed.
    fn relentless(&self) -> Option<Finding> {
        let failures = self.failures();
        let many = failures.values().map(Vec::len).max().unwrap_or(0) > TOO_OFTEN;
        if many { self.hopeless() } else { None }
    }

    /// Tasks that end too often, or that ended and are not tried again.
    fn hopeless(&self) -> Option<Finding> {
        let running = self.slots(|task| self.runs(task) && self.is_steady(task));
        let failures = self.failures();
        let often = failures
            .iter()
            .filter(|(slot, _)| !running.contains(*slot))
            .find_map(|(_, tasks)| {
                let newest = *tasks.last()?;
                let limit = if newest.status.state == State::Rejected {
                    REFUSED
                } else {
                    TOO_OFTEN
                };
                (tasks.len() >= limit).then_some(newest)
            });
        let over = || {
            self.given_up()
                .into_iter()
                .find(|task| !running.contains(&slot(task)))
        };
        let task = often.or_else(over)?;
        let (verdict, message) = match task.status.state {
            State::Rejected => refusal(task),
            State::Complete => (
                Verdict::Exited,
                "it ended with 0, and is meant to go on".to_owned(),
            ),
            _ => (
                Verdict::CrashLooping,
                format!("its tasks end again and again: {}", reason(task)),
            ),
        };
        Some(self.failed(verdict, &message, |task| self.view.is_current(task)))
    }

    /// Recent failures of the present spec by slot, the oldest first.
    fn failures(&self) -> BTreeMap<Slot<'a>, Vec<&'a Task>> {
        let recent = |task: &Task| {
            self.age(task.status.timestamp)
                .is_none_or(|age| age < RECENT)
        };
        let mut all: BTreeMap<Slot<'a>, Vec<&'a Task>> = BTreeMap::new();
        for task in self.tasks().filter(|task| self.view.is_current(task)) {
            let ended = task.has_failed() || task.status.state == State::Complete;
            if ended && recent(task) {
                all.entry(slot(task)).or_default().push(task);
            }
        }
        for tasks in all.values_mut() {
            tasks.sort_by_key(|task| task.status.timestamp);
        }
        all
    }

    /// The last tasks of slots in which no task is wanted any more.
    fn given_up(&self) -> Vec<&'a Task> {
        let alive = self.slots(|task| task.is_wanted() && !task.has_ended());
        let final_at_once = self.spec.restart.condition == Some(Condition::None);
        let is_over = |task: &&Task| {
            final_at_once
                || self
                    .age(task.status.timestamp)
                    .is_some_and(|age| age >= REACTION)
        };
        let last = self
            .failures()
            .into_iter()
            .filter(|(slot, _)| !alive.contains(slot));
        last.filter_map(|(_, tasks)| tasks.last().copied())
            .filter(is_over)
            .collect()
    }

    /// The engine's message about the update, or these words.
    fn words(&self, otherwise: &str) -> String {
        let message = self
            .service
            .update_status
            .as_ref()
            .map_or("", |status| &status.message);
        if message.is_empty() {
            otherwise.to_owned()
        } else {
            format!("{otherwise}: {message}")
        }
    }

    fn blame(&self, what: &str) -> String {
        let task = self.worst(|_| true).into_iter().next();
        task.map_or_else(
            || self.words(what),
            |task| format!("{what}: {}", reason(task)),
        )
    }

    /// The newest tasks that failed or wait with an error, one for each slot.
    fn worst(&self, which: impl Fn(&Task) -> bool) -> Vec<&'a Task> {
        let began = self
            .service
            .update_status
            .as_ref()
            .and_then(|status| status.started_at);
        let since = |task: &Task| began.is_none() || task.status.timestamp >= began;
        let stuck = |task: &Task| {
            task.is_wanted() && task.status.state < State::Running && !task.status.err.is_empty()
        };
        let mut bad: Vec<&Task> = self
            .tasks()
            .filter(|task| which(task) && (task.has_failed() || stuck(task)) && since(task))
            .collect();
        bad.sort_by_key(|task| std::cmp::Reverse(task.status.timestamp));
        let mut seen = BTreeSet::new();
        bad.retain(|task| seen.insert(slot(task)));
        bad.truncate(EVIDENCE);
        bad
    }

    fn failed(&self, verdict: Verdict, message: &str, which: impl Fn(&Task) -> bool) -> Finding {
        let culprits = self.worst(which);
        let tasks = culprits.iter().map(|task| self.evidence(task)).collect();
        Finding {
            readiness: Readiness::Failed(Failure {
                verdict,
                message: message.to_owned(),
                tasks,
            }),
            culprits: culprits.into_iter().map(|task| task.id.clone()).collect(),
        }
    }

    fn evidence(&self, task: &Task) -> FailedTask {
        let host = self
            .view
            .nodes
            .get(&task.node)
            .map(|node| node.description.hostname.clone());
        let place = match task.slot {
            0 => host.clone().unwrap_or_else(|| task.node.clone()),
            slot => slot.to_string(),
        };
        let container = &task.status.container_status;
        let ran = task.status.state == State::Failed && !container.container.is_empty();
        FailedTask {
            task: format!("{}.{place}", self.service.name()),
            node: host,
            exit_code: ran.then_some(container.exit_code),
            error: reason(task).to_owned(),
            log: Vec::new(),
        }
    }
}

impl Finding {
    pub(crate) fn plain(readiness: Readiness) -> Self {
        Self {
            readiness,
            culprits: Vec::new(),
        }
    }

    pub(crate) fn gone() -> Self {
        Self::superseded("it is gone: somebody removed it")
    }

    pub(crate) fn superseded(why: &str) -> Self {
        let failure = Failure {
            verdict: Verdict::Superseded,
            message: why.to_owned(),
            tasks: Vec::new(),
        };
        Self::plain(Readiness::Failed(failure))
    }
}

fn slot(task: &Task) -> Slot<'_> {
    (
        task.slot,
        if task.slot == 0 {
            task.node.as_str()
        } else {
            ""
        },
    )
}

/// The engine's own words.
fn reason(task: &Task) -> &str {
    if task.status.err.is_empty() {
        &task.status.message
    } else {
        &task.status.err
    }
}

/// Why a node did not even start a task.
fn refusal(task: &Task) -> (Verdict, String) {
    const OF_IMAGES: [&str; 6] = [
        "No such image",
        "pull",
        "manifest",
        "repository",
        "not found: manifest unknown",
        "registry",
    ];
    let reason = reason(task);
    if OF_IMAGES.iter().any(|word| reason.contains(word)) {
        (
            Verdict::NoImage,
            format!("its image cannot be had: {reason}"),
        )
    } else {
        (
            Verdict::Rejected,
            format!("a node refuses its tasks: {reason}"),
        )
    }
}
