//! Where the daemon is reached: a unix socket, whose kernel says who is at its other end, and TCP, which
//! there is with TLS only. A way to listen without either cannot be written down.

mod serve;
mod socket;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;

use skep_schema::api::audit::Origin;
use skep_schema::api::subject::Name;
use tokio::net::{TcpListener, UnixListener};

use self::socket::Bound;
use self::tls::Tls;
use crate::auth::groups::SocketPeer;
use crate::http::headers::Wire;
use crate::settings::Listen;

pub(crate) use self::serve::serve;

/// The files that TLS takes, in PEM. They are read again when they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's own certificate first.
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// Who signs the certificates of clients. Without it no client is asked for one.
    pub(crate) clients: Option<PathBuf>,
}

/// Who is at the other end of a connection. Every request carries one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Socket(SocketPeer),
    Tls {
        address: SocketAddr,
        /// What is in the certificate that the client showed and the handshake verified.
        names: Vec<Name>,
    },
}

impl Peer {
    pub(crate) fn origin(&self) -> Origin {
        match self {
            Self::Socket(peer) => Origin::Socket { uid: peer.uid },
            Self::Tls { address, .. } => Origin::Address {
                ip: address.ip().to_canonical(),
            },
        }
    }

    pub(crate) fn wire(&self) -> Wire {
        match self {
            Self::Socket(_) => Wire::Socket,
            Self::Tls { .. } => Wire::Tls,
        }
    }
}

/// Why there is nobody listening.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    #[error("another daemon answers at `{}`", .0.display())]
    Alive(PathBuf),
    #[error("`{}` is there and is no socket", .0.display())]
    NoSocket(PathBuf),
    #[error("there is no group `{0}`")]
    Group(String),
    #[error("cannot listen at `{place}`")]
    Bind {
        place: String,
        #[source]
        source: std::io::Error,
    },
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("`{}` holds no {wanted} in PEM", path.display())]
    NoPem { path: PathBuf, wanted: &'static str },
    #[error("`{}` and `{}` cannot be used for TLS", files.certificate.display(), files.key.display())]
    Tls {
        files: Box<TlsFiles>,
        #[source]
        source: tokio_rustls::rustls::Error,
    },
    #[error("`{}` cannot be used to verify clients: {why}", path.display())]
    Clients { path: PathBuf, why: String },
}

impl ListenError {
    /// What to change so that it listens.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Alive(_) => "stop it first, or have this one listen at another path",
            Self::NoSocket(_) => "remove it, or listen at another path",
            Self::Group(_) => "make it with `groupadd`, or name another in the daemon's file",
            Self::Bind { .. } => "look whether the folder or the address is there and free",
            Self::Unreadable { .. } => "let the user that the daemon runs as read it",
            Self::NoPem { .. } => {
                "name the file that has it, as text that begins with `-----BEGIN`"
            }
            Self::Tls { .. } => "name the key that the first certificate was made for",
            Self::Clients { .. } => "name the certificate of who signs those of clients",
        }
    }
}

/// A place that is listened at. A socket's file goes with it.
#[derive(Debug)]
pub(crate) enum Listener {
    Socket {
        listener: UnixListener,
        _bound: Bound,
    },
    Tls {
        listener: TcpListener,
        tls: Box<Tls>,
    },
}

/// Takes all places, or none.
pub(crate) async fn bind(places: &[Listen]) -> Result<Vec<Listener>, ListenError> {
    let mut listeners = Vec::new();
    for place in places {
        listeners.push(take(place).await?);
    }
    Ok(listeners)
}

/// Takes a place. Whatever it needs is read and tried now, so that a daemon that starts can be reached by
/// everyone whom its file lets in.
async fn take(place: &Listen) -> Result<Listener, ListenError> {
    match place {
        Listen::Unix { path, group } => {
            let (listener, bound) = socket::bind(path, group.as_deref()).await?;
            Ok(Listener::Socket {
                listener,
                _bound: bound,
            })
        }
        Listen::Tls {
            at,
            certificate,
            key,
            clients,
            hosts: _,
        } => {
            let files = TlsFiles {
                certificate: certificate.clone(),
                key: key.clone(),
                clients: clients.clone(),
            };
            let tls = Box::new(Tls::read(files)?);
            let listener = TcpListener::bind(at).await;
            let listener = listener.map_err(|source| ListenError::Bind {
                place: at.to_string(),
                source,
            })?;
            Ok(Listener::Tls { listener, tls })
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
