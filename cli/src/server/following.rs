//! Following what a daemon tells, through lost connections.

use std::time::{Duration, Instant};

use super::{Event, Events, Server};
use crate::exit::Exit;
use crate::failure::Failure;

/// Before a daemon that hung up is called again.
const PAUSE: Duration = Duration::from_secs(3);
/// A daemon that does not answer for so long is gone.
const PATIENCE: Duration = Duration::from_mins(1);

/// Events that are taken up where they were when the connection is lost: none is missed, and none
/// comes twice.
pub(crate) struct Following<'s> {
    server: &'s Server,
    path: String,
    events: Events,
    /// The number of the last event that came.
    last: Option<u64>,
}

impl<'s> Following<'s> {
    pub(crate) async fn start(server: &'s Server, path: String) -> Result<Self, Failure> {
        let events = server.events(&path, None).await?;
        Ok(Self {
            server,
            path,
            events,
            last: None,
        })
    }

    /// The next event. It is no loss to stop waiting for it and to ask again.
    pub(crate) async fn next(&mut self) -> Result<Event, Failure> {
        loop {
            if let Some(event) = self.events.next().await {
                self.last = event.id.or(self.last);
                return Ok(event);
            }
            self.events = self.again().await?;
        }
    }

    async fn again(&self) -> Result<Events, Failure> {
        lost(self.server).await;
        insist(is_away, || self.server.events(&self.path, self.last)).await
    }
}

/// Says that a connection is lost, and waits until it may be made again.
pub(crate) async fn lost(server: &Server) {
    let (name, patience) = (server.name(), PATIENCE.as_secs());
    eprintln!("the connection to {name} is lost: it is looked for, for {patience} s");
    tokio::time::sleep(PAUSE).await;
}

/// The daemon does not answer, which may pass.
pub(crate) fn is_away(failure: &Failure) -> bool {
    failure.exit == Exit::Unreachable
}

/// Asks until there is an answer, or one that does not pass, or for as long as a daemon is looked for.
pub(crate) async fn insist<T>(
    passes: impl Fn(&Failure) -> bool,
    ask: impl AsyncFn() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Err(failure) if passes(&failure) && begun.elapsed() < PATIENCE => {
                tokio::time::sleep(PAUSE).await;
            }
            ended => return ended,
        }
    }
}
