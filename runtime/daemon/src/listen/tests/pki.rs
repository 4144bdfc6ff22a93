//! Certificates for tests, made by openssl.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// A signer in a folder of its own, and what it signs.
pub(crate) struct Pki {
    folder: tempfile::TempDir,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let pki = Self { folder };
        pki.make("ca", &["-addext", "basicConstraints=critical,CA:TRUE"]);
        pki
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Makes `NAME.pem` and `NAME.key` with these alternative names, signed by the signer.
    pub(crate) fn issue(&self, name: &str, names: &str) {
        let names = format!("subjectAltName={names}");
        let (ca, key) = (self.path("ca.pem"), self.path("ca.key"));
        let ca = ca.to_str().expect("folders here have plain names");
        let key = key.to_str().expect("folders here have plain names");
        let constraint = "basicConstraints=critical,CA:FALSE";
        let mut more = vec!["-CA", ca, "-CAkey", key, "-addext", constraint];
        if names != "subjectAltName=" {
            more.extend(["-addext", &names]);
        }
        self.make(name, &more);
    }

    fn make(&self, name: &str, more: &[&str]) {
        let path = |end: &str| self.path(&format!("{name}.{end}"));
        let output = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"])
            .args(["-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-subj", &format!("/CN={name}.example.org")])
            .arg("-keyout")
            .arg(path("key"))
            .arg("-out")
            .arg(path("pem"))
            .args(more)
            .output()
            .expect("openssl is installed");
        assert!(output.status.success(), "{output:?}");
    }
}

/// What trusts a server's signer, and shows a certificate if it has one.
pub(crate) fn connector(server: &Pki, own: Option<(&Pki, &str)>) -> TlsConnector {
    let read = |path| CertificateDer::from_pem_file(path).expect("a certificate");
    let mut roots = RootCertStore::empty();
    roots.add(read(server.path("ca.pem"))).expect("a signer");
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = builder.with_root_certificates(roots);
    let config = match own {
        None => builder.with_no_client_auth(),
        Some((pki, name)) => {
            let key = PrivateKeyDer::from_pem_file(pki.path(&format!("{name}.key")));
            let chain = vec![read(pki.path(&format!("{name}.pem")))];
            let built = builder.with_client_auth_cert(chain, key.expect("a key"));
            built.expect("a key and its certificate")
        }
    };
    TlsConnector::from(Arc::new(config))
}
