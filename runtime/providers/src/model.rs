//! A swarm that exists only here: the whole way from plan to apply, status, change and destroy,
//! without an engine.
//!
//! It keeps what an applier relies on: version indexes, names, in-use checks, rolling updates with
//! their rollbacks, and the engine's own words. Its time is virtual and passes when somebody asks
//! whether a node has arrived. It can be kept in a file; values of secrets are never in there.
//! What an image does is told by its name, see [`image`].

mod calls;
mod check;
mod collect;
mod door;
mod edit;
mod fault;
mod forget;
pub mod image;
mod live;
mod machines;
mod names;
mod objects;
mod observe;
mod place;
mod provider;
mod readiness;
mod records;
mod refusal;
mod rollout;
mod services;
mod slots;
mod store;
mod tasks;
mod world;
mod write;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use skep_engine::provider::ProviderError;
use skep_schema::address::Kind;

use crate::secrets::{Redact, Secrets, new_key};

pub use door::{Answer, Ask};
pub use fault::{Call, Fate, Faults, Verb};
pub use refusal::{Refusal, Reply};
pub use store::StoreError;
pub use world::{
    Config, Desired, Meta, Network, Node, Secret, Service, Slot, Task, TaskState, UpdateState,
    UpdateStatus, WORLD_FORMAT, World,
};

/// Virtual milliseconds that pass with each look at a node.
const STEP: u64 = 2_000;

/// One stack's view of a model swarm.
#[derive(Debug)]
pub struct Model {
    shared: Arc<Mutex<Shared>>,
    stack: String,
    secrets: Secrets,
    redact: Redact,
    step: u64,
}

struct Shared {
    world: World,
    store: Option<store::Store>,
    calls: Vec<Call>,
    faults: Option<Faults>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("store", &self.store)
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

/// Why a call did not do what it was made for.
#[derive(Debug)]
enum Trouble {
    Refused(Refusal),
    /// Nobody knows whether it had an effect.
    Lost(&'static str),
    Store(StoreError),
    /// It was not even sent.
    Unsent(ProviderError),
}

impl From<ProviderError> for Trouble {
    fn from(error: ProviderError) -> Self {
        Self::Unsent(error)
    }
}

impl Model {
    /// The model in the file, which is made if it is not there, or a new one in memory.
    ///
    /// The file is locked for each call and not between calls, so that several processes can work
    /// on one model as they would on one engine.
    ///
    /// # Errors
    /// The file cannot be used, or holds something else: then it is left as it is.
    pub fn open(path: Option<PathBuf>, stack: &str, secrets: Secrets) -> Result<Self, StoreError> {
        let seed = match path {
            Some(_) => new_key().ok_or(StoreError::NoRandomness)?,
            // In memory, so that a test has the same world each time.
            None => [0; 32],
        };
        let store = path.map(store::Store::new);
        let shared = Shared {
            world: World::new(seed),
            store,
            calls: Vec::new(),
            faults: None,
        };
        let model = Self::of(Arc::new(Mutex::new(shared)), stack, secrets);
        model.within(|_| ())?;
        Ok(model)
    }

    /// Another stack's view of the same swarm.
    #[must_use]
    pub fn of_stack(&self, stack: &str, secrets: Secrets) -> Self {
        Self::of(Arc::clone(&self.shared), stack, secrets)
    }

    /// Lets this many virtual milliseconds pass with each look at a node; 2000 unless said.
    #[must_use]
    pub fn with_step(mut self, millis: u64) -> Self {
        self.step = millis;
        self
    }

    fn of(shared: Arc<Mutex<Shared>>, stack: &str, secrets: Secrets) -> Self {
        let redact = Redact::of(&secrets);
        Self {
            shared,
            stack: stack.to_owned(),
            secrets,
            redact,
            step: STEP,
        }
    }

    /// The whole swarm as it is now.
    ///
    /// # Errors
    /// Its file cannot be used.
    pub fn world(&self) -> Result<World, StoreError> {
        self.within(|world| world.clone())
    }

    /// What somebody else does to the swarm: it counts as no call of ours, and no fault befalls it.
    ///
    /// # Errors
    /// Its file cannot be used.
    pub fn by_hand<T>(&self, act: impl FnOnce(&mut World) -> T) -> Result<T, StoreError> {
        self.within(act)
    }

    /// All calls so far that would have changed something, by any view of this model.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// Lets `faults` decide about every call from now on.
    pub fn break_with(&self, faults: impl FnMut(&Call) -> Fate + Send + 'static) {
        self.lock().faults = Some(Box::new(faults));
    }

    /// Ends all faults.
    pub fn mend(&self) {
        self.lock().faults = None;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Shared> {
        // A panic elsewhere leaves whole objects behind: each call changes the world at its end.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the newest state of the world, and keeps what came of it.
    fn within<T>(&self, act: impl FnOnce(&mut World) -> T) -> Result<T, StoreError> {
        self.lock().within(act)
    }

    /// Sends one call that would change something.
    fn send<T>(
        &self,
        verb: Verb,
        kind: Kind,
        name: &str,
        act: impl FnOnce(&mut World) -> Reply<T>,
    ) -> Result<T, Trouble> {
        let mut shared = self.lock();
        let call = Call {
            number: shared.calls.len() + 1,
            verb,
            kind,
            name: name.to_owned(),
        };
        let fate = shared
            .faults
            .as_mut()
            .map_or(Fate::Arrive, |faults| faults(&call));
        shared.calls.push(call);
        match fate {
            Fate::LoseRequest => return Err(Trouble::Lost("the request got no answer")),
            Fate::LoseRace => return Err(Trouble::Refused(Refusal::out_of_sequence())),
            Fate::Arrive | Fate::LoseReply => {}
        }
        let reply = shared.within(act).map_err(Trouble::Store)?;
        if fate == Fate::LoseReply {
            return Err(Trouble::Lost("the connection ended before the answer"));
        }
        reply.map_err(Trouble::Refused)
    }

    fn name(&self) -> String {
        let shared = self.lock();
        shared.store.as_ref().map_or_else(
            || "model".to_owned(),
            |store| store.path().display().to_string(),
        )
    }

    /// What the caller of the provider is told about trouble that is no matter of the object.
    fn unreachable(&self, error: &StoreError) -> ProviderError {
        let source = std::error::Error::source(error)
            .map_or_else(String::new, |source| format!(": {source}"));
        ProviderError::Unreachable {
            target: self.name(),
            message: format!("{error}{source}"),
        }
    }
}

impl Shared {
    fn within<T>(&mut self, act: impl FnOnce(&mut World) -> T) -> Result<T, StoreError> {
        let Some(store) = &mut self.store else {
            return Ok(act(&mut self.world));
        };
        let _hold = store.hold()?;
        let newer = store.newer()?;
        let is_new = newer.is_none() && store.is_new();
        if let Some(newer) = newer {
            self.world = newer;
        }
        let index = self.world.index;
        let outcome = act(&mut self.world);
        if is_new || self.world.index != index {
            store.write(&self.world)?;
        }
        Ok(outcome)
    }
}
