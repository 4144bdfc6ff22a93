//! Connections to any machine that a URL names, with TLS or without.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tower_service::Service;

use super::trust::{Roots, Trust};
use crate::swarm::dial::{Wire, tcp};

/// For the connection and the handshake.
const LIMIT: Duration = Duration::from_secs(10);

/// Opens connections as requests need them.
#[derive(Clone)]
pub(super) struct Dial {
    roots: Arc<Roots>,
    /// Where everything goes, whatever a URL names.
    socket: Option<PathBuf>,
}

impl Dial {
    pub(super) fn new(trust: Trust) -> Self {
        Self {
            roots: Arc::new(Roots::of(trust)),
            socket: None,
        }
    }

    pub(super) fn at(socket: PathBuf) -> Self {
        Self {
            socket: Some(socket),
            ..Self::new(Trust::System)
        }
    }

    async fn open(&self, uri: &Uri) -> io::Result<Wire> {
        if let Some(path) = &self.socket {
            return UnixStream::connect(path).await.map(Wire::Unix);
        }
        let host = uri.host().ok_or_else(|| io::Error::other("no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = |usual| uri.port_u16().unwrap_or(usual);
        if uri.scheme_str() != Some("https") {
            return tcp(host, port(80)).await.map(Wire::Tcp);
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = tcp(host, port(443)).await?;
        let server = uri.authority().map_or(host, |authority| authority.as_str());
        let stream = self.connector(server)?.connect(name, stream).await?;
        Ok(Wire::Tls(Box::new(stream)))
    }

    pub(super) fn connector(&self, server: &str) -> io::Result<TlsConnector> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows the default versions")
            .with_root_certificates(self.roots.for_server(server)?)
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<Wire>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Wire>>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move {
            let opened = tokio::time::timeout(LIMIT, dial.open(&uri)).await;
            let slow = |_| io::Error::other(format!("no connection within {} s", LIMIT.as_secs()));
            opened.map_err(slow)?.map(TokioIo::new)
        })
    }
}
