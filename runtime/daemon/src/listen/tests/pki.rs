//! Certificates for tests, made by openssl.

use std::path::{Path, PathBuf};
use std::process::Command;

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
