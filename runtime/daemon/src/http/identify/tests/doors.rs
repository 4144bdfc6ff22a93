//! From a file of settings to an answer, over real sockets, with real certificates, and an issuer that
//! is asked over HTTPS.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::pki_types::ServerName;

use super::*;
use crate::auth::oidc::tests::signed::{Signer, claims, head, jwks, token, with};
use crate::listen::tests::pki::{Pki, connector};
use crate::listen::{self, Listener};

/// A server, where it is reached by TCP, and what ends it.
struct Door {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    done: JoinHandle<()>,
}

impl Door {
    async fn open(places: &[Listen], router: Router) -> Self {
        let listeners = listen::bind(places).await.expect("bound");
        let address = listeners.iter().find_map(|listener| match listener {
            Listener::Tls { listener, .. } => listener.local_addr().ok(),
            Listener::Socket { .. } => None,
        });
        let (stop, stopped) = watch::channel(false);
        let grace = Duration::from_secs(5);
        Self {
            address: address.expect("one place is TCP"),
            stop,
            done: tokio::spawn(listen::serve(listeners, router, stopped, grace)),
        }
    }

    async fn close(self) {
        self.stop.send_replace(true);
        self.done.await.expect("it ends without a panic");
    }
}

/// An issuer at its own address, which only who has the signer's certificate believes.
async fn issuer(pki: &Pki) -> Door {
    let describe = |request: Request| async move {
        let host = request.headers()[HOST].to_str().expect("a host").to_owned();
        let address = format!("https://{host}");
        axum::Json(json!({ "issuer": address, "jwks_uri": format!("{address}/keys") }))
    };
    let router = Router::new()
        .route(
            "/.well-known/openid-configuration",
            axum::routing::get(describe),
        )
        .route("/keys", axum::routing::get(|| async { axum::Json(jwks()) }));
    let place = Listen::Tls {
        at: "127.0.0.1:0".parse().expect("an address"),
        certificate: pki.path("server.pem"),
        key: pki.path("server.key"),
        clients: None,
        hosts: Vec::new(),
    };
    Door::open(&[place], router).await
}

fn settings(folder: &Path, issuer: &Door) -> Settings {
    let issuer = format!("https://localhost:{}", issuer.address.port());
    let folder = folder.display();
    let text = format!(
        r#"
        daemon {{
            state "{folder}/state"
            listen "{folder}/skep.sock"
            listen "127.0.0.1:0" {{
                tls certificate="{folder}/server.pem" key="{folder}/server.key" clients="{folder}/ca.pem"
                host "skep.example.org"
            }}
        }}
        grant "cert:ci.example.org" role="applier" stack="shop@*"
        grant "oidc-group:{issuer}#ops" role="applier" stack="shop@prod"
        oidc "{issuer}" audience="skep" groups="groups" ca="{folder}/ca.pem"
        "#
    );
    Settings::of("daemon.kdl", &text).expect("it has no mistakes")
}

/// What a client that may show a certificate speaks over.
async fn tls(
    pki: &Pki,
    address: SocketAddr,
    own: Option<&str>,
) -> impl AsyncRead + AsyncWrite + use<> {
    let stream = TcpStream::connect(address).await.expect("connected");
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = connector(pki, own.map(|name| (pki, name)));
    connector.connect(name, stream).await.expect("shaken")
}

async fn ask(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    host: &str,
    bearer: Option<&str>,
) -> (StatusCode, String) {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
    let talking = tokio::spawn(connection);
    let mut request = Request::builder()
        .method("POST")
        .uri("/apply")
        .header(HOST, host);
    if let Some(bearer) = bearer {
        request = request.header(AUTHORIZATION, format!("Bearer {bearer}"));
    }
    let request = request.body(Body::empty()).expect("a request");
    let answer = sender.send_request(request).await.expect("an answer");
    let status = answer.status();
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    drop(sender);
    talking.await.expect("no panic").expect("a clean end");
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

#[tokio::test]
async fn asvs_13_2_1_each_way_in_is_what_the_file_says_and_no_other_is() {
    let pki = Pki::new();
    pki.issue("server", "DNS:localhost");
    pki.issue("ci", "DNS:ci.example.org");
    pki.issue("other", "DNS:other.example.org");
    let issuer = issuer(&pki).await;
    let settings = settings(pki.folder(), &issuer);
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&settings.state).expect("a store"));
    let gate = Arc::new(Gate::new(&settings, store));
    let door = Door::open(&settings.listen, routes(&gate)).await;
    let at = door.address;

    let socket = UnixStream::connect(pki.path("skep.sock"))
        .await
        .expect("connected");
    let own = format!("uid:{}", rustix::process::geteuid().as_raw());
    assert_eq!(ask(socket, "localhost", None).await, (StatusCode::OK, own));

    let by_cert = ask(tls(&pki, at, Some("ci")).await, "skep.example.org", None).await;
    assert_eq!(by_cert, (StatusCode::OK, "cert:ci.example.org".to_owned()));
    let (other, _) = ask(tls(&pki, at, Some("other")).await, "skep.example.org", None).await;
    assert_eq!(other, StatusCode::FORBIDDEN);
    let (nobody, _) = ask(tls(&pki, at, None).await, "skep.example.org", None).await;
    assert_eq!(nobody, StatusCode::UNAUTHORIZED);
    let (foreign, _) = ask(tls(&pki, at, Some("ci")).await, "evil.example", None).await;
    assert_eq!(foreign, StatusCode::MISDIRECTED_REQUEST);

    let url = format!("https://localhost:{}", issuer.address.port());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    let times = json!({ "iss": url, "exp": now + 60, "iat": now, "nbf": now });
    let claims = with(claims(), &times).to_string();
    let good = token(head().to_string(), &claims, Signer::Ed);
    let by_issuer = ask(tls(&pki, at, None).await, "skep.example.org", Some(&good)).await;
    assert_eq!(by_issuer, (StatusCode::OK, format!("oidc:{url}#repo:shop")));
    let forged = token(head().to_string(), &claims, Signer::Stranger);
    let (forged, _) = ask(
        tls(&pki, at, Some("ci")).await,
        "skep.example.org",
        Some(&forged),
    )
    .await;
    assert_eq!(forged, StatusCode::UNAUTHORIZED);
    door.close().await;
    issuer.close().await;
}
