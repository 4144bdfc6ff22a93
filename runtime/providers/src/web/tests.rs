use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

#[test]
fn nothing_goes_anywhere_in_clear() {
    let private = |uri: &str| is_private(&uri.parse().unwrap());
    assert!(private("https://auth.example.com/token"));
    assert!(private("http://127.0.0.1:5001/token"));
    assert!(private("http://[::1]:5001/token"));
    assert!(!private("http://auth.example.com/token"));
    assert!(!private("http://localhost.example.com/token"));
    assert!(!private("/token"));
}

/// Answers every connection with the same bytes, and counts them.
async fn server(answer: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(say(stream, answer.clone()));
        }
    });
    (format!("http://{address}"), asked)
}

/// Reads the head of a request and answers.
async fn say(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    // Whoever has heard enough hangs up.
    drop(stream.write_all(answer.as_bytes()).await);
    drop(stream.shutdown().await);
}

fn ok(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}")
}

#[tokio::test]
async fn a_document_is_read_from_where_it_was_asked_for_and_from_nowhere_else() {
    let web = Web::new(None);
    let (good, asked) = server(ok(r#"{"keys":[1]}"#)).await;
    let read: serde_json::Value = web.json(&good).await.unwrap();
    assert_eq!(read, serde_json::json!({"keys": [1]}));
    assert_eq!(asked.load(Ordering::SeqCst), 1);

    let there = format!("HTTP/1.1 302 Found\r\nLocation: {good}\r\nContent-Length: 0\r\n\r\n");
    let (moved, _) = server(there).await;
    let refused = web.json::<serde_json::Value>(&moved).await;
    assert_eq!(refused, Err(WebError::Refused { status: 302 }));
    assert_eq!(asked.load(Ordering::SeqCst), 1);

    let (other, _) = server(ok("<html>")).await;
    let strange = web.json::<serde_json::Value>(&other).await;
    assert!(matches!(strange, Err(WebError::Strange(_))), "{strange:?}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_read_to_its_end() {
    let (long, _) = server(ok(&"x".repeat(LONGEST + 1))).await;
    let answer = Web::new(None).send(Request::get(long).body(empty())).await;
    let said = answer.unwrap_err().to_string();
    assert!(said.contains("length limit"), "{said}");
}

#[tokio::test]
async fn what_others_could_read_is_not_sent() {
    let request = Request::get("http://example.org/").body(empty());
    let sent = Web::new(None).send(request).await;
    assert_eq!(sent.unwrap_err(), WebError::InClear);
}

#[tokio::test]
async fn an_authority_of_ones_own_is_believed_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let port = tls_server(folder.path()).await;
    let url = format!("https://127.0.0.1:{port}/");
    let unknown = Web::new(None).json::<u32>(&url).await.unwrap_err();
    assert!(unknown.to_string().contains("certificate"), "{unknown}");
    let web = Web::new(Some(folder.path().join("cert.pem")));
    assert_eq!(web.json::<u32>(&url).await, Ok(7));
    let answer = web.send(Request::get(&url).body(empty())).await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let days = (answer.certificate_ends.unwrap().0 / 1000 - now.as_secs()) / 3600;
    assert!((47..49).contains(&days), "{days} of 48 hours");
    std::fs::remove_file(folder.path().join("cert.pem")).unwrap();
    let gone = web.json::<u32>(&url).await.unwrap_err().to_string();
    assert!(gone.contains("cannot be read"), "{gone}");
}

/// A server that answers `7`, under a certificate that vouches for itself.
async fn tls_server(folder: &Path) -> u16 {
    let made = std::process::Command::new("openssl")
        .current_dir(folder)
        .args(["req", "-x509", "-nodes", "-newkey", "ec", "-days", "2"])
        .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-subj", "/CN=loopback"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "key.pem", "-out", "cert.pem"])
        .output()
        .expect("`openssl` is needed: apt-get install openssl");
    assert!(made.status.success(), "{made:?}");
    let chain = CertificateDer::pem_file_iter(folder.join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.map(Result::unwrap).collect(), key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                say(stream, ok("7")).await;
            }
        }
    });
    port
}
