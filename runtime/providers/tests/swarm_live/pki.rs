//! Certificates as Docker wants them: a folder with `ca.pem`, `cert.pem` and `key.pem`.

use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// An authority of its own that vouches for one server, at 127.0.0.1, and one client.
pub(crate) struct Authority {
    /// The server's folder.
    pub(crate) server: TempDir,
    /// The client's folder.
    pub(crate) client: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let root = folder();
        let key = root.path().join("ca-key.pem");
        let own = root.path().join("ca.pem");
        certify(&own, &key, "root", &[]);
        let issue = |name: &str| {
            let holder = folder();
            let path = |file: &str| holder.path().join(file);
            let sign = [
                "-CA",
                text(&own),
                "-CAkey",
                text(&key),
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
            ];
            certify(&path("cert.pem"), &path("key.pem"), name, &sign);
            std::fs::copy(&own, path("ca.pem")).expect("the folder is ours");
            holder
        };
        Self {
            server: issue("engine"),
            client: issue("client"),
        }
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("there is room for a folder")
}

fn text(path: &Path) -> &str {
    path.to_str().expect("folders here have plain names")
}

fn certify(certificate: &Path, key: &Path, name: &str, more: &[&str]) {
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let output = Command::new("openssl")
        .args(["req", "-x509", "-nodes", "-days", "2"])
        .args(curve)
        .args(["-subj", &format!("/CN={name}")])
        .args(["-keyout", text(key), "-out", text(certificate)])
        .args(more)
        .output()
        .expect("openssl is installed");
    assert!(output.status.success(), "{output:?}");
}
