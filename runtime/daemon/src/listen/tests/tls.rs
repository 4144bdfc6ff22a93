use std::time::Instant;

use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::pki::{Pki, connector};
use super::*;

fn pki() -> Pki {
    let pki = Pki::new();
    pki.issue("server", "DNS:localhost");
    pki
}

fn files(pki: &Pki, clients: Option<&Pki>) -> TlsFiles {
    TlsFiles {
        certificate: pki.path("server.pem"),
        key: pki.path("server.key"),
        clients: clients.map(|pki| pki.path("ca.pem")),
    }
}

/// A place on loopback with these files.
fn at(files: TlsFiles) -> Listen {
    Listen::Tls {
        at: "127.0.0.1:0".parse().expect("an address"),
        certificate: files.certificate,
        key: files.key,
        clients: files.clients,
        hosts: Vec::new(),
    }
}

async fn start(files: TlsFiles) -> (Running, SocketAddr) {
    let listener = take(&at(files)).await.expect("bound");
    let Listener::Tls { listener: tcp, .. } = &listener else {
        panic!("it is TCP");
    };
    let address = tcp.local_addr().expect("it has one");
    (Running::start(listener, Duration::from_secs(5)), address)
}

async fn connect(
    address: SocketAddr,
    connector: &TlsConnector,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    connector.connect(name, stream).await
}

/// What the server makes of who asks; nothing where there is no answer.
async fn who(address: SocketAddr, connector: &TlsConnector) -> Option<String> {
    let mut stream = connect(address, connector).await.ok()?;
    let answer = talk(&mut stream, &request("/who"), "]").await;
    answer
        .rsplit_once("\r\n\r\n")
        .map(|(_, body)| body.to_owned())
}

#[tokio::test]
async fn asvs_12_1_3_who_shows_a_certificate_of_the_right_signer_has_its_names() {
    let (server, clients, strangers) = (pki(), Pki::new(), Pki::new());
    clients.issue(
        "ci",
        "DNS:ci.example.org,URI:spiffe://example.org/ci,DNS:*.example.org",
    );
    clients.issue("nameless", "");
    strangers.issue("ci", "DNS:ci.example.org");
    let (running, address) = start(files(&server, Some(&clients))).await;
    let ask = |own| {
        let connector = connector(&server, own);
        async move { who(address, &connector).await }
    };
    let names = ask(Some((&clients, "ci"))).await;
    assert_eq!(
        names.as_deref(),
        Some(r#"["ci.example.org", "spiffe://example.org/ci"]"#)
    );
    assert_eq!(ask(None).await.as_deref(), Some("[]"));
    assert_eq!(
        ask(Some((&clients, "nameless"))).await.as_deref(),
        Some("[]")
    );
    assert_eq!(ask(Some((&strangers, "ci"))).await, None);
    running.stop().await;
}

#[tokio::test]
async fn asvs_12_3_5_the_servers_own_signer_signs_no_clients() {
    let (server, clients) = (pki(), Pki::new());
    server.issue("ci", "DNS:ci.example.org");
    let (running, address) = start(files(&server, Some(&clients))).await;
    assert_eq!(
        who(address, &connector(&server, Some((&server, "ci")))).await,
        None
    );
    running.stop().await;
}

#[tokio::test]
async fn asvs_12_2_1_nothing_is_said_without_tls() {
    let server = pki();
    let (running, address) = start(files(&server, None)).await;
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let answer = talk(&mut stream, &request("/who"), "never said").await;
    assert!(!answer.contains("HTTP"), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn asvs_12_1_1_what_speaks_older_versions_is_not_answered() {
    let server = pki();
    let (running, address) = start(files(&server, None)).await;
    for (version, is_taken) in [("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true)] {
        let output = tokio::process::Command::new("openssl")
            .args(["s_client", "-connect", &address.to_string(), version])
            .args(["-cipher", "ALL:@SECLEVEL=0"])
            .stdin(std::process::Stdio::null())
            .output();
        let output = output.await.expect("openssl is installed");
        assert_eq!(output.status.success(), is_taken, "{version}: {output:?}");
    }
    running.stop().await;
}

#[tokio::test]
async fn without_all_its_files_nothing_is_listened_at() {
    let (server, other) = (pki(), pki());
    std::fs::write(server.path("empty"), "").expect("written");
    std::fs::write(server.path("noise"), [0, 159, 146, 150]).expect("written");
    let clients = |path| {
        let clients = Some(path);
        TlsFiles {
            clients,
            ..files(&server, None)
        }
    };
    let certificate = |certificate| TlsFiles {
        certificate,
        ..files(&server, None)
    };
    let key = |key| TlsFiles {
        key,
        ..files(&server, None)
    };
    let cases = [
        (clients(server.path("gone")), "gone` cannot be read"),
        (clients(server.path("empty")), "empty` holds no certificate"),
        (clients(server.path("noise")), "noise` holds no certificate"),
        (
            clients(server.path("ca.key")),
            "ca.key` holds no certificate",
        ),
        (clients(server.folder().to_owned()), "cannot be read"),
        (certificate(server.path("gone")), "gone` cannot be read"),
        (key(server.path("gone")), "gone` cannot be read"),
        (
            key(server.path("server.pem")),
            "server.pem` holds no private key",
        ),
        (key(other.path("server.key")), "cannot be used for TLS"),
    ];
    for (files, complaint) in cases {
        let error = take(&at(files)).await;
        let error = error.expect_err(complaint);
        assert!(error.to_string().contains(complaint), "{error}");
    }
}

/// Whether a client that trusts this signer gets through a handshake with the acceptor.
async fn shakes(acceptor: TlsAcceptor, trusted: &Pki) -> bool {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = connector(trusted, None);
    let (client, _) = tokio::join!(connector.connect(name, near), acceptor.accept(far));
    client.is_ok()
}

#[tokio::test]
async fn new_files_are_taken_and_halves_of_them_are_waited_out() {
    let (old, new) = (pki(), pki());
    let files = files(&old, None);
    let copy = |from: &Pki, name: &str| {
        std::fs::copy(from.path(name), old.path(name)).expect("copied");
    };
    let mut tls = Tls::read(files).expect("read");
    let later = |seconds| Instant::now() + Duration::from_secs(seconds);

    copy(&new, "server.pem");
    assert!(
        shakes(tls.acceptor(later(1)), &old).await,
        "nobody has looked"
    );
    assert!(
        shakes(tls.acceptor(later(10)), &old).await,
        "its key is not there yet"
    );
    copy(&new, "server.key");
    assert!(shakes(tls.acceptor(later(20)), &new).await);
    std::fs::remove_file(old.path("server.key")).expect("removed");
    assert!(
        shakes(tls.acceptor(later(30)), &new).await,
        "it goes on with what it had"
    );
}
