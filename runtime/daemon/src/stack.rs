//! One stack: its state machine, and the tasks that do what the machine says.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use skep_engine::apply::Limits;
use skep_engine::drive::{Look, look_back};
use skep_engine::journal::Journal;
use skep_engine::live::Stir;
use skep_engine::lock::Holder;
use skep_engine::perform::{Done, Hand, PerformError, Told, Work, perform};
use skep_engine::provider::ProviderError;
use skep_engine::reconcile::{Effect, Errand, Input as StackInput, Reconcile, Seen};
use skep_providers::holder;
use skep_schema::address::Kind;
use skep_schema::api::access::Verb;
use skep_schema::api::audit::{AuditRecord, Matter, Origin, Ruling};
use skep_schema::api::stack::{Cause, StackMemory};
use skep_schema::event::{Outcome, Timestamp};
use skep_schema::plan::Plan;
use skep_schema::revision::Purpose;
use tokio::sync::mpsc;

use crate::audit::{self, Occasion};
use crate::auth::{self, Permit};
use crate::clock::now;
use crate::home;
use crate::main_loop::{About, Input};
use crate::settings::{self, Schedule, Target};
use crate::store::Batch;

/// How long an apply waits for somebody else's.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stack that is kept.
pub(crate) struct Stack {
    pub(crate) machine: Reconcile,
    name: String,
    place: Place,
    schedules: Vec<Schedule>,
    /// The next of the schedules' times.
    scheduled: Option<Timestamp>,
    /// Physical names of what is the stack's or shall be.
    names: BTreeSet<String>,
    cancel: Option<mpsc::Sender<()>>,
    /// Whether an apply runs, whatever the machine knows of it.
    applies: bool,
    /// Of the apply that runs.
    record: Option<AuditRecord>,
    tell: mpsc::Sender<Input>,
}

/// Where a stack lives, and where values of its secrets may lie.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) target: Target,
    pub(crate) secrets: Vec<PathBuf>,
}

impl Place {
    pub(crate) fn of(set: &settings::Stack) -> Self {
        Self {
            target: set.target.clone(),
            secrets: set.secrets.clone(),
        }
    }
}

impl Stack {
    pub(crate) fn new(
        name: String,
        machine: Reconcile,
        place: Place,
        schedules: Vec<Schedule>,
        tell: mpsc::Sender<Input>,
    ) -> Self {
        let mut stack = Self {
            machine,
            name,
            place,
            schedules,
            scheduled: None,
            names: BTreeSet::new(),
            cancel: None,
            applies: false,
            record: None,
            tell,
        };
        stack.scheduled = stack.next(now());
        stack
    }

    /// When something is due.
    pub(crate) fn wake(&self) -> Option<Timestamp> {
        self.machine.wake().into_iter().chain(self.scheduled).min()
    }

    /// What is due now.
    pub(crate) fn ring(&mut self, now: Timestamp) -> Option<StackInput> {
        if self.scheduled.is_some_and(|at| at <= now) {
            self.scheduled = self.next(now);
            return Some(StackInput::Trigger(Cause::Schedule));
        }
        let due = self.machine.wake().is_some_and(|at| at <= now);
        due.then_some(StackInput::Tick)
    }

    fn next(&self, after: Timestamp) -> Option<Timestamp> {
        let times = self.schedules.iter().filter_map(|one| one.next(after));
        times.min()
    }

    /// Learns the names by which events are known to be about this stack.
    pub(crate) fn see(&mut self, look: &Look) {
        let wanted = look.plan.nodes.values().map(|node| &node.payload);
        let found = look.inventory.nodes.values().map(|node| &node.payload);
        let names = wanted.chain(found).filter_map(|p| p.physical_name());
        self.names = names.map(str::to_owned).collect();
    }

    /// Whether an event is a reason to look. Machines concern every stack.
    pub(crate) fn cause(&self, stir: &Stir) -> Option<Cause> {
        let Stir { kind, name, what } = stir;
        let concerns = *kind == Kind::Node || self.names.contains(name);
        concerns.then(|| Cause::Engine {
            about: format!("{} {name}: {what}", kind.word()),
        })
    }

    pub(crate) const fn is_applying(&self) -> bool {
        self.applies
    }

    /// Goes on with what another daemon kept.
    pub(crate) fn recall(&mut self, memory: StackMemory) {
        self.record = None;
        self.machine.recall(memory);
    }

    pub(crate) fn begun(&mut self, cancel: mpsc::Sender<()>) {
        self.cancel = Some(cancel);
    }

    /// Puts on record that an apply begins, before it does.
    pub(crate) fn begins(&mut self, errand: &Errand, batch: Batch) -> Batch {
        let (Ok(name), Ok(request)) = (self.name.parse(), auth::request_id()) else {
            return batch;
        };
        let occasion = Occasion {
            request,
            from: Origin::Inside,
        };
        let digest = errand.plan.digest.clone();
        let permit = Permit::own(Verb::Apply, Some(name));
        let record = audit::allowed(&permit, &occasion, vec![Matter::Plan { digest }]);
        let batch = audit::append(batch, &record, now());
        self.record = Some(record);
        batch
    }

    /// Puts on record how it ended.
    pub(crate) fn ended(&mut self, done: &Result<Done, PerformError>, batch: Batch) -> Batch {
        self.cancel = None;
        self.applies = false;
        let Some(record) = self.record.take() else {
            return batch;
        };
        let is_done = |done: &Done| done.report.outcome == Outcome::Done;
        let ruling = match done {
            Ok(done) if is_done(done) => Ruling::Done,
            Ok(_) | Err(_) => Ruling::Failed,
        };
        audit::append(batch, &audit::outcome(&record, ruling), now())
    }

    /// Begins what an effect asks for.
    pub(crate) fn act(&mut self, effect: Effect) {
        match effect {
            Effect::Look { plan, causes: _ } => self.look(plan),
            Effect::Apply(errand) => {
                self.applies = true;
                self.apply(*errand);
            }
            Effect::Cancel => {
                if let Some(cancel) = &self.cancel {
                    // Asked twice is no more than asked once.
                    let _full = cancel.try_send(());
                }
            }
            Effect::Keep(_) | Effect::Tell(_) => {
                unreachable!("the loop stores and tells before it acts")
            }
        }
    }

    fn look(&self, plan: Arc<Plan>) {
        let (place, voice) = (self.place.clone(), self.voice());
        tokio::spawn(async move {
            let seen = look(place, plan).await;
            voice.say(About::Looked(seen.map(Box::new))).await;
        });
    }

    fn apply(&self, errand: Errand) {
        let (place, voice) = (self.place.clone(), self.voice());
        tokio::spawn(async move {
            let done = apply(place, errand, voice.clone()).await;
            voice.say(About::Applied(done)).await;
        });
    }

    fn voice(&self) -> Voice {
        Voice {
            stack: self.name.clone(),
            tell: self.tell.clone(),
        }
    }
}

/// What a task tells the loop about its stack.
#[derive(Clone)]
pub(crate) struct Voice {
    pub(crate) stack: String,
    pub(crate) tell: mpsc::Sender<Input>,
}

impl Voice {
    /// Nobody listens only when the daemon has ended.
    pub(crate) async fn say(&self, about: About) {
        let input = Input::Stack(self.stack.clone(), about);
        drop(self.tell.send(input).await);
    }
}

async fn look(place: Place, plan: Arc<Plan>) -> Result<Seen, ProviderError> {
    let opened = home::open(place.target, Arc::clone(&plan), place.secrets).await?;
    let (look, journal) = look_back(opened.home.as_ref(), &plan).await?;
    Ok(Seen {
        look,
        journal,
        missing: opened.missing,
    })
}

async fn apply(place: Place, errand: Errand, voice: Voice) -> Result<Done, PerformError> {
    let opened = home::open(
        place.target.clone(),
        Arc::clone(&errand.plan),
        place.secrets,
    )
    .await?;
    let missing = &opened.missing;
    let allow = |seen: &Look, journal: &Journal| errand.allow(seen, journal, missing);
    let work = Work {
        plan: &errand.plan,
        purpose: Purpose::Apply,
        origin: None,
        scope: errand.scope,
        allow: &allow,
    };
    // Events wait here and not in the apply, which must not wait for the loop.
    let (tell, mut told) = mpsc::unbounded_channel();
    let speaker = voice.clone();
    let relay = tokio::spawn(async move {
        while let Some(about) = told.recv().await {
            speaker.say(about).await;
        }
    });
    let (cancel, cancelled) = mpsc::channel(2);
    let mut cancelled = Some(cancelled);
    voice.say(About::Begun(cancel)).await;
    let mut cancel = move || cancelled.take().expect("an apply begins once");
    let mut hear = |news: Told<'_>| hear(&news, &tell);
    let by = errand.by.clone();
    let mut hand = Hand {
        by: by.unwrap_or_else(holder::daemon),
        holder: &|purpose: &str| -> Holder { holder::this(purpose) },
        is_gone: &holder::is_gone,
        clock: &now,
        patience: PATIENCE,
        limits: limits(&place.target),
        cancel: &mut cancel,
        tell: &mut hear,
    };
    let done = perform(opened.home.as_ref(), &work, &mut hand).await;
    drop(tell);
    drop(relay.await);
    done
}

/// Each look moves a model's own clock on, so that it need not be waited for.
fn limits(target: &Target) -> Limits {
    match target {
        Target::Swarm { .. } => Limits::default(),
        Target::Model(_) => Limits {
            poll: 20,
            ..Limits::default()
        },
    }
}

fn hear(news: &Told<'_>, tell: &mpsc::UnboundedSender<About>) {
    match news {
        Told::Event(at, event) => drop(tell.send(About::Told(*at, (*event).clone()))),
        Told::Waiting(held) => tracing::info!(holder = held.holder.who, "somebody else applies"),
        Told::Begun(..) => {}
        Told::Unrecorded(error) => tracing::warn!(%error, "an apply is missing from the history"),
        Told::Unreleased(error) => tracing::warn!(%error, "the lock runs out by itself"),
    }
}
