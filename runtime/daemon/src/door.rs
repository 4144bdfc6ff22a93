//! The way in: the API, wherever the settings say that it is listened at.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::daemon::Shared;
use crate::http::identify::Gate;
use crate::http::router::router;
use crate::listen::{Listener, serve};

/// For answers to end once the daemon does; whoever does not read his is cut off then.
const ANSWERS: Duration = Duration::from_secs(10);

/// Serves until it is told to stop.
pub(crate) async fn stand(listeners: Vec<Listener>, shared: Shared, stop: watch::Receiver<bool>) {
    let gate = Gate::new(&shared.settings, Arc::clone(&shared.store));
    let router = router(&shared, &Arc::new(gate));
    serve(listeners, router, stop, ANSWERS).await;
}
