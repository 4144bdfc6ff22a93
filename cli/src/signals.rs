//! Interrupts: the first asks to stop, the second means it.

use tokio::sync::mpsc;

/// A message for each interrupt or termination signal from now on.
pub(crate) fn listen() -> mpsc::Receiver<()> {
    let (send, receive) = mpsc::channel(4);
    tokio::spawn(async move {
        let Ok(mut terminate) =
            tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        else {
            return;
        };
        loop {
            tokio::select! {
                asked = tokio::signal::ctrl_c() => if asked.is_err() { return },
                _ = terminate.recv() => {}
            }
            if send.send(()).await.is_err() {
                return;
            }
        }
    });
    receive
}

/// A message for each SIGUSR1 from now on.
pub(crate) fn drains() -> mpsc::Receiver<()> {
    let (send, receive) = mpsc::channel(4);
    tokio::spawn(async move {
        let kind = tokio::signal::unix::SignalKind::user_defined1();
        let Ok(mut signal) = tokio::signal::unix::signal(kind) else {
            return;
        };
        while signal.recv().await.is_some() && send.send(()).await.is_ok() {}
    });
    receive
}
