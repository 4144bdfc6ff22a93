//! Connections to an engine: a socket, TCP with or without TLS, or a command behind `ssh`.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, Join, ReadBuf, join};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tower_service::Service;

use super::endpoint::{Place, TlsFiles};
use super::unreachable::{no_ssh, of_ssh};
use crate::web::certificate;

/// Opens connections to one engine, whatever address a request names.
#[derive(Clone)]
pub(crate) struct Dial {
    place: Arc<Place>,
    tls: Option<TlsConnector>,
}

impl Dial {
    /// # Errors
    /// The certificates cannot be read.
    pub(crate) fn new(place: Place) -> io::Result<Self> {
        let tls = match &place {
            Place::Tcp {
                tls: Some(files), ..
            } => Some(connector(files)?),
            Place::Tcp { tls: None, .. } | Place::Unix(_) | Place::Ssh { .. } => None,
        };
        Ok(Self {
            place: Arc::new(place),
            tls,
        })
    }

    async fn open(&self) -> io::Result<Wire> {
        match (&*self.place, &self.tls) {
            (Place::Unix(path), _) => UnixStream::connect(path).await.map(Wire::Unix),
            (Place::Tcp { host, port, .. }, None) => tcp(host, *port).await.map(Wire::Tcp),
            (Place::Tcp { host, port, .. }, Some(tls)) => {
                let name = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
                let stream = tls.connect(name, tcp(host, *port).await?).await?;
                Ok(Wire::Tls(Box::new(stream)))
            }
            (Place::Ssh { user, host, port }, _) => ssh(user.as_deref(), host, *port),
        }
    }
}

pub(crate) async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let unknown = |error| {
        io::Error::other(format!(
            "no address is known for `{host}` ({error}); is it spelled right?"
        ))
    };
    let addresses: Vec<_> = lookup_host((host, port)).await.map_err(unknown)?.collect();
    let stream = TcpStream::connect(&addresses[..]).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// No shell on this side: the host is one argument, behind `--`. What `ssh` has to say goes to the
/// terminal, where its questions are answered as well.
fn ssh(user: Option<&str>, host: &str, port: Option<u16>) -> io::Result<Wire> {
    let mut words = Vec::new();
    for (option, value) in [
        ("-l", user.map(str::to_owned)),
        ("-p", port.map(|port| port.to_string())),
    ] {
        words.extend(value.map(|value| [option.to_owned(), value]));
    }
    let mut words = words.concat();
    words.extend(["--".to_owned(), host.to_owned()]);
    let mut child = Command::new("ssh")
        .args(["-o", "ConnectTimeout=30", "-T"])
        .args(&words)
        .args(["docker", "system", "dial-stdio"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(no_ssh)?;
    let (Some(output), Some(input)) = (child.stdout.take(), child.stdin.take()) else {
        return Err(io::Error::other("ssh gave no pipes"));
    };
    let words = words.join(" ");
    Ok(Wire::Ssh(Box::new(Session {
        pipes: join(output, input),
        end: Some(Box::pin(async move {
            let status = child.wait().await?;
            if status.success() {
                Ok(())
            } else {
                Err(of_ssh(status, &words))
            }
        })),
    })))
}

fn connector(files: &TlsFiles) -> io::Result<TlsConnector> {
    let TlsFiles(folder) = files;
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&folder.join("ca.pem"))? {
        roots.add(certificate).map_err(io::Error::other)?;
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots);
    let (own, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let config = if own.is_file() {
        let key = PrivateKeyDer::from_pem_file(&key).map_err(|error| unreadable(&key, &error))?;
        builder
            .with_client_auth_cert(certificates(&own)?, key)
            .map_err(io::Error::other)?
    } else {
        builder.with_no_client_auth()
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(path: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    all.map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!(
        "`{}` cannot be read: {error}; DOCKER_CERT_PATH is the folder with `ca.pem`, `cert.pem` and `key.pem`",
        path.display()
    ))
}

impl Service<Uri> for Dial {
    type Response = TokioIo<Wire>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Wire>>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _uri: Uri) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move { dial.open().await.map(TokioIo::new) })
    }
}

/// One open connection.
pub(crate) enum Wire {
    Unix(UnixStream),
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Ssh(Box<Session>),
}

type End = Pin<Box<dyn Future<Output = io::Result<()>> + Send + Sync>>;

/// A command behind `ssh`; the process ends with its connection.
pub(crate) struct Session {
    pipes: Join<ChildStdout, ChildStdin>,
    /// Waits for the process once a pipe has ended; nothing when that is over.
    end: Option<End>,
}

impl Session {
    /// Where the output ends, why the process did.
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, has_room) = (buffer.filled().len(), buffer.remaining() > 0);
        ready!(Pin::new(&mut self.pipes).poll_read(context, buffer))?;
        if has_room && buffer.filled().len() == before {
            return self.poll_end(context);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match ready!(Pin::new(&mut self.pipes).poll_write(context, bytes)) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                Poll::Ready(ready!(self.poll_end(context)).and(Err(error)))
            }
            outcome => Poll::Ready(outcome),
        }
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(end) = &mut self.end else {
            return Poll::Ready(Ok(()));
        };
        let outcome = ready!(end.as_mut().poll(context));
        self.end = None;
        Poll::Ready(outcome)
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        let connected = Connected::new();
        match self {
            Wire::Tls(stream) => {
                let shown = stream.get_ref().1.peer_certificates();
                let ends = shown.and_then(|shown| certificate::ends(shown.first()?));
                ends.map_or(connected, |ends| Connected::new().extra(ends))
            }
            Wire::Unix(_) | Wire::Tcp(_) | Wire::Ssh(_) => connected,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
            Wire::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Wire::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
            Wire::Ssh(session) => session.poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Wire::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            Wire::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Wire::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Wire::Ssh(session) => session.poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Unix(stream) => Pin::new(stream).poll_flush(context),
            Wire::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Wire::Tls(stream) => Pin::new(stream).poll_flush(context),
            Wire::Ssh(session) => Pin::new(&mut session.pipes).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Wire::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            Wire::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Wire::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Wire::Ssh(session) => Pin::new(&mut session.pipes).poll_shutdown(context),
        }
    }
}
