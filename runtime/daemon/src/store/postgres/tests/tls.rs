//! TLS to a database, and a password.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use skep_fixtures::postgres::{Cluster, give};
use tokio_postgres::config::SslMode;

use super::super::place::Place;
use super::*;
use crate::listen::tests::pki::Pki;
use crate::store::StoreError;

/// A server on loopback that lets nobody in without TLS and a password.
struct Closed {
    database: Database,
    port: u16,
    pki: Pki,
}

impl Closed {
    async fn new() -> Self {
        let pki = Pki::new();
        pki.issue("server", "DNS:localhost");
        let port = free_port();
        let cluster = Cluster::alone();
        for (name, mode) in [("server.pem", 0o644), ("server.key", 0o600)] {
            let to = cluster.folder().join("data").join(name);
            std::fs::copy(pki.path(name), &to).expect("it is copied");
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&to, mode).expect("it is ours");
            give(&to);
        }
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nssl = on\n\
             ssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\n"
        );
        let hba = "local all all trust\nhostssl all skep 127.0.0.1/32 scram-sha-256\n";
        let data = cluster.folder().join("data");
        std::fs::write(data.join("postgresql.auto.conf"), settings).expect("it is written");
        std::fs::write(data.join("pg_hba.conf"), hba).expect("it is written");
        cluster.stop();
        cluster.begin(port);
        let database = Database::of(Arc::new(cluster));
        let sql = "ALTER ROLE skep PASSWORD 'hunter2'";
        database
            .client()
            .await
            .batch_execute(sql)
            .await
            .expect("it is set");
        Self {
            database,
            port,
            pki,
        }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.pki.path(name);
        std::fs::write(&path, text).expect("it is written");
        path
    }

    /// As to a host that is another machine.
    async fn connect(
        &self,
        host: &str,
        password: &str,
        ca: Option<PathBuf>,
    ) -> Result<(), StoreError> {
        let name = self.database.name();
        let told = crate::settings::Postgres {
            url: format!("postgresql://skep@{host}:{}/{name}", self.port),
            password: Some(self.file("password", password)),
            ca,
        };
        let mut place = Place::of(&told).expect("an address");
        place.config.ssl_mode(SslMode::Require);
        place.connect().await.map(drop)
    }
}

/// One that nobody has at this moment.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[tokio::test]
async fn a_database_elsewhere_has_to_show_a_certificate_for_its_name_and_gets_the_password_after() {
    let closed = Closed::new().await;
    let ca = || Some(closed.pki.path("ca.pem"));
    let good = closed.connect("localhost", "hunter2\n", ca()).await;
    assert_eq!(good, Ok(()));
    for (host, password, ca, word) in [
        ("localhost", "hunter2", None, "UnknownIssuer"),
        ("127.0.0.1", "hunter2", ca(), "not valid for name"),
        (
            "localhost",
            "hunter3",
            ca(),
            "password authentication failed",
        ),
    ] {
        let refused = closed.connect(host, password, ca).await;
        let refused = refused.expect_err(word).to_string();
        assert!(refused.contains(word), "{refused}");
        assert!(!refused.contains("hunter"), "{refused}");
    }
}
