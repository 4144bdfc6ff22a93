//! Of several daemons for one swarm one acts. It holds a lease there; the others look on, and one of
//! them takes over when it runs out.
//!
//! The lease saves work and quarrels. What keeps a daemon from doing harm that slept through its
//! successor's start are the lock that each apply takes, and its fence.

use std::sync::Arc;
use std::time::Duration;

use skep_engine::lock::{Lease, take};
use skep_engine::records::Home;
use skep_providers::holder;
use skep_schema::plan::Plan;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::clock::now;
use crate::home;
use crate::main_loop::{Input, Reign};
use crate::settings::Target;

/// The stack under whose name the lease is kept. No project can be called so.
const NAME: &str = "skep.daemon";
/// Between two tries to get what somebody else has, and two looks at what one has.
const TRY: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_secs(1);

/// One target, and who is told whether this daemon acts there.
pub(crate) struct Watchman {
    pub(crate) number: usize,
    pub(crate) target: Target,
    pub(crate) tell: mpsc::Sender<Input>,
    /// Becomes true when the daemon ends.
    pub(crate) ends: watch::Receiver<bool>,
}

impl Watchman {
    /// Holds the lease whenever it can be had, and gives it back in the end.
    pub(crate) async fn run(mut self) {
        while !*self.ends.borrow() {
            if let Some(home) = self.home().await {
                self.reign(home.as_ref()).await;
            }
            tokio::select! {
                () = tokio::time::sleep(TRY) => {}
                _ = self.ends.changed() => {}
            }
        }
    }

    async fn home(&self) -> Option<Arc<dyn Home>> {
        let nothing = Arc::new(Plan::empty(NAME, None));
        match home::open(self.target.clone(), nothing, Vec::new()).await {
            Ok(opened) => Some(opened.home),
            Err(error) => {
                tracing::warn!(%error, "a target cannot be reached");
                None
            }
        }
    }

    async fn reign(&mut self, home: &dyn Home) {
        let lease = match take(home, holder::this("daemon"), now(), &holder::is_gone).await {
            Ok(lease) => lease,
            Err(error) => {
                tracing::debug!(%error, "standing by");
                return;
            }
        };
        lease.during(now, self.hold(&lease)).await;
        self.say(Reign::Standby).await;
        if let Err(error) = lease.release().await {
            tracing::warn!(%error, "the daemon's lease runs out by itself");
        }
    }

    /// Acts as long as the lease is sure, and until it is somebody else's or the daemon ends.
    async fn hold(&self, lease: &Lease<'_>) {
        let mut said: Option<Instant> = None;
        let mut ends = self.ends.clone();
        while !lease.is_lost() && !*ends.borrow_and_update() {
            let since = said.map(|at| at.elapsed());
            match (lease.is_good(now()), since) {
                (true, None) => {
                    self.say(Reign::Active).await;
                    said = Some(Instant::now());
                }
                (true, Some(since)) if since >= TRY => {
                    self.remind();
                    said = Some(Instant::now());
                }
                (false, Some(_)) => {
                    self.say(Reign::Standby).await;
                    said = None;
                }
                (true, Some(_)) | (false, None) => {}
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                _ = ends.changed() => {}
            }
        }
    }

    /// Says once more that this daemon acts: it may have had to yield to another one that has the lease no
    /// more. A loop that is too busy to hear it is told again.
    fn remind(&self) {
        let input = Input::Target(self.number, Reign::Active);
        drop(self.tell.try_send(input));
    }

    async fn say(&self, reign: Reign) {
        tracing::info!(?reign, target = self.number, "whether this daemon acts");
        drop(self.tell.send(Input::Target(self.number, reign)).await);
    }
}
