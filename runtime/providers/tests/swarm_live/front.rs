//! Ports on 127.0.0.1 behind which an engine is, or something else.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// What a connection to a port meets.
#[derive(Clone)]
pub(crate) enum Behind {
    Engine,
    /// The engine, for clients with a certificate.
    Tls(TlsAcceptor),
    /// One answer to whatever is asked.
    Words(&'static str),
}

/// Listens as long as the test runs; `host` is the engine's socket.
pub(crate) async fn listen(host: &str, behind: Behind) -> u16 {
    let socket = PathBuf::from(host.strip_prefix("unix://").expect("a socket"));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(meet(client, behind.clone(), socket.clone()));
        }
    });
    port
}

/// Where nothing listens.
pub(crate) async fn unused_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

async fn meet(mut client: TcpStream, behind: Behind, socket: PathBuf) {
    match behind {
        Behind::Engine => pass(client, &socket).await,
        Behind::Tls(acceptor) => {
            if let Ok(client) = acceptor.accept(client).await {
                pass(client, &socket).await;
            }
        }
        Behind::Words(words) => {
            let mut request = [0; 4096];
            drop(tokio::io::AsyncReadExt::read(&mut client, &mut request).await);
            drop(client.write_all(words.as_bytes()).await);
        }
    }
}

async fn pass(mut client: impl AsyncRead + AsyncWrite + Unpin, socket: &Path) {
    if let Ok(mut engine) = UnixStream::connect(socket).await {
        drop(copy_bidirectional(&mut client, &mut engine).await);
    }
}

/// Shows the certificate in `folder`, and wants one from its authority.
pub(crate) fn acceptor(folder: &Path) -> TlsAcceptor {
    let certificates = |name: &str| -> Vec<CertificateDer<'static>> {
        let all = CertificateDer::pem_file_iter(folder.join(name)).and_then(Iterator::collect);
        all.expect("openssl wrote it")
    };
    let mut roots = RootCertStore::empty();
    for root in certificates("ca.pem") {
        roots.add(root).expect("openssl made it");
    }
    let provider = Arc::new(ring::default_provider());
    let clients =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .expect("there is an authority");
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).expect("openssl wrote it");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_client_cert_verifier(clients)
        .with_single_cert(certificates("cert.pem"), key)
        .expect("the key fits the certificate");
    TlsAcceptor::from(Arc::new(config))
}
