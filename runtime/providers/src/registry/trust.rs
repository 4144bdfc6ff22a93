//! Which certificates registries may show.
//!
//! The system's, and for a single registry those that Docker trusts it by: `*.crt` in a folder of its
//! name. Docker looks in `/etc/docker/certs.d`, its rootless form in the user's own config.

use std::path::{Path, PathBuf};

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

/// The certificates that this machine trusts; `SSL_CERT_FILE` and `SSL_CERT_DIR` name others. What
/// cannot be read is left out, and the handshake then says what it misses.
pub(super) fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

/// Those, and what Docker trusts this registry by, which is named with its port.
pub(super) fn with_own_of(registry: &str, system: &RootCertStore) -> RootCertStore {
    let mut roots = system.clone();
    for folder in folders() {
        roots.add_parsable_certificates(certificates(&folder.join(registry)));
    }
    roots
}

fn folders() -> impl Iterator<Item = PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let own = variable("XDG_CONFIG_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".config")))
        .map(|config| config.join("docker/certs.d"));
    own.into_iter()
        .chain([PathBuf::from("/etc/docker/certs.d")])
}

fn certificates(folder: &Path) -> Vec<CertificateDer<'static>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "crt"));
    files
        .filter_map(|path| CertificateDer::pem_file_iter(path).ok())
        .flat_map(Iterator::flatten)
        .collect()
}
