//! Connections to any machine that a URL names, with TLS or without.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tower_service::Service;

use super::trust;
use crate::swarm::dial::{Wire, tcp};

/// For the connection and the handshake.
const LIMIT: Duration = Duration::from_secs(10);

/// Opens connections as requests need them.
#[derive(Clone, Default)]
pub(super) struct Dial {
    /// Read for the first connection that needs it, because that takes time.
    system: Arc<OnceLock<RootCertStore>>,
}

impl Dial {
    async fn open(&self, uri: &Uri) -> io::Result<Wire> {
        let host = uri.host().ok_or_else(|| io::Error::other("no host"))?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = |usual| uri.port_u16().unwrap_or(usual);
        if uri.scheme_str() != Some("https") {
            return tcp(host, port(80)).await.map(Wire::Tcp);
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = tcp(host, port(443)).await?;
        let registry = uri.authority().map_or(host, |authority| authority.as_str());
        let stream = self.connector(registry).connect(name, stream).await?;
        Ok(Wire::Tls(Box::new(stream)))
    }

    fn connector(&self, registry: &str) -> TlsConnector {
        let system = self.system.get_or_init(trust::system);
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring knows the default versions")
            .with_root_certificates(trust::with_own_of(registry, system))
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
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
