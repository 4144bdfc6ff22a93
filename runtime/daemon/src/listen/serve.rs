//! One loop a place: takes connections, finds out who is at their other end, and lets HTTP be spoken.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tower_service::Service as _;

use super::{Listener, Peer};
use crate::auth::certificate;
use crate::auth::groups::SocketPeer;

/// Connections at a time, for each place: whoever fills one leaves the others as they are.
const CONNECTIONS: usize = 4_096;
/// For a handshake, and then for the whole of a request's head.
const HEAD: Duration = Duration::from_secs(10);
const HEADERS: usize = 64;
/// The longest head, in bytes: twice the longest token.
const LONGEST_HEAD: usize = 32 * 1024;
/// What is waited when the system can take no connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until it is told to stop. Then nothing new is taken, connections that wait for a request are
/// closed, and answers get as long as `grace` to end; streams have to be ended by who writes them.
pub(crate) async fn serve(
    listeners: Vec<Listener>,
    router: Router,
    stop: watch::Receiver<bool>,
    grace: Duration,
) {
    let mut places = JoinSet::new();
    for listener in listeners {
        places.spawn(place(listener, router.clone(), stop.clone(), grace));
    }
    while places.join_next().await.is_some() {}
}

/// A connection that was taken, and who is at its other end as far as is known.
enum Taken {
    Socket(UnixStream),
    Tcp(TcpStream, SocketAddr, TlsAcceptor),
}

async fn place(
    mut listener: Listener,
    router: Router,
    mut stop: watch::Receiver<bool>,
    grace: Duration,
) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let next = tokio::select! {
            // That the one who could stop it is gone stops it too.
            _ = stop.wait_for(|stop| *stop) => break,
            next = next(&mut listener, &room) => next,
            Some(_) = connections.join_next() => continue,
        };
        match next {
            Ok((taken, room)) => {
                let one = connection(taken, router.clone(), graceful.watcher());
                connections.spawn(holding(room, one));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(grace, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("connections were cut off that did not end in time");
    }
}

async fn holding(room: OwnedSemaphorePermit, one: impl Future<Output = ()>) {
    one.await;
    drop(room);
}

async fn next(
    listener: &mut Listener,
    room: &Arc<Semaphore>,
) -> std::io::Result<(Taken, OwnedSemaphorePermit)> {
    let room = Arc::clone(room).acquire_owned().await;
    let room = room.map_err(std::io::Error::other)?;
    let taken = match listener {
        Listener::Socket { listener, .. } => Taken::Socket(listener.accept().await?.0),
        Listener::Tls { listener, tls } => {
            let (stream, address) = listener.accept().await?;
            Taken::Tcp(stream, address, tls.acceptor(Instant::now()))
        }
    };
    Ok((taken, room))
}

async fn connection(taken: Taken, router: Router, watcher: Watcher) {
    match taken {
        Taken::Socket(stream) => {
            let Ok(credentials) = stream.peer_cred() else {
                return;
            };
            let peer = SocketPeer::now(credentials.uid(), credentials.gid());
            speak(stream, Peer::Socket(peer), router, watcher).await;
        }
        Taken::Tcp(stream, address, acceptor) => {
            // Answers are small and waited for.
            stream.set_nodelay(true).ok();
            let shaken = tokio::time::timeout(HEAD, acceptor.accept(stream)).await;
            let Ok(Ok(stream)) = shaken else {
                return;
            };
            let shown = stream.get_ref().1.peer_certificates();
            let names = shown.and_then(<[_]>::first).map(certificate::names);
            let names = names.unwrap_or_default();
            speak(stream, Peer::Tls { address, names }, router, watcher).await;
        }
    }
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    router: Router,
    watcher: Watcher,
) {
    let service = service_fn(move |request| answer(request, peer.clone(), router.clone()));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_headers(HEADERS)
        .max_header_size(LONGEST_HEAD)
        .max_buf_size(LONGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection broke");
    }
}

/// Says who asks in the request itself. A request cannot bring that along: it is no header.
async fn answer(
    mut request: Request<Incoming>,
    peer: Peer,
    mut router: Router,
) -> Result<Response, Infallible> {
    request.extensions_mut().insert(peer);
    router.call(request).await
}
