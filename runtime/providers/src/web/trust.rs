//! Which certificates servers may show.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

/// After so long the machine's certificates are read again: a daemon runs for longer than some of them
/// last.
const FRESH: Duration = Duration::from_hours(24);

/// Whom to trust beside those whom this machine trusts.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    System,
    /// The authorities in a file.
    AlsoFile(PathBuf),
    /// For a single registry those that Docker trusts it by: `*.crt` in a folder of its name. Docker
    /// looks in `/etc/docker/certs.d`, its rootless form in the user's own config.
    AlsoDocker,
}

/// Certificates as connections need them.
#[derive(Debug)]
pub(super) struct Roots {
    trust: Trust,
    /// Read for the first connection, because that takes time.
    system: Mutex<Option<(Instant, Arc<RootCertStore>)>>,
}

impl Roots {
    pub(super) const fn of(trust: Trust) -> Self {
        Self {
            trust,
            system: Mutex::new(None),
        }
    }

    /// For a server, which is named with its port.
    pub(super) fn for_server(&self, server: &str) -> io::Result<Arc<RootCertStore>> {
        let system = self.system();
        let own = match &self.trust {
            Trust::System => return Ok(system),
            Trust::AlsoFile(file) => in_file(file)?,
            Trust::AlsoDocker => folders()
                .flat_map(|folder| in_folder(&folder.join(server)))
                .collect(),
        };
        if own.is_empty() {
            return Ok(system);
        }
        let mut roots = Arc::unwrap_or_clone(system);
        roots.add_parsable_certificates(own);
        Ok(Arc::new(roots))
    }

    fn system(&self) -> Arc<RootCertStore> {
        let mut kept = self.system.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((read, roots)) = kept.as_ref()
            && read.elapsed() < FRESH
        {
            return Arc::clone(roots);
        }
        let roots = Arc::new(system());
        *kept = Some((Instant::now(), Arc::clone(&roots)));
        roots
    }
}

/// The certificates that this machine trusts; `SSL_CERT_FILE` and `SSL_CERT_DIR` name others. What
/// cannot be read is left out, and the handshake then says what it misses.
fn system() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn in_file(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let all = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    all.map_err(|error| io::Error::other(format!("`{}` cannot be read: {error}", file.display())))
}

fn folders() -> impl Iterator<Item = PathBuf> {
    let variable = |name| std::env::var_os(name).map(PathBuf::from);
    let own = variable("XDG_CONFIG_HOME")
        .or_else(|| variable("HOME").map(|home| home.join(".config")))
        .map(|config| config.join("docker/certs.d"));
    own.into_iter()
        .chain([PathBuf::from("/etc/docker/certs.d")])
}

fn in_folder(folder: &Path) -> Vec<CertificateDer<'static>> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "crt"));
    files
        .filter_map(|path| CertificateDer::pem_file_iter(path).ok())
        .flat_map(Iterator::flatten)
        .collect()
}
