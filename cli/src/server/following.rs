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
        let name = self.server.name();
        let patience = PATIENCE.as_secs();
        eprintln!("the connection to {name} is lost: it is looked for, for {patience} s");
        tokio::time::sleep(PAUSE).await;
        insist(|| self.server.events(&self.path, self.last)).await
    }
}

/// Asks until there is an answer, or until the daemon is gone for good.
pub(crate) async fn insist<T>(ask: impl AsyncFn() -> Result<T, Failure>) -> Result<T, Failure> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Err(gone) if gone.exit == Exit::Unreachable && begun.elapsed() < PATIENCE => {
                tokio::time::sleep(PAUSE).await;
            }
            ended => return ended,
        }
    }
}
