//! A daemon's life: what it is made of, in which order it begins, and in which it ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use skep_engine::reconcile::{Desired, Input as StackInput, Opening, Policy, Reconcile};
use skep_schema::api::stack::{Hold, StackMemory};
use skep_schema::plan::Plan;
use tokio::sync::{Notify, Semaphore, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::audit;
use crate::clock::now;
use crate::condition::Condition;
use crate::crier::cry;
use crate::door;
use crate::ear;
use crate::journal::Journal;
use crate::lease::Watchman;
use crate::listen::{self, ListenError};
use crate::main_loop::{About, Input, MainLoop, WAITING};
use crate::metrics::Metrics;
use crate::notify::Notifier;
use crate::settings::{self, Settings, Source, Target};
use crate::source;
use crate::stack::{Place, Stack, Voice};
use crate::store::{self, Shelf, Store, StoreError};
use crate::traces;
use crate::views::Views;

/// How long an apply that runs may take to end when the daemon does.
const GRACE: Duration = Duration::from_secs(30);

/// How long giving back a lease may take, and storing what is left.
const LEAVE: Duration = Duration::from_secs(5);

/// Why there is no daemon.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Listen(#[from] ListenError),
}

/// A daemon that runs.
pub struct Daemon {
    pub(crate) shared: Shared,
    /// Those that give something back in the end.
    watchmen: JoinSet<()>,
    tasks: JoinSet<()>,
    doors: JoinSet<()>,
    main_loop: JoinHandle<()>,
    ends: watch::Sender<bool>,
}

/// What all who serve requests have.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) settings: Arc<Settings>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) views: Arc<Views>,
    pub(crate) condition: Arc<Condition>,
    pub(crate) metrics: Metrics,
    pub(crate) notifier: Arc<Notifier>,
    /// Says to each stack's source that it has changed.
    pub(crate) pokes: Arc<BTreeMap<String, Arc<Notify>>>,
    /// Lets those who patch a stack's spec in, one after another.
    pub(crate) turns: Arc<BTreeMap<String, Arc<Semaphore>>>,
    pub(crate) tell: mpsc::Sender<Input>,
}

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Daemon").finish_non_exhaustive()
    }
}

impl Daemon {
    /// Opens the store, takes the places to listen at, and begins to keep every stack.
    ///
    /// # Errors
    /// The store cannot be used, or there is a place where nothing can listen.
    pub async fn start(settings: Settings) -> Result<Self, DaemonError> {
        let store = store::open(&settings).await?;
        Self::on(store, settings).await
    }

    /// The store comes first, because a socket may lie in its folder.
    pub(crate) async fn on(store: Arc<dyn Store>, settings: Settings) -> Result<Self, DaemonError> {
        let listeners = listen::bind(&settings.listen).await?;
        let journal = Arc::new(Journal::open(Arc::clone(&store)).await?);
        let (tell, inputs) = mpsc::channel(WAITING);
        let (places, names) = targets(&settings);
        let names_of = settings.stacks.keys().cloned();
        let pokes = names_of.clone().map(|name| (name, Arc::default()));
        let turns = names_of.map(|name| (name, Arc::new(Semaphore::new(1))));
        let (pokes, turns) = (Arc::new(pokes.collect()), Arc::new(turns.collect()));
        let mut tasks = JoinSet::new();
        let notifier = Arc::new(Notifier::start(&settings.channels, &mut tasks));
        let shared = Shared {
            metrics: Metrics::default(),
            notifier,
            pokes,
            turns,
            settings: Arc::new(settings),
            store,
            journal,
            views: Arc::default(),
            condition: Arc::new(Condition::new(&names)),
            tell,
        };
        let mut stacks = BTreeMap::new();
        for (name, set) in &shared.settings.stacks {
            stacks.insert(name.clone(), shared.stack(name, set).await?);
        }
        let main_loop = MainLoop::new(stacks, names, &shared, inputs);
        let mut daemon = Self {
            watchmen: JoinSet::new(),
            tasks,
            doors: JoinSet::new(),
            main_loop: tokio::spawn(main_loop.run()),
            ends: watch::Sender::new(false),
            shared,
        };
        daemon.watch(places);
        let settings = Arc::clone(&daemon.shared.settings);
        for (name, set) in &settings.stacks {
            daemon.follow(name, set).await?;
        }
        let Shared {
            journal,
            notifier,
            condition,
            ..
        } = daemon.shared.clone();
        let events = journal.follow(u64::MAX);
        let traced = journal.follow(u64::MAX);
        traces::start(traced, Arc::clone(&condition), &mut daemon.tasks);
        daemon.tasks.spawn(cry(events, notifier, condition));
        if let Some(age) = settings.keep_audit {
            let store = Arc::clone(&daemon.shared.store);
            daemon.tasks.spawn(audit::keep(store, age));
        }
        let ends = daemon.ends.subscribe();
        let door = door::stand(listeners, daemon.shared.clone(), ends);
        daemon.doors.spawn(door);
        Ok(daemon)
    }

    fn watch(&mut self, targets: Vec<Target>) {
        for (number, target) in targets.into_iter().enumerate() {
            let watchman = Watchman {
                number,
                target,
                tell: self.shared.tell.clone(),
                ends: self.ends.subscribe(),
            };
            self.watchmen.spawn(watchman.run());
        }
    }

    /// Listens to what a stack's source and its target say.
    async fn follow(&mut self, name: &str, set: &settings::Stack) -> Result<(), StoreError> {
        let voice = Voice {
            stack: name.to_owned(),
            tell: self.shared.tell.clone(),
        };
        let nothing = Arc::new(Plan::empty(&set.project, set.environment.as_deref()));
        self.tasks
            .spawn(ear::listen(Place::of(set), nothing, voice.clone()));
        if set.source == Source::Pushed {
            self.restore(name, &voice).await?;
        }
        let poke = self.shared.pokes.get(name).cloned().unwrap_or_default();
        let (stack, state) = (set.clone(), self.shared.settings.state.clone());
        self.tasks
            .spawn(async move { source::follow(stack, &state, voice, poke).await });
        Ok(())
    }

    /// What was pushed before counts until something else is.
    async fn restore(&self, name: &str, voice: &Voice) -> Result<(), StoreError> {
        let kept = store::value::<Plan>(&*self.shared.store, Shelf::Plan, name).await?;
        let Some(plan) = kept else {
            return Ok(());
        };
        let desired = Desired {
            plan: Arc::new(plan),
            origin: "pushed before".to_owned(),
        };
        voice.say(About::Desired(Ok(desired))).await;
        Ok(())
    }

    /// Lets what runs end and begins nothing more; or goes on, where it had stopped so.
    pub async fn drain_or_resume(&self) {
        let input = if self.shared.condition.is_draining() {
            Input::Resume
        } else {
            Input::Drain(oneshot::channel().0)
        };
        drop(self.shared.tell.send(input).await);
    }

    /// Ends it: nothing more is begun, an apply that runs ends as far as it gets in time, everybody who
    /// listens is told, and the leases are given back.
    pub async fn stop(mut self) {
        let (done, drained) = oneshot::channel();
        drop(self.shared.tell.send(Input::Drain(done)).await);
        if timeout(GRACE, drained).await.is_err() {
            tracing::warn!("an apply is cut short; the next look goes on where it ended");
        }
        self.ends.send_replace(true);
        self.shared.journal.end();
        while self.doors.join_next().await.is_some() {}
        let gone = async { while self.watchmen.join_next().await.is_some() {} };
        if timeout(LEAVE, gone).await.is_err() {
            tracing::warn!("a lease was not given back, and runs out by itself");
        }
        self.watchmen.shutdown().await;
        drop(self.shared.tell.send(Input::End).await);
        if timeout(LEAVE, &mut self.main_loop).await.is_err() {
            tracing::warn!("the store takes nothing, and what was to be told last is lost");
            self.main_loop.abort();
        }
        self.tasks.shutdown().await;
    }
}

impl Shared {
    /// A stack as it was left, which stands by until its target's lease is had.
    async fn stack(&self, name: &str, set: &settings::Stack) -> Result<Stack, StoreError> {
        let kept = store::value::<StackMemory>(&*self.store, Shelf::Stack, name).await?;
        let memory = kept.unwrap_or_default();
        let at = now();
        let mut machine = Reconcile::start(name, policy(set), memory, at);
        // Nothing follows from it before there is a plan.
        drop(machine.on(StackInput::Held(Hold::Standby), at));
        self.views.show(name, &machine);
        Ok(Stack::new(
            name.to_owned(),
            machine,
            Place::of(set),
            set.schedules.clone(),
            self.tell.clone(),
        ))
    }
}

/// Each target once, with the stacks that live there.
pub(crate) fn targets(settings: &Settings) -> (Vec<Target>, Vec<Vec<String>>) {
    let mut all: Vec<(Target, Vec<String>)> = Vec::new();
    for (name, set) in &settings.stacks {
        match all.iter_mut().find(|(target, _)| *target == set.target) {
            Some((_, names)) => names.push(name.clone()),
            None => all.push((set.target.clone(), vec![name.clone()])),
        }
    }
    all.into_iter().unzip()
}

fn policy(set: &settings::Stack) -> Policy {
    let windows = set.windows.clone();
    Policy {
        apply: set.apply,
        drift: set.drift,
        every: u64::try_from(set.every.as_millis()).unwrap_or(u64::MAX),
        window: Arc::new(move |at| Opening {
            open: windows.is_open(at),
            until: windows.turns(at),
        }),
    }
}
