pub(crate) mod pki;
mod sockets;
mod tls;

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::get;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;

/// A server that runs until it is told not to.
struct Running {
    stop: watch::Sender<bool>,
    done: JoinHandle<()>,
}

impl Running {
    fn start(listener: Listener, grace: Duration) -> Self {
        let (stop, stopped) = watch::channel(false);
        let done = tokio::spawn(serve(vec![listener], router(), stopped, grace));
        Self { stop, done }
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        self.done.await.expect("it ends without a panic");
    }
}

fn router() -> Router {
    let who = |request: Request| async move {
        let peer = request
            .extensions()
            .get::<Peer>()
            .expect("every request has one");
        match peer {
            Peer::Socket(peer) => format!("uid:{}", peer.uid),
            Peer::Tls { names, .. } => {
                format!("{:?}", names.iter().map(Name::as_str).collect::<Vec<_>>())
            }
        }
    };
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        "slow"
    };
    let never = || async { std::future::pending::<&str>().await };
    Router::new()
        .route("/who", get(who))
        .route("/slow", get(slow))
        .route("/never", get(never))
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

/// Sends a text and reads until there is this in the answer, or the other end has closed.
async fn talk(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    text: &str,
    until: &str,
) -> String {
    // Who does not listen closes while it is written to.
    stream.write_all(text.as_bytes()).await.ok();
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while !String::from_utf8_lossy(&answer).contains(until) {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&part[..count]),
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}
