//! TLS for those who come over a network: version 1.2 or 1.3, and no session that outlives what it was
//! let in by.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::{ListenError, TlsFiles};

/// How often it is looked whether the files are others.
const LOOK: Duration = Duration::from_secs(5);

/// What handshakes are made with now.
pub(crate) struct Tls {
    files: TlsFiles,
    stamps: Vec<Option<Stamp>>,
    looked: Instant,
    acceptor: TlsAcceptor,
}

/// What tells a file from its successor: when it was changed, how long it is, and its number.
type Stamp = (SystemTime, u64, u64);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files. All that are named have to be there: without the clients' signer nobody would
    /// be asked for a certificate, and with another than was meant the wrong ones would be let in.
    pub(super) fn read(files: TlsFiles) -> Result<Self, ListenError> {
        Ok(Self {
            stamps: stamps(&files),
            looked: Instant::now(),
            acceptor: acceptor(&files)?,
            files,
        })
    }

    /// What the next handshake is made with. Files that changed and cannot be used leave it as it was:
    /// a certificate may be there a moment before its key.
    pub(super) fn acceptor(&mut self, now: Instant) -> TlsAcceptor {
        if now.saturating_duration_since(self.looked) >= LOOK {
            self.looked = now;
            self.renew();
        }
        self.acceptor.clone()
    }

    fn renew(&mut self) {
        let stamps = stamps(&self.files);
        if stamps == self.stamps {
            return;
        }
        match acceptor(&self.files) {
            Ok(acceptor) => {
                self.acceptor = acceptor;
                self.stamps = stamps;
                tracing::info!("TLS goes on with new files");
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "TLS goes on with what it had");
            }
        }
    }
}

fn stamps(files: &TlsFiles) -> Vec<Option<Stamp>> {
    let TlsFiles {
        certificate,
        key,
        clients,
    } = files;
    let paths = [certificate, key].into_iter().chain(clients);
    let stamp = |path| {
        let at = std::fs::metadata(path).ok()?;
        Some((at.modified().ok()?, at.len(), at.ino()))
    };
    paths.map(stamp).collect()
}

fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, ListenError> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key);
    let key = key.map_err(|error| unread(&files.key, error, "private key"))?;
    let failed = |source| ListenError::Tls {
        files: Box::new(files.clone()),
        source,
    };
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(failed)?;
    let builder = match &files.clients {
        Some(path) => builder.with_client_cert_verifier(verifier(path)?),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(chain, key).map_err(failed)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A session that goes on shows no certificate again, so that one that ran out would be good still.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Verifies certificates of clients by this signer alone. Who shows none needs a token.
fn verifier(path: &Path) -> Result<Arc<dyn ClientCertVerifier>, ListenError> {
    let failed = |why: String| ListenError::Clients {
        path: path.to_owned(),
        why,
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|error| failed(error.to_string()))?;
    }
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let built = verifier.allow_unauthenticated().build();
    built.map_err(|error| failed(error.to_string()))
}

/// At least one.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ListenError> {
    let wanted = "certificate";
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let read: Vec<_> = read.map_err(|error| unread(path, error, wanted))?;
    if read.is_empty() {
        return Err(unread(path, PemError::NoItemsFound, wanted));
    }
    Ok(read)
}

fn unread(path: &Path, error: PemError, wanted: &'static str) -> ListenError {
    let path = path.to_owned();
    match error {
        PemError::Io(source) => ListenError::Unreadable { path, source },
        _ => ListenError::NoPem { path, wanted },
    }
}
